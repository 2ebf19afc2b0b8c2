// Who calls, with which authority: rebuilt for each request from its verified token; never stored, never logged.

import type { Access } from '../access/access.ts'
import type { MedplumSession } from '../client/request.ts'
import type { Confirmations } from './confirmation.ts'

/** The person and the client behind one request. */
export interface Caller {
  /** Of the Medplum User; a tenant's people have its name in it (`tenants.ts`). */
  userId: string
  grantId: string
  /** Name of the tenant; undefined for the deployment's own. */
  tenant?: string | undefined
  client: { id: string; name: string }
  /** What the connection may do now: what was granted, or less where the person has lowered it since. */
  access(): Promise<Access>
  /** What the person agrees to before a change. */
  confirmations: Confirmations
  medplum: MedplumSession & {
    /** Root of the Medplum App, for links to records; undefined if unknown. */
    appUrl?: URL | undefined
    /** `Practitioner/123` and the like. */
    profile: string
    /** `Project/123`. */
    project: string
  }
}
