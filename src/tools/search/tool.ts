// ChatGPT's `search`: finds records by free words or by a FHIR query. Its form is a contract with the host
// (https://developers.openai.com/apps-sdk): exactly one piece of text, JSON, repeated as structured content.

import * as z from 'zod'
import { isRecord, records, scalarText } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import type { Caller } from '../../call/caller.ts'
import { parsePlace } from '../../fhir/query.ts'
import { titleOf } from '../../text/record-text.ts'
import { boundedText, MAX_ADDRESS } from '../kit/bounded.ts'
import { defineTool, type ToolContext } from '../kit/tool.ts'

import { readingPath, readOne, readTogether } from '../perform/reading.ts'
import { contentOf, isSpelledSo, meets } from './match.ts'
import { SOUGHT, searchesFor, searchesForAny } from './plan.ts'
import { linkTo, recordIdIn } from './record-id.ts'
import { understand, type Wanted } from './terms.ts'

const MAX_RESULTS = 20

export const search = defineTool({
  name: 'search',
  title: 'Search records',
  description: [
    'Finds Medplum records: people and organizations by name, birth date, MRN, phone or e-mail; documents by description or patient; or any type by a FHIR query. Returns up to 20 {id, title, url}, best first; [] if nothing matches.',
    'Examples: Vega-Castillo 1961; referral letter Marisol; Observation?code=4548-4&subject=Patient/ID&_sort=-date',
  ].join('\n'),
  input: z.object({ query: boundedText(MAX_ADDRESS).describe('Words, or a FHIR query') }),
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  async run({ query }, context) {
    context.event.kind = 'read'
    const path = fhirQueryIn(query, context.caller.medplum)
    const found = path === undefined ? await byWords(understand(query), context) : await byFhirQuery(path, context)
    const { medplum } = context.caller
    const results = found.slice(0, MAX_RESULTS).map((resource) => {
      const record = { type: scalarText(resource.resourceType), id: scalarText(resource.id) }
      return { id: `${record.type}/${record.id}`, title: titleOf(resource), url: linkTo(record, medplum) }
    })
    return { structured: { results } }
  },
})

type Resource = Record<string, unknown>

/** `Patient?name=smith`, with or without the method and what precedes the type; undefined for words. */
function fhirQueryIn(query: string, medplum: Caller['medplum']): string | undefined {
  const text = query.trim().replace(/^GET\s+/i, '')
  const record = recordIdIn(text, medplum)
  if (record) return `${record.type}?_id=${record.id}`
  return /^(?:https?:\/\/[^\s?#]+\/|\/?fhir\/R4\/|\/)?[A-Z][A-Za-z]+\?[\w:.-]+=/.test(text) ? text : undefined
}

async function byFhirQuery(path: string, context: ToolContext): Promise<Resource[]> {
  const { segments, parameters } = parsePlace(readingPath(path, context.caller.medplum.fhirBase))
  const [type = ''] = segments
  if (segments.length !== 1 || !/^[A-Z][A-Za-z]+$/.test(type)) {
    throw new UserError(
      '`query` must be words or a search of one type, such as Patient?name=smith or Observation?code=4548-4. Nothing was sent.',
    )
  }
  context.event.type = type
  // With `_summary=count`, a `_count` of ours would make Medplum return the records after all.
  const isCounted = parameters.some(({ key, value }) => key === '_count' || (key === '_summary' && value === 'count'))
  const { body } = await readOne(isCounted ? path : `${path}&_count=${MAX_RESULTS}`, context)
  return resourcesIn(body).map(({ resource }) => resource)
}

/** Records that match all words; if none do, those that match most. */
async function byWords(wanted: Wanted, context: ToolContext): Promise<Resource[]> {
  if (wanted.terms.length === 0 && wanted.types.size === 0) {
    throw new UserError(
      '`query` has no words to search by. Give a name, a number or a FHIR query, such as Vega-Castillo 1961. Nothing was sent.',
    )
  }
  const near = await hitsOf(searchesFor(wanted), wanted, context)
  const complete = near.filter(({ met }) => met === wanted.terms.length)
  if (complete.length > 0) return ranked(complete, wanted)
  return ranked([...near, ...(await hitsOf(searchesForAny(wanted), wanted, context))], wanted)
}

interface Hit {
  resource: Resource
  /** How many of the terms it meets, and how many of them letter by letter. */
  met: number
  spelled: number
}

async function hitsOf(paths: string[], { terms }: Wanted, { caller, fhir, signal }: ToolContext): Promise<Hit[]> {
  const answers = await readTogether(fhir, caller.medplum.fhirBase, paths, signal)
  return answers.flatMap(({ body }) => {
    const found = resourcesIn(body)
    const included = new Map(found.map(({ resource }) => [`${resource.resourceType}/${resource.id}`, resource]))
    return found.flatMap(({ resource, isMatch }) => {
      if (!isMatch) return []
      const subject = isRecord(resource.subject) ? included.get(scalarText(resource.subject.reference)) : undefined
      const content = contentOf(resource, ...(subject ? [subject] : []))
      const met = terms.filter((term) => meets(content, term))
      return { resource, met: met.length, spelled: met.filter((term) => isSpelledSo(content, term)).length }
    })
  })
}

/** Each record once: those that match more terms first, then the types that were named, then people before documents. */
function ranked(hits: readonly Hit[], { types }: Wanted): Resource[] {
  const place = ({ resource }: Hit) => {
    const type = scalarText(resource.resourceType)
    return (types.has(type) ? 0 : SOUGHT.length) + SOUGHT.indexOf(type)
  }
  const sorted = hits.toSorted((a, b) => b.met - a.met || place(a) - place(b) || b.spelled - a.spelled)
  const different = new Map(sorted.map(({ resource }) => [`${resource.resourceType}/${resource.id}`, resource]))
  return [...different.values()]
}

function resourcesIn(bundle: unknown): { resource: Resource; isMatch: boolean }[] {
  return records(bundle, 'entry').flatMap(({ resource, search }) => {
    if (!isRecord(resource) || typeof resource.id !== 'string') return []
    return [{ resource, isMatch: !(isRecord(search) && search.mode === 'include') }]
  })
}
