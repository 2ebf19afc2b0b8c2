// Answers with status 200 that say less, or something else, than they seem to. The model gets a note with the answer.

import { isRecord, records, scalarText, textList } from '../../base/json.ts'
import { oneLine } from '../../base/text.ts'
import { type Asked, type Place, parsePlace } from '../../fhir/query.ts'
import { isChoice } from '../requests/content-checks.ts'
import { failedEntries, MAX_WHY } from './batch-failures.ts'
import { type Answer, entryExchanges } from './exchange.ts'
import { isSearchset, noHits } from './no-hits.ts'
import { partialExpansion } from './terminology.ts'

/**
 * Notes on a successful answer, as sentences for a model. Pure, and never throws.
 *
 * @param request as it was sent
 */
export function checkAnswer(request: Asked, response: Answer): string[] {
  const byEntry = entryExchanges(request, response).map(([asked, answer]) =>
    answer.status >= 200 && answer.status < 300 ? checkOne(asked, answer) : [],
  )
  return [...checkOne(request, response), ...ofEntries(byEntry)]
}

function checkOne(request: Asked, response: Answer): string[] {
  const place = parsePlace(request.path)
  return CHECKS.flatMap((one) => one({ ...request, method: request.method.toUpperCase() }, place, response))
}

const MAX_OF_ENTRIES = 20

/** Notes on entries, each sentence once. */
function ofEntries(byEntry: readonly string[][]): string[] {
  const said = byEntry.flatMap((texts, index) => texts.map((text) => ({ text, index })))
  const different = [...Map.groupBy(said, ({ text }) => text)].map(([text, of]) => {
    const [first, ...others] = of.map(({ index }) => index)
    return `Bundle.entry[${first}]${others.length > 0 ? ` and ${others.length} more` : ''}: ${text}`
  })
  const rest = different.length - MAX_OF_ENTRIES
  return rest > 0 ? [...different.slice(0, MAX_OF_ENTRIES), `… and ${rest} more of this kind.`] : different
}

type Check = (asked: Asked, place: Place, answer: Answer) => string[]

const CHECKS: readonly Check[] = [
  failedEntries,
  noHits,
  unsortedPages,
  missingElements,
  missingIncludes,
  estimatedTotal,
  pushWithoutWaiting,
  cancelledJob,
  cancelledExport,
  failedJob,
  graphqlErrors,
  botObject,
  deployWithoutCode,
  extracted,
  resent,
  partialExpansion,
]

// ── Searches ──

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

/** A name in `_elements` that no record has, such as the stem of a choice: Medplum silently ignores it. */
function missingElements(_asked: Asked, { parameters }: Place, { body }: Answer): string[] {
  const asked = parameters.filter(({ key }) => key === '_elements' || key === '_fields')
  if (asked.length === 0 || !isSearchset(body)) return []
  const resources = records(body, 'entry').flatMap(({ resource }) => (isRecord(resource) ? [resource] : []))
  if (resources.length === 0) return []
  const present = new Set(resources.flatMap(Object.keys))
  const missing = asked
    .flatMap(({ value }) => value.split(','))
    .filter((name) => !present.has(name) && ![...present].some((one) => isChoice(one, name)))
  return missing.length === 0
    ? []
    : [
        `No record here has ${missing.join(', ')}. If that is a search parameter, name the element itself, such as birthDate.`,
      ]
}

/** Maximum number of resources that Medplum includes per parameter. */
const MAX_INCLUDED = 1000

/** Included resources that are missing or incomplete: Medplum ignores much in these parameters. */
function missingIncludes(_asked: Asked, { parameters }: Place, { body }: Answer): string[] {
  const entries = isSearchset(body) ? records(body, 'entry') : []
  if (entries.length === 0) return []
  const came = entries.flatMap(({ search, resource }) =>
    isRecord(search) && search.mode === 'include' && isRecord(resource) ? [scalarText(resource.resourceType)] : [],
  )
  return parameters.flatMap(({ key, value }) => {
    const isReverse = /^_revinclude\b/.test(key)
    if (!isReverse && !/^_include\b/.test(key)) return []
    const [type = '', by = '', target] = value.split(':')
    const count = came.filter((one) => !isReverse || one === type).length
    if (count === 0) {
      const why = isReverse
        ? `no ${type} refers to these records by \`${by}\`, or it is not a reference parameter`
        : `no ${type} here has the reference \`${by}\`, it is not a reference parameter, or what it points to doesn't exist`
      return [`\`${key}=${value}\` brought nothing: ${why}. Medplum gives no error in these cases.`]
    }
    if (isReverse && count >= MAX_INCLUDED)
      return [
        `\`${key}=${value}\` brings at most ${MAX_INCLUDED}, so some are missing. Search ${type} itself, for fewer records at a time.`,
      ]
    return target === undefined || isReverse
      ? []
      : [`\`${key}=${value}\`: Medplum ignores the :${target} and includes whatever \`${by}\` refers to.`]
  })
}

// ── Operations ──

function pushWithoutWaiting({ body: sent }: Asked, { segments }: Place): string[] {
  if (segments[0] !== 'Agent' || segments.at(-1) !== '$push') return []
  const parameters = records(sent, 'parameter')
  const waits =
    (isRecord(sent) && sent.waitForResponse === true) ||
    parameters.some(({ name, valueString }) => name === 'waitForResponse' && Boolean(valueString))
  if (waits) return []
  return [
    'This 200 does not prove delivery: without waitForResponse, Medplum answers 200 even when no agent is connected. To confirm delivery, push with "waitForResponse": true.',
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
  return ['The export was told to stop. Files that it has already written may stay in the project.']
}

function failedJob(_asked: Asked, _place: Place, { body }: Answer): string[] {
  if (!isRecord(body) || body.resourceType !== 'AsyncJob' || body.status !== 'error') return []
  return [
    'The job FAILED, although this answer is HTTP 200: status is "error". The reason is in output.parameter, if Medplum gives one.',
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
    `GraphQL reports ${errors.length} error${errors.length > 1 ? 's' : ''} although the answer is HTTP 200: ${texts.join('; ')}. What failed is null or missing in data; a mutation that failed was not carried out.`,
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
    'No `code` was given, and Medplum answers 200 anyway: the bot has no new code. Send {"code":"exports.handler = async function (medplum, event) { … }"}.',
  ]
}

function resent(_asked: Asked, { segments }: Place): string[] {
  if (segments.at(-1) !== '$resend') return []
  const name = segments.slice(0, 2).join('/')
  return [
    `Medplum looks for Subscriptions that match ${name} in the background, and gives the same answer if none match. Check GET Subscription?status=active and, a little later, GET AuditEvent?entity=${name}&_sort=-_lastUpdated.`,
  ]
}

function extracted(_asked: Asked, { segments }: Place, { body }: Answer): string[] {
  if (segments[0] !== 'QuestionnaireResponse' || segments.at(-1) !== '$extract') return []
  return records(body, 'entry').length > 0
    ? ['Nothing is stored yet: $extract only returns a transaction. POST this Bundle to the empty path to store it.']
    : [
        'Nothing was extracted: the Questionnaire has no templates to extract by (extension sdc-questionnaire-templateExtract), or the response answers none of their items.',
      ]
}
