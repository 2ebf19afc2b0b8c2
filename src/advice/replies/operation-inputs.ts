// The inputs of Medplum's operations: it has no OperationDefinitions for them, and an operation names its missing parameters one by
// one.

import { isRecord, records, scalarText, textList } from '../../base/json.ts'
import { parsePlace } from '../../fhir/query.ts'

interface Input {
  /** Method and path. */
  call: string
  /** `!` marks what is required. */
  takes: string
  /** A correct body, or a whole query. */
  example: string
  also?: string
}

const PROPOSED =
  '{"resourceType":"Parameters","parameter":[{"name":"appointment","resource":{"resourceType":"Appointment","status":"proposed","start":"2026-12-07T14:00:00Z","end":"2026-12-07T14:30:00Z","serviceType":[{"extension":[{"url":"https://medplum.com/fhir/service-type-reference","valueReference":{"reference":"HealthcareService/ID"}}]}],"participant":[{"actor":{"reference":"Practitioner/ID"},"status":"needs-action"},{"actor":{"reference":"Patient/ID"},"status":"accepted"}],"contained":[{"resourceType":"Slot","status":"busy","schedule":{"reference":"Schedule/ID"},"start":"2026-12-07T14:00:00Z","end":"2026-12-07T14:30:00Z"}]}}]}'
const CONTAINED =
  'The times go into one contained Slot with status busy per Schedule, and Appointment.slot is left out: take an entry of GET Appointment/$find as it is and add the patient as a participant.'
const OFFERS =
  'For a Schedule to offer a service, it needs both: serviceType[].extension {"url":"https://medplum.com/fhir/service-type-reference","valueReference":{"reference":"HealthcareService/ID"}}, and extension {"url":"https://medplum.com/fhir/StructureDefinition/SchedulingParameters","extension":[{"url":"service","valueReference":…},{"url":"duration","valueDuration":{"value":30,"unit":"min"}},{"url":"availability","extension":[{"url":"availableTime","extension":[{"url":"daysOfWeek","valueCode":"mon"},{"url":"availableStartTime","valueTime":"09:00:00"},{"url":"availableEndTime","valueTime":"17:00:00"}]}]}]}. The actor has the extension http://hl7.org/fhir/StructureDefinition/timezone.'
const COMMON_JS =
  'Code is plain JavaScript as CommonJS: exports.handler = async function (medplum, event) { … }; with require() for imports, no import or export.'

