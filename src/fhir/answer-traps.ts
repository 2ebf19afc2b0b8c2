// Answers of 200 that say less, or something else, than they seem to: told to the model along with the answer.

import { isRecord } from '../json.ts'
import { records } from './capability.ts'
import { cure } from './cures.ts'
import { oneLine } from './literal.ts'
import {
  type Asked,
  CONTROLS,
  meaningOf,
  type Place,
  parsePlace,
  scalarText,
  searchedTypes,
  textList,
} from './query.ts'

/** An answer with a status of 200 to 299. */
export interface Answer {
  status: number
  body: unknown
}

/**
 * What an answer of success leaves unsaid, as sentences for a model. Pure, and never throws.
 *
 * @param request as it was sent
 */
export function checkAnswer(request: Asked, response: Answer): string[] {
  const place = parsePlace(request.path)
  return CHECKS.flatMap((one) => one({ ...request, method: request.method.toUpperCase() }, place, response))
}

type Check = (asked: Asked, place: Place, answer: Answer) => string[]

const CHECKS: readonly Check[] = [
  failedEntries,
  noHits,
  unsortedPages,
  estimatedTotal,
  pushWithoutWaiting,
  cancelledJob,
  cancelledExport,
  failedJob,
  graphqlErrors,
  botObject,
  deployWithoutCode,
]

// ── Batch and transaction ──

const MAX_ENTRIES = 20
/** Characters of what Medplum says about one entry or GraphQL error: its words may repeat what was sent or stored. */
const MAX_WHY = 500

function failedEntries({ body: sent }: Asked, _place: Place, { body }: Answer): string[] {
  if (
    !isRecord(body) ||
    body.resourceType !== 'Bundle' ||
    !/^(batch|transaction)-response$/.test(scalarText(body.type))
  )
    return []
  const answers: unknown[] = Array.isArray(body.entry) ? body.entry : []
  const entries = answers.map((entry) => (isRecord(entry) && isRecord(entry.response) ? entry.response : {}))
  const failed = entries.flatMap((response, index) => (statusOf(response) >= 400 ? [{ response, index }] : []))
  if (failed.length === 0) return []
  const isTransaction = body.type === 'transaction-response' || (isRecord(sent) && sent.type === 'transaction')
  const shown = failed.slice(0, MAX_ENTRIES).map(({ response, index }) => describe(response, index, sent))
  const rest = failed.length - shown.length
  if (rest > 0) shown.push(`… and ${rest} more failed.`)
  const head = isTransaction
    ? `THE TRANSACTION WAS NOT ATOMIC: ${failed.length} of ${entries.length} entries failed, and the others were carried out and stay. This Medplum project lacks the feature transaction-bundles. Status by entry: ${statuses(entries)}. Look at what was stored before repeating: a second run would repeat the entries that succeeded.`
    : `${failed.length} of ${entries.length} entries failed, although the batch itself is HTTP 200; the others were carried out. Repeat only the failed ones.`
  return [[head, ...shown].join('\n')]
}

function statuses(entries: readonly Record<string, unknown>[]): string {
  const shown = entries.slice(0, 100).map((response, index) => `[${index}] ${statusOf(response) || 'none'}`)
  return entries.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ')
}

function statusOf({ status }: Record<string, unknown>): number {
  return Number.parseInt(scalarText(status), 10) || 0
}

function describe(response: Record<string, unknown>, index: number, sent: unknown): string {
  const outcome = isRecord(response.outcome) ? response.outcome : {}
  const issues = records(outcome, 'issue').map((issue) => {
    const text = isRecord(issue.details) ? scalarText(issue.details.text) : ''
    const where = textList(issue.expression).join(', ')
    return `${text || scalarText(issue.diagnostics) || scalarText(issue.code) || 'no details'}${where && ` at ${where}`}`
  })
  const request = entryRequest(sent, index)
  const name = request ? ` (${request.method} ${request.path.slice(0, 200)})` : ''
  const advice = request && cure(request, { status: statusOf(response), outcome: response.outcome })
  const why = oneLine([...new Set(issues)].slice(0, 5).join('; '), MAX_WHY)
  return `- Bundle.entry[${index}]${name}: ${statusOf(response)}${why && ` ${why}`}${advice ? `. ${advice}` : ''}`
}

