// ChatGPT's `fetch`: one record as text that can be read and cited. Its form is a contract with the host
// (https://developers.openai.com/apps-sdk): exactly one piece of text, JSON, repeated as structured content.

import * as z from 'zod'
import { isRecord, records, scalarText } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import { AccessError } from '../../client/access-error.ts'
import { recordLines, titleOf } from '../../text/record-text.ts'
import { boundedText, MAX_ADDRESS } from '../kit/bounded.ts'
import { defineTool, type ToolContext } from '../kit/tool.ts'

import { readOne } from '../perform/reading.ts'
import { SOUGHT } from '../search/plan.ts'
import { isUuid, linkTo, type RecordId, recordIdIn } from '../search/record-id.ts'
import { attachmentsIn, type FileText, readBinary, readFiles } from './attachments.ts'
import { LimitedText } from './limited-text.ts'
import { neighbourLines } from './neighbours.ts'

/** Characters of text that one answer holds. */
const MAX_TEXT = 60_000

export const fetchRecord = defineTool({
  name: 'fetch',
  title: 'Fetch a record',
  description: [
    'Reads one Medplum record as labelled text, with the text of its documents and, for a patient, how many records of other types there are. Returns {id, title, text, url, metadata}.',
    'What records say is in quotes or after >. At most 60,000 characters; what is left out is named.',
  ].join('\n'),
  input: z.object({ id: boundedText(MAX_ADDRESS).describe('Type/ID, as returned by search, e.g. Patient/ID') }),
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  async run({ id }, context) {
    context.event.kind = 'read'
    const record = recordIdIn(id, context.caller.medplum) ?? (await typeOfUuid(id, context))
    context.event.type = record.type
    return { structured: record.type === 'Binary' ? await binary(record, context) : await resource(record, context) }
  },
})

/** A bare UUID: looked for among the types that `search` finds. */
async function typeOfUuid(id: string, context: ToolContext): Promise<RecordId> {
  if (isUuid(id)) {
    const { body } = await readOne(`?_type=${SOUGHT.join(',')}&_id=${id.trim()}&_count=1`, context)
    const [found] = records(body, 'entry').map(({ resource }) => resource)
    if (isRecord(found)) return { type: scalarText(found.resourceType), id: scalarText(found.id) }
  }
  const tried = isUuid(id) ? ` No ${SOUGHT.join(', ')} has this id.` : ' Nothing was sent.'
  throw new UserError(
    `\`id\` must name one record by type and id, such as Patient/2a03769f-…, as returned by search.${tried}`,
  )
}

async function resource(record: RecordId, context: ToolContext): Promise<Record<string, unknown>> {
  const { caller, fhir, signal } = context
  const base = caller.medplum.fhirBase
  const id = `${record.type}/${record.id}`
  const { body } = await readOne(id, context)
  const found = isRecord(body) ? body : {}
  const [neighbours, files] = await Promise.all([
    // If the connection may not see the neighbours, their counts are left out.
    neighbourLines(record, fhir, base, signal).catch(noneIfRefused),
    readFiles(attachmentsIn(found), fhir, base, signal),
  ])
  const text = new LimitedText(MAX_TEXT)
  text.section('', recordLines(found), `of this record: GET ${id} returns them`)
  if (neighbours.length > 0)
    text.section('How many records refer to this one, and the search that finds them:', neighbours, 'of these counts')
  for (const file of files) addFile(text, file)
  return answer(record, titleOf(found), text, found.meta, caller.medplum)
}

function noneIfRefused(error: unknown): string[] {
  if (error instanceof AccessError) return []
  throw error
}

async function binary(record: RecordId, { caller, fhir, signal }: ToolContext): Promise<Record<string, unknown>> {
  const path = `Binary/${record.id}`
  const unknown = { contentType: '', path, data: undefined, title: '' }
  const file = await readBinary(unknown, fhir, caller.medplum.fhirBase, signal)
  const text = new LimitedText(MAX_TEXT)
  addFile(text, file)
  return answer(record, `${path} (file)`, text, undefined, caller.medplum)
}

function addFile(text: LimitedText, { about, lines, more }: FileText): void {
  if (lines === undefined) text.section(`File, not shown as text: ${about}`, [], '')
  else {
    const shown = lines.map((line) => `> ${line}`)
    const rest = more ? ['(The file continues: GET its path for more.)'] : []
    text.section(`File: ${about}. Its text:`, [...shown, ...rest], 'of this file: GET its path to read it all')
  }
}

function answer(
  record: RecordId,
  title: string,
  text: LimitedText,
  meta: unknown,
  medplum: ToolContext['caller']['medplum'],
): Record<string, unknown> {
  const { versionId, lastUpdated } = isRecord(meta) ? meta : {}
  const metadata = {
    ...(typeof versionId === 'string' && { versionId }),
    ...(typeof lastUpdated === 'string' && { lastUpdated }),
  }
  return {
    id: `${record.type}/${record.id}`,
    title,
    text: text.toString(),
    url: linkTo(record, medplum),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  }
}
