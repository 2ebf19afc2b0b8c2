// A caller, for tests that run a tool without a server in front of it.
import type { Access } from '../src/access/access.ts'
import type { Caller } from '../src/call/caller.ts'

/** The `asking` of a client that can't ask its person. */
export const UNASKED = { forms: false, pages: false, session: undefined }

/** @param confirmations methods to replace; by default it seals, and opens nothing */
export function callerWith(
  access: Access,
  fhirBase: URL,
  confirmations: Partial<Caller['confirmations']> = {},
): Caller {
  return {
    ...{ userId: 'user', grantId: 'grant', client: { id: 'client', name: 'Client' }, access: async () => access },
    confirmations: {
      seal: async () => 'sealed',
      open: async () => undefined,
      burn: async () => false,
      propose: async () => ({ address: 'https://mcp.example.com/confirm/page', id: 'page' }),
      decision: async () => undefined,
      withdraw: async () => {},
      ...confirmations,
    },
    medplum: {
      ...{ fhirBase, token: async () => 'token', renew: async () => 'renewed' },
      ...{ profile: 'Practitioner/1', project: 'Project/1' },
    },
  }
}
