// The name of a grant's object: user id and grant id, as codes and tokens begin with them.

/**
 * The ids of which a name is made.
 *
 * @throws for a name that isn't made so: nothing but a grant has such an object
 */
export function identityOf(grantName: string): { userId: string; grantId: string } {
  const [userId, grantId] = grantName.split(':')
  if (!userId || !grantId) throw new Error('A Grant object is addressed by user id and grant id')
  return { userId, grantId }
}
