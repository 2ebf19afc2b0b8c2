/** The users of the sandbox. */
import { PRACTITIONER_IDS } from '../clinic/index.ts'

export interface SandboxUser {
  id: string
  email: string
  password: string
  given: string
  family: string
  profileId: string
  membershipId: string
  admin?: boolean
  superAdmin?: boolean
  readonly?: boolean
}

export const SANDBOX_PASSWORD = 'medplum-sandbox'

/** A member of the clinic's staff who can log in. */
function sandboxUser(n: number, given: StaffLogin, family: string, rights: Partial<SandboxUser> = {}): SandboxUser {
  const id = (kind: number) => `5a9d0000-0000-4000-8000-0000000000${kind}${n}`
  return {
    id: id(1),
    email: `${given}@example.com`,
    password: SANDBOX_PASSWORD,
    given: given[0]?.toUpperCase() + given.slice(1),
    family,
    profileId: PRACTITIONER_IDS[given],
    membershipId: id(3),
    ...rights,
  }
}

type StaffLogin = 'alice' | 'rita' | 'ada' | 'sam'

export const SANDBOX_USERS = {
  alice: sandboxUser(1, 'alice', 'Nguyen'),
  rita: sandboxUser(2, 'rita', 'Okafor', { readonly: true }),
  ada: sandboxUser(3, 'ada', 'Lindqvist', { admin: true }),
  sam: sandboxUser(4, 'sam', 'Petrov', { admin: true, superAdmin: true }),
} as const satisfies Record<string, SandboxUser>

/** A user's role in words, for a list of users. */
export function roleOf({ superAdmin, admin, readonly }: SandboxUser): string {
  if (superAdmin) return 'super admin'
  if (admin) return 'project admin'
  return readonly ? 'read only' : 'practitioner'
}
