// Sends a write with its marks: the label of AI work on a patched record, and a Provenance.

import { isRecord } from '../../base/json.ts'
import type { FhirClient } from '../../client/client.ts'
import { Content } from '../../client/content.ts'
import { FhirError } from '../../client/fhir-error.ts'
import type { FhirRequest, FhirResponse } from '../../client/request.ts'
import type { Act } from '../../marks/audit-event.ts'
import { labelPatch, provenanceOf, type WrittenVersion, writtenBy } from '../../marks/provenance.ts'
import type { ToolContext } from '../kit/tool.ts'

import type { Prepared } from '../request/prepare.ts'

interface Sent {
  response: FhirResponse
  /** Notes about the marks. */
  notes: string[]
}

/**
 * Sends a request and adds its marks. If a mark fails, a note says so: the write is done.
 *
 * @throws what `FhirClient.send` throws for the request itself
 */
export async function sendMarked(prepared: Prepared, context: ToolContext): Promise<Sent> {
  const since = Date.now()
  const { request } = prepared
  const { fhir, signal, marks } = context
  const { asked, risk } = prepared
  const act: Act | undefined = risk.kind === 'read' ? undefined : { ...asked, targets: risk.targets }
  if (act) context.act = act
  const sent =
    marks.label && request.method === 'PATCH'
      ? await sendPatch(request, fhir, signal)
      : { response: await fhir.send({ ...request, signal }), notes: [] }
  if (!act) return sent
  const written = writtenBy(asked, sent.response, since)
  const targets = written.length > 0 ? written.map(({ reference }) => reference) : act.targets
  context.act = { ...act, targets, ...(sent.response.status !== 202 && { isDone: true }) }
  if (!marks.provenance || written.length === 0) return sent
  return { ...sent, notes: [...sent.notes, ...(await recordProvenance(written, context))] }
}

/** How often a patch is adapted to a record that others change meanwhile. */
const ATTEMPTS = 3
const NO_LABEL =
  'This PATCH did not add the label of AI work (AIAST) to the record: it changes meta.security itself, or the record could not be read before.'

async function sendPatch(request: FhirRequest, fhir: FhirClient, signal: AbortSignal): Promise<Sent> {
  for (let attempt = 1; ; attempt++) {
    const patch = await adapted(request, fhir, signal)
    if (patch === undefined) return { response: await fhir.send({ ...request, signal }), notes: [NO_LABEL] }
    const answer = await fhir
      .send({ ...request, content: patch.content, signal })
      .catch((error: unknown) => failure(error, patch))
    if (!(answer instanceof FhirError)) return { response: answer, notes: [] }
    const isCurrent = (await adapted(request, fhir, signal))?.onlyFor === patch.onlyFor
    if (isCurrent || attempt === ATTEMPTS) throw answer
  }
}

/** An error that may come from the version that the label needs, which was not asked for. */
function failure(error: unknown, { onlyFor }: { onlyFor: string | undefined }): FhirError {
  if (onlyFor !== undefined && error instanceof FhirError && [400, 412].includes(error.status)) return error
  throw error
}

/** The request's patch with the label, adapted to the current record. */
async function adapted(
  { path, content }: FhirRequest,
  fhir: FhirClient,
  signal: AbortSignal,
): Promise<{ content: Content; onlyFor: string | undefined } | undefined> {
  // Medplum refuses anything but a JSON Patch.
  if (!content || !Array.isArray(content.value)) return undefined
  // If the record can't be read, Medplum won't patch it either, and says why.
  const read = await fhir.send({ method: 'GET', path, repeatable: true, signal }).catch(() => undefined)
  const patch = labelPatch(content.value, theOne(read?.body))
  return patch && { content: content.with(patch.operations), onlyFor: patch.onlyFor }
}

/** The record itself, or the only match of the search that a conditional patch names. */
function theOne(body: unknown): unknown {
  if (!isRecord(body) || body.resourceType !== 'Bundle') return body
  const [entry, ...others] = Array.isArray(body.entry) ? body.entry : []
  return isRecord(entry) && others.length === 0 ? entry.resource : undefined
}

async function recordProvenance(
  written: readonly WrittenVersion[],
  { caller, fhir, signal }: ToolContext,
): Promise<string[]> {
  const author = { profile: caller.medplum.profile, client: caller.client.name }
  const content = Content.json(provenanceOf(written, author, new Date()))
  return fhir.send({ method: 'POST', path: 'Provenance', content, mark: true, signal }).then(
    () => [],
    (error: unknown) => {
      const why = error instanceof FhirError ? `Medplum answered ${error.status}` : 'Medplum did not answer'
      return [`The write was carried out, but its Provenance was not recorded: ${why}. Do not repeat the write.`]
    },
  )
}
