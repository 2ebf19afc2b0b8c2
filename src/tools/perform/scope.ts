// What the requests of one tool may do.

import type { Risk } from '../../access/risk/risk.ts'
import { UserError } from '../../base/told-error.ts'
import type { Prepared } from '../request/prepare.ts'

export interface Scope {
  /** Name of the tool, for refusals. */
  tool: string
  kinds: ReadonlySet<Risk['kind']>
}

const TOOL_FOR: Record<Risk['kind'], string> = {
  read: 'fhir-read',
  write: 'fhir-write',
  delete: 'fhir-delete',
  operate: 'fhir-operate',
  admin: 'fhir-operate',
}

/** @throws {UserError} if the tool isn't for this kind of request; a batch has the kind of its highest entry */
export function confineTo({ tool, kinds }: Scope, { risk, request }: Prepared): void {
  const entry = risk.parts?.findIndex((part) => !isWithin(part, kinds)) ?? -1
  const foreign = kinds.has(risk.kind) ? risk.parts?.[entry] : risk
  if (foreign === undefined) return
  const what = foreign === risk ? `${request.method} ${request.path.split('?')[0]}`.trim() : `Bundle.entry[${entry}]`
  const apart = foreign === risk ? '' : ' Send each kind of entry in a separate batch.'
  throw new UserError(
    `${tool} cannot do this (${what}: ${foreign.reason}). Nothing was sent. Use ${TOOL_FOR[foreign.kind]}, or fhir-request if this server offers it.${apart}`,
  )
}

function isWithin({ kind, parts = [] }: Risk, kinds: Scope['kinds']): boolean {
  return kinds.has(kind) && parts.every((part) => isWithin(part, kinds))
}
