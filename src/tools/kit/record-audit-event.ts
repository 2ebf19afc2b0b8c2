// Writes a FHIR AuditEvent for a call that may change something, in the person's own project and in the background.

import type { FhirClient } from '../../client/client.ts'
import { Content } from '../../client/content.ts'
import { FhirError } from '../../client/fhir-error.ts'
import { TransportError } from '../../client/transport.ts'
import { type AuditOutcome, auditEventOf } from '../../marks/audit-event.ts'
import type { ToolContext } from './tool.ts'

/**
 * Records what a call did once it is done; nothing for a call that sent nothing or only read. If Medplum refuses the record, that
 * is logged and the call doesn't fail.
 *
 * @param fhir a client of its own, because the call may have used up its time
 */
export async function recordAuditEvent(work: Promise<unknown>, context: ToolContext, fhir: FhirClient): Promise<void> {
  const outcome = await work.then(
    (): AuditOutcome => '0',
    (error: unknown) => (context.act?.isDone ? '0' : outcomeOf(error)),
  )
  const { act, caller } = context
  if (!act || outcome === undefined) return
  const author = { profile: caller.medplum.profile, client: caller.client.name }
  const content = Content.json(auditEventOf(act, outcome, author, new Date()))
  await fhir.send({ method: 'POST', path: 'AuditEvent', content }).catch((error: unknown) => {
    const status = error instanceof FhirError ? { status: error.status } : {}
    console.warn(JSON.stringify({ event: 'audit_event_failed', ...status }))
  })
}

/** What an error says of the request; undefined if it was not sent. */
function outcomeOf(error: unknown): AuditOutcome | undefined {
  if (error instanceof FhirError) return error.status < 500 ? '4' : '8'
  return error instanceof TransportError ? '8' : undefined
}
