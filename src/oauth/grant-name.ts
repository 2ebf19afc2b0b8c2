// The name of a grant's object: user id and grant id, as codes and tokens begin with them.

/** The names that this server makes. KV and objects don't accept longer ones. */
const GRANT_NAME = /^[\w.~-]{1,200}:[\w-]{1,64}$/

/** The name of the object of this grant. */
export function grantNameOf({ userId, grantId }: { userId: string; grantId: string }): string {
  return `${userId}:${grantId}`
}

/** The grant that a code or token names, all of which read `userId:grantId:secret`; undefined for other text. */
export function grantOf(token: string): string | undefined {
  const [userId, grantId, secret, ...rest] = token.split(':')
  return userId && grantId && secret && rest.length === 0 ? grantNameOf({ userId, grantId }) : undefined
}

/** Whether a grant of this server could have this name. */
export function isGrantName(name: string): boolean {
  return GRANT_NAME.test(name)
}

/**
 * The ids in a name.
 *
 * @throws for any other name: only grants have such objects
 */
export function identityOf(grantName: string): { userId: string; grantId: string } {
  const [userId, grantId] = grantName.split(':')
  if (!userId || !grantId) throw new Error('A Grant object is addressed by user id and grant id')
  return { userId, grantId }
}
