// What a check of a request is, and what it finds.

import type { Capability } from '../../fhir/capability.ts'
import type { Asked, Place } from '../../fhir/query.ts'
import type { Findings } from './control-checks.ts'

export type Check = (asked: Asked, place: Place, capability: Capability | undefined, inBundle: boolean) => Checked
/** Findings, and the parameters or segments to send instead. */
export type Checked = Findings & { place?: Place }

export function none(): Checked {
  return { refusals: [], notes: [], warnings: [] }
}

export function refuse(message: string): Checked {
  return { ...none(), refusals: [message] }
}