/** By type and operation; `''` for what belongs to the whole server. */
const INPUTS: Readonly<Record<string, readonly Input[]>> = {
  Schedule: [
    {
      call: 'GET Schedule/ID/$find',
      takes: 'start!, end! (instants), service-type-reference! (HealthcareService/ID), _count',
      example: '?start=2026-12-07T00:00:00Z&end=2026-12-08T00:00:00Z&service-type-reference=HealthcareService/ID',
      also: OFFERS,
    },
  ],
  Appointment: [
    {
      call: 'GET Appointment/$find',
      takes:
        'start!, end! (instants), service-type-reference! (HealthcareService/ID), schedule! (Schedule/ID, several times for several actors), _count',
      example:
        '?start=2026-12-07T00:00:00Z&end=2026-12-08T00:00:00Z&service-type-reference=HealthcareService/ID&schedule=Schedule/ID',
    },
    { call: 'POST Appointment/$hold', takes: 'appointment!', example: PROPOSED, also: CONTAINED },
    {
      call: 'POST Appointment/$book',
      takes: 'appointment!, as for $hold; or slot! (a Slot, several times) and patient-reference',
      example:
        '{"resourceType":"Parameters","parameter":[{"name":"slot","resource":{"resourceType":"Slot","status":"busy","schedule":{"reference":"Schedule/ID"},"start":"2026-12-07T14:00:00Z","end":"2026-12-07T14:30:00Z","serviceType":[{"extension":[{"url":"https://medplum.com/fhir/service-type-reference","valueReference":{"reference":"HealthcareService/ID"}}]}]}},{"name":"patient-reference","valueReference":{"reference":"Patient/ID"}}]}',
      also: CONTAINED,
    },
  ],
  QuestionnaireResponse: [
    {
      call: 'POST QuestionnaireResponse/$extract, or GET QuestionnaireResponse/ID/$extract',
      takes: 'questionnaire-response! (without an id), questionnaire (unless the response names it)',
      example:
        '{"resourceType":"Parameters","parameter":[{"name":"questionnaire-response","resource":{"resourceType":"QuestionnaireResponse","questionnaire":"http://example.org/q","status":"completed","item":[]}}]}',
      also: 'It returns a transaction and stores nothing: POST that Bundle to the empty path.',
    },
  ],
  Bot: [
    {
      call: 'POST Bot/$init',
      takes:
        'name!, description, accessPolicy (Reference), executableCode (Attachment: base64 of JavaScript), sourceCode (Attachment)',
      example: '{"name":"NAME","executableCode":{"contentType":"text/javascript","title":"index.js","data":"BASE64"}}',
      also: `With executableCode the bot is created and deployed with one confirmation; if its runtimeVersion is awslambda, $deploy it afterwards. ${COMMON_JS}`,
    },
    {
      call: 'POST Bot/ID/$deploy',
      takes: 'code!, filename',
      example: '{"code":"exports.handler = async function (medplum, event) { return event.input; };"}',
      also: COMMON_JS,
    },
    {
      call: 'POST Bot/ID/$execute',
      takes: 'any body: it is event.input of the handler; text with contentType for HL7 v2',
      example: '{"resourceType":"Patient","id":"ID"}',
    },
  ],
  ClientApplication: [
    {
      call: 'POST ClientApplication/ID/$rotate-secret',
      takes: 'one of: secret (the current one becomes the retiring one), retiringSecret (ends it)',
      example: '{"resourceType":"Parameters","parameter":[{"name":"secret","valueString":"(hidden: secret)"}]}',
    },
  ],
  Agent: [
    {
      call: 'POST Agent/ID/$push',
      takes: 'destination! (Device/ID or an address), contentType!, body!, waitForResponse, waitTimeout',
      example:
        '{"destination":"Device/ID","contentType":"x-application/hl7-v2+er7","body":"MSH|…","waitForResponse":true}',
    },
  ],
  Claim: [
    {
      call: 'POST Claim/$submit, or GET Claim/ID/$submit',
      takes: 'resource! (a Claim)',
      example: '{"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Claim"}}]}',
    },
  ],
  Patient: [
    {
      call: 'GET Patient/$export',
      takes: '_type, _since (in the query); respondAsync',
      example: '?_type=Patient,Observation&_since=2026-01-01T00:00:00Z',
    },
  ],
  Group: [
    { call: 'GET Group/ID/$export', takes: '_type, _since (in the query); respondAsync', example: '?_type=Patient' },
  ],
  '': [{ call: 'GET $export', takes: '_type, _since (in the query); respondAsync', example: '?_type=Patient' }],
}

/** The inputs of each operation of a type, one per line; custom operations by their definitions. */
export function operationInputs(type: string, definitions: readonly unknown[] = []): string[] {
  const known = (INPUTS[type] ?? []).map(lineOf)
  const names = new Set((INPUTS[type] ?? []).flatMap(({ call }) => call.match(/\$[\w-]+/g) ?? []))
  const own = definitions
    .filter(isRecord)
    .filter((one) => textList(one.resource).includes(type) && !names.has(`$${scalarText(one.code)}`))
    .map((one) => definedLine(type, one))
  return [...known, ...own]
}

/** The inputs of the operation at a path; empty if there is none or they are unknown. */
export function inputsAt(path: string): string[] {
  const { segments } = parsePlace(path)
  const name = segments.at(-1)
  if (!name?.startsWith('$')) return []
  const type = segments.length === 1 ? '' : (segments[0] ?? '')
  return (INPUTS[type] ?? []).filter(({ call }) => call.split(/[\s/]/).includes(name)).map(lineOf)
}

function lineOf({ call, takes, example, also }: Input): string {
  return `${call}: ${takes}. Example: ${example}${also === undefined ? '' : ` ${also}`}`
}

const MAX_NAME = 60

function definedLine(type: string, definition: Record<string, unknown>): string {
  const parameters = records(definition, 'parameter').filter(({ use }) => use === 'in')
  const takes = parameters
    .slice(0, 20)
    .map(
      ({ name, min, max, type: kind }) =>
        `${word(name)}${Number(min) > 0 ? '!' : ''}${max === '1' ? '' : '[]'} ${word(kind)}`,
    )
  const at = definition.instance === true ? `${type}/ID` : type
  return `POST ${at}/$${word(definition.code)}: ${takes.join(', ') || 'nothing'}`
}

/** Only letters that can't form anything else. */
function word(value: unknown): string {
  return scalarText(value)
    .replaceAll(/[^\w.-]/g, '')
    .slice(0, MAX_NAME)
}