/** The request that an entry of the answer belongs to: they stand in the same order. */
function entryRequest(sent: unknown, index: number): Asked | undefined {
  const list = isRecord(sent) && Array.isArray(sent.entry) ? sent.entry : []
  const entry: unknown = list[index]
  if (!isRecord(entry) || !isRecord(entry.request)) return undefined
  const { method, url } = entry.request
  return typeof method === 'string' && typeof url === 'string' ? { method, path: url, body: entry.resource } : undefined
}

// ── Searches ──

function isSearchset(body: unknown): body is Record<string, unknown> {
  return isRecord(body) && body.resourceType === 'Bundle' && body.type === 'searchset'
}

function noHits(asked: Asked, place: Place, { body }: Answer): string[] {
  if (!isSearchset(body) || records(body, 'entry').length > 0) return []
  if (typeof body.total === 'number' && body.total > 0) return []
  const { parameters } = place
  const offset = parameters.some(({ key, value }) => key === '_offset' && Number(value) > 0)
  const asksNothing = parameters.some(({ key, value }) => key === '_count' && Number(value) === 0)
  if (offset) return ['No entries at this `_offset`: it may lie past the last hit.']
  if (asksNothing && typeof body.total !== 'number')
    return ['`_count=0` without a total says nothing about how many there are. Use _summary=count.']
  return filters(asked, place).flatMap(({ key, name, value }) => {
    for (const [applies, say] of NO_HIT_HINTS) {
      if (applies({ key, name, value })) return [say({ key, name, value })]
    }
    return []
  })
}

interface Filter {
  key: string
  name: string
  value: string
}

function filters({ body }: Asked, place: Place): Filter[] {
  const form = isRecord(body) && place.segments.at(-1) === '_search' ? Object.entries(body) : []
  const all = [...place.parameters, ...form.map(([key, value]) => ({ key, value: scalarText(value) }))]
  return all
    .filter(({ key }) => !CONTROLS.has(key.split(':', 1)[0] ?? ''))
    .map(({ key, value }) => ({ key, value, name: meaningOf(key, searchedTypes(place), undefined).name }))
}

const NAME = /^(name|family|given|phonetic|address(-.+)?|title|description|display)$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What may be behind an empty answer, by filter. */
const NO_HIT_HINTS: readonly (readonly [(filter: Filter) => boolean, (filter: Filter) => string])[] = [
  [
    ({ name }) => NAME.test(name),
    ({ key, value }) =>
      `No hits for \`${key}=${value}\`, but Medplum doesn't fold accents: Muller doesn't find Müller, nor Müller Muller. ${withoutAccents(value) === value ? 'Try it with accents, or' : `Try ${key}=${withoutAccents(value)}, or`} a shorter beginning such as ${key.split(':', 1)[0]}=${beginning(value)}.`,
  ],
  [
    ({ name, value }) => name === '_id' && !value.split(',').every((one) => UUID.test(one.split('/').at(-1) ?? '')),
    ({ value }) => `\`_id=${value}\` can match nothing: Medplum's ids are UUIDs. Search by name or identifier instead.`,
  ],
  [
    ({ key, name, value }) =>
      UUID.test(value) &&
      !/^(_id|_compartment|_project|identifier|patient|subject|.*-?id)$/.test(name) &&
      !key.includes(':'),
    ({ key, value }) =>
      `No hits for \`${key}=${value}\`. If this is a reference, write its type too: ${key}=${key.charAt(0).toUpperCase()}${key.slice(1)}/${value}; Medplum adds a type only for patient and subject.`,
  ],
]

/** Up to the first letter that may bear an accent; the first letter at least. */
function beginning(text: string): string {
  return /^[bdfhjkmpqtvwx]+/i.exec(text)?.[0] ?? [...text][0] ?? ''
}

function withoutAccents(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{Diacritic}/gu, '')
}

