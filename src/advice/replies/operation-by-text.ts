// Advice about operations, GraphQL and bots, by the text of an issue.

import { criterion, formatPlace } from '../../fhir/query.ts'
import type { FailedRequest } from './exchange.ts'
import { example, type Say, without } from './search-by-text.ts'

/** Texts of Medplum 5.1; the first that matches and has something to say decides. */
export const OPERATION_ADVICE: readonly (readonly [RegExp, Say])[] = [
  [/types\.push is not a function/, everythingType],
  [/^(?:Timeout|Invalid wait timeout|Missing destination parameter)$/, agentAdvice],
  [/^No coding specified/, (failed) => `Name the code system too: ${example(failed, 'system', 'http://loinc.org')}.`],
  [
    /^No ConceptMap specified/,
    (failed) =>
      `Name the map: ${example(failed, 'url', 'http://example.org/ConceptMap/x')}, or ConceptMap/ID/$translate.`,
  ],
  [
    /^Missing url/,
    (failed) => `Name the value set: ${example(failed, 'url', 'http://hl7.org/fhir/ValueSet/administrative-gender')}.`,
  ],
  [
    /^(ValueSet|CodeSystem|ConceptMap) (\S+) not found/,
    (_failed, [, type = '']) =>
      `This server has no ${type} with that url. See which it has: GET ${type}?_elements=url,name&_count=50; a large terminology such as LOINC or SNOMED CT must be imported first.`,
  ],
  [/^Expected (?:at least )?(\d+) value\(s\) for (?:required )?input parameter '?([\w-]+)'?/, inputParameter],
  [
    /^Search range cannot exceed (\d+) days/,
    (_failed, [, days = '31']) =>
      `Ask for at most ${days} days at once: move end closer to start and repeat for the next period.`,
  ],
  [
    /^Requested time slot is no|^No availability found/,
    (failed) =>
      `Look for free times with GET Appointment/$find?start=…&end=…&service-type-reference=HealthcareService/ID&schedule=Schedule/ID, then ${failed.place.segments.at(-1) ?? '$book'} one of them.`,
  ],
  [
    /^Cannot destructure property '(\w+)' of/,
    (failed) =>
      `The input is missing a part that ${failed.place.segments.at(-1) ?? 'the operation'} needs. ${failed.place.segments.at(-1) === '$book' ? BOOK_EXAMPLE : 'Send a Parameters resource with each of its input parameters.'}`,
  ],
  [
    /^Secret to rotate must be provided/,
    () =>
      'It needs the current secret, which is hidden here. "(hidden)" stands for it: {"resourceType":"Parameters","parameter":[{"name":"secret","valueString":"(hidden)"}]}.',
  ],
  [
    /^Claim submit is not configured/,
    () =>
      'An administrator must set the project setting CLAIM_SUBMIT_OPERATION before claims can be submitted. No other request will help.',
  ],
  // GraphQL
  [
    /^Cannot query field|^Unknown argument|^Unknown type|^Field "|^GraphQL syntax error|^Syntax Error|^Must provide query|^Variable "|^Argument "/,
    graphqlAdvice,
  ],
  // A bot may throw any text
  [/./, botAdvice],
]

const BOOK_EXAMPLE =
  'Send {"resourceType":"Parameters","parameter":[{"name":"slot","resource":{"resourceType":"Slot","schedule":{"reference":"Schedule/ID"},"serviceType":[…],"start":"…","end":"…","status":"free"}}]} with a slot that $find returned.'

function everythingType(failed: FailedRequest): string {
  const types = failed.place.parameters.filter(({ key }) => key === '_type').flatMap(({ value }) => value.split(','))
  const path = failed.place.segments.join('/')
  if (types.length > 1) {
    return `Repeat _type for each type: ${formatPlace({ ...without(failed, '_type'), parameters: [...without(failed, '_type').parameters, ...types.map((type) => criterion('_type', type))] })}.`
  }
  return `With a single type, POST ${path} with {"resourceType":"Parameters","parameter":[{"name":"_type","valueCode":"${types[0] ?? 'Observation'}"}]}.`
}

const NO_AGENT = 'No agent answered in time; it may be offline. GET Agent/$bulk-status shows which are connected.'

function agentAdvice({ place, text }: FailedRequest): string | undefined {
  if (place.segments[0] !== 'Agent') return undefined
  if (text === 'Missing destination parameter')
    return 'Name the receiver: "destination":"Device/ID", a Device whose url says where to connect (mllp://host:port).'
  if (text === 'Invalid wait timeout') return '"waitTimeout" is in milliseconds, at most 55000.'
  if (place.segments.at(-1) !== '$push') return NO_AGENT
  return `${NO_AGENT} Whether the message arrived is unknown: check before you push again. "waitTimeout" (milliseconds, at most 55000) gives it longer.`
}

function inputParameter(failed: FailedRequest, [, , name = '']: RegExpExecArray): string {
  const operation = failed.place.segments.at(-1) ?? 'The operation'
  if (failed.asked.method === 'GET')
    return `${operation} needs the parameter ${name}: ${example(failed, name, name === 'schedule' ? 'Schedule/ID' : 'VALUE')}.`
  return `${operation} needs the input ${name}: {"resourceType":"Parameters","parameter":[{"name":"${name}", …}]}, with "resource" for a resource or "value…" for a value.`
}

function graphqlAdvice({ text }: FailedRequest, _match: RegExpExecArray): string {
  if (text.startsWith('Must provide query'))
    return 'Send {"query":"{ PatientList(name: \\"smith\\", _count: 5) { id name { family } } }"}; put variables next to it.'
  if (/syntax error/i.test(text))
    return 'Check that brackets and quotation marks close, as in { PatientList(name: "smith") { id name { family given } } }.'
  if (text.startsWith('Unknown argument'))
    return 'Arguments are the search parameters of the type, with _ for -: PatientList(name: "smith", address_city: "Bonn", _count: 5).'
  return 'The root fields are TYPE(id: "…"), TYPEList(search parameters) and TYPEConnection; inside are the properties of FHIR R4, and resource { ... on TYPE { … } } follows a reference.'
}

/** Errors of a bot's code when it runs, and how to write it. */
const BOT_CODE: readonly (readonly [RegExp, string])[] = [
  [
    /^Cannot use import statement|^Unexpected token 'export'/,
    "Its code is a module, and Medplum runs CommonJS: deploy it again with require('@medplum/core') for imports and exports.handler = async function (medplum, event) { … }; for the handler.",
  ],
  [
    /^exports\.handler is not a function/,
    'Its code sets no handler: deploy it again with exports.handler = async function (medplum, event) { … };.',
  ],
  [/^\(intermediate value\)/, 'Its code does not end with ";": deploy it again with one at the end.'],
]

function botAdvice({ place, text }: FailedRequest): string | undefined {
  if (place.segments.at(-1) !== '$execute' || text === 'Not found' || text === 'Forbidden') return undefined
  const [, id = 'ID'] = place.segments.length === 3 ? place.segments : []
  const log = `Its log, if Medplum keeps one: GET AuditEvent?entity=Bot/${id}&_sort=-_lastUpdated&_count=3.`
  const ofCode = BOT_CODE.find(([words]) => words.test(text))?.[1]
  if (ofCode) return `${ofCode} ${log}`
  return `The bot itself failed with this message. Its input may be wrong: compare GET Bot/${id} for what it expects. Part of its work may have been done before it failed. ${log}`
}
