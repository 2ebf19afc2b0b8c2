// A change as a FHIR AuditEvent in the person's own project, the only log that names what was changed. Follows the patterns of IHE BALP
// (https://profiles.ihe.net/ITI/BALP) as far as this server knows the data that they require.

import { isRecord } from '../base/json.ts'
import type { Method } from '../client/request.ts'

import type { Author } from './provenance.ts'

/** A request that was sent, and its result. */
export interface Act {
  method: Method
  /** Relative to the FHIR base. */
  path: string
  /** As a JSON value; a Bundle's type distinguishes a transaction from a batch. */
  body?: unknown
  /** What it read or changed: `Patient/123`, `Patient/123/_history/4`, `Observation`. */
  targets: readonly string[]
  /** Whether Medplum has carried it out, whatever fails afterwards. */
  isDone?: true
}

/** 0 success, 4 refused by Medplum, 8 failed or unknown (FHIR R4, audit-event-outcome). */
export type AuditOutcome = '0' | '4' | '8'

const ACTION: Record<string, string> = { create: 'C', update: 'U', patch: 'U', delete: 'D' }
const OF_METHOD: Partial<Record<Method, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }

/** The FHIR interaction that a request is (FHIR R4, restful-interaction). */
function interactionOf({ method, path, body }: Act): string {
  if (/^(\?|$)/.test(path)) return isRecord(body) && body.type === 'transaction' ? 'transaction' : 'batch'
  if (/^[^?]*\$/.test(path)) return 'operation'
  return OF_METHOD[method] ?? 'operation'
}

/** The AuditEvent of a change (FHIR R4, section 6.4). */
export function auditEventOf(act: Act, outcome: AuditOutcome, { profile, client }: Author, at: Date) {
  const interaction = interactionOf(act)
  return {
    resourceType: 'AuditEvent',
    type: coding('http://terminology.hl7.org/CodeSystem/audit-event-type', 'rest', 'RESTful Operation'),
    subtype: [coding('http://hl7.org/fhir/restful-interaction', interaction, interaction)],
    action: ACTION[interaction] ?? 'E',
    recorded: at.toISOString(),
    outcome,
    agent: [
      {
        type: concept('http://terminology.hl7.org/CodeSystem/extra-security-role-type', 'humanuser', 'human user'),
        who: { reference: profile },
        requestor: true,
      },
      {
        type: concept('http://dicom.nema.org/resources/ontology/DCM', '110153', 'Source Role ID'),
        who: { display: client },
        requestor: false,
      },
    ],
    source: {
      observer: { display: 'medplum-mcp' },
      type: [coding('http://terminology.hl7.org/CodeSystem/security-source-type', '4', 'Application Server')],
    },
    ...entities(act.targets),
  }
}

function entities(targets: readonly string[]) {
  const entity = targets
    .filter((target) => /^[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}(\/_history\/|$)/.test(target))
    .map(entityOf)
  return entity.length > 0 ? { entity } : {}
}

function entityOf(reference: string) {
  const type = 'http://terminology.hl7.org/CodeSystem/audit-entity-type'
  const role = 'http://terminology.hl7.org/CodeSystem/object-role'
  return reference.startsWith('Patient/')
    ? { what: { reference }, type: coding(type, '1', 'Person'), role: coding(role, '1', 'Patient') }
    : { what: { reference }, type: coding(type, '2', 'System Object'), role: coding(role, '4', 'Domain Resource') }
}

function coding(system: string, code: string, display: string) {
  return { system, code, display }
}

function concept(system: string, code: string, display: string) {
  return { coding: [coding(system, code, display)] }
}
