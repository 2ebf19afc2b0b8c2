// The caller of a request and what they may do: created for each request from its verified token, never stored or logged.

import type { Access } from '../access/access.ts'
import type { MedplumSession } from '../client/request.ts'
import type { Confirmations } from './confirmation.ts'

/** The person and the client behind one request. */
export interface Caller {
  /** Id of the Medplum User, with the tenant's name if there is one (`tenants.ts`). */
  userId: string
  grantId: string
  /** Name of the tenant; undefined for the deployment's own. */
  tenant?: string | undefined
  client: { id: string; name: string }
  /** What the connection may do now: what was granted, or less if the person has reduced it since. */
  access(): Promise<Access>
  /** Where the person's approvals of changes are asked for and kept. */
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