function unsortedPages(_asked: Asked, { parameters }: Place, { body }: Answer): string[] {
  if (!isSearchset(body) || !records(body, 'link').some(({ relation }) => relation === 'next')) return []
  const isSorted = parameters.some(({ key }) => key === '_sort' || key === '_cursor')
  return isSorted ? [] : ['Without _sort the order is not fixed, so pages may overlap.']
}

const ESTIMATED_FROM = 1_000_000

function estimatedTotal(_asked: Asked, { parameters }: Place, { body }: Answer): string[] {
  if (!isSearchset(body) || typeof body.total !== 'number') return []
  const estimate = parameters.some(({ key, value }) => key === '_total' && value === 'estimate')
  if (!estimate && body.total < ESTIMATED_FROM) return []
  return [
    `The total ${body.total} is an estimate${estimate ? '; _total=accurate counts' : ': from 1,000,000 on, Medplum estimates even for _total=accurate'}.`,
  ]
}

// ── Operations ──

function pushWithoutWaiting({ body: sent }: Asked, { segments }: Place): string[] {
  if (segments[0] !== 'Agent' || segments.at(-1) !== '$push') return []
  const parameters = records(sent, 'parameter')
  const waits =
    (isRecord(sent) && sent.waitForResponse === true) ||
    parameters.some(({ name, valueBoolean }) => name === 'waitForResponse' && valueBoolean === true)
  if (waits) return []
  return [
    'This 200 proves nothing: without waitForResponse, Medplum answers it even when no agent is connected. To know that the message arrived, push with "waitForResponse": true.',
  ]
}

const isJob = ({ segments }: Place) => segments[0] === 'job' || segments[0] === 'AsyncJob'

function cancelledJob({ method }: Asked, place: Place, { body }: Answer): string[] {
  const asks = isJob(place) && (method === 'DELETE' || place.segments.at(-1) === '$cancel')
  const reads = isRecord(body) && body.resourceType === 'AsyncJob' && body.status === 'cancelled'
  if (!asks && !reads) return []
  return [
    'Cancelling does not stop a running batch: Medplum still carries out all of its entries, and the job ends as completed. Search for what was created before you undo or repeat anything.',
  ]
}

function cancelledExport({ method }: Asked, { segments }: Place): string[] {
  if (method !== 'DELETE' || segments[0] !== 'bulkdata') return []
  return ['The export was told to stop. What it has written until then may stay stored in the project.']
}

function failedJob(_asked: Asked, _place: Place, { body }: Answer): string[] {
  if (!isRecord(body) || body.resourceType !== 'AsyncJob' || body.status !== 'error') return []
  return [
    'The job FAILED, although this answer is HTTP 200: status is "error". The reason stands in output.parameter, if Medplum gives one.',
  ]
}

function graphqlErrors(_asked: Asked, { segments }: Place, { body }: Answer): string[] {
  if (segments.at(-1) !== '$graphql') return []
  const errors = records(body, 'errors')
  if (errors.length === 0) return []
  const texts = errors
    .slice(0, 5)
    .map(
      ({ message, path }) =>
        `${oneLine(scalarText(message), MAX_WHY) || 'no message'}${textList(path).length > 0 ? ` at ${oneLine(textList(path).join('.'), MAX_WHY)}` : ''}`,
    )
  return [
    `GraphQL reports ${errors.length} error${errors.length > 1 ? 's' : ''} in an answer of HTTP 200: ${texts.join('; ')}. What failed is null or missing in data; a mutation that failed was not carried out.`,
  ]
}

function botObject(_asked: Asked, { segments }: Place, { body }: Answer): string[] {
  if (segments.at(-1) !== '$execute' || body !== '[object Object]') return []
  return [
    'The bot returned an object, which Medplum cannot write as HL7, so its content is lost. The bot must return text, for example message.toString().',
  ]
}

function deployWithoutCode({ body: sent }: Asked, { segments }: Place): string[] {
  if (segments.at(-1) !== '$deploy' || (isRecord(sent) && typeof sent.code === 'string' && sent.code !== '')) return []
  return [
    'No `code` was given, and Medplum answers 200 all the same: the bot has no new code. Send {"code":"exports.handler = async function (medplum, event) { … }"}.',
  ]
}
