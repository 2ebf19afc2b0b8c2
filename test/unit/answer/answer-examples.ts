// The answers that docs/answers.md shows, as the JSON that they are made of: records of the sandbox's clinic with short ids and
// fewer properties.
import type { AnswerOptions } from '../../../src/answer/answer.ts'
import { bundleOf } from '../../calls.ts'

const LOINC = 'http://loinc.org'
const UCUM = 'http://unitsofmeasure.org'
const PATIENT = { reference: 'Patient/2a03769f', display: 'Marisol Vega-Castillo' }
const ALICE = { reference: 'Practitioner/679012ca', display: 'Dr. Alice Nguyen, MD' }
const GRACE = { reference: 'Practitioner/3ca15065', display: 'Grace Kim, NP' }

function concept(system: string, code: string, display: string, text?: string) {
  return { coding: [{ system, code, display }], ...(text !== undefined && { text }) }
}

function quantity(value: number, unit: string, code = unit) {
  return { value, unit, system: UCUM, code }
}

function searchset(resources: { resourceType: string; id: string; [name: string]: unknown }[], rest: object = {}) {
  const entry = resources.map((resource) => ({
    fullUrl: `https://api.medplum.com/fhir/R4/${resource.resourceType}/${resource.id}`,
    search: { mode: 'match' },
    resource,
  }))
  return { resourceType: 'Bundle', type: 'searchset', ...rest, entry }
}

function weight(id: string, effectiveDateTime: string, valueQuantity: object, rest: object = {}) {
  return {
    resourceType: 'Observation',
    id,
    status: 'final',
    code: concept(LOINC, '29463-7', 'Body weight', 'Weight'),
    subject: PATIENT,
    effectiveDateTime,
    valueQuantity,
    ...rest,
  }
}

const RATE = {
  code: concept(LOINC, '8867-4', 'Heart rate', 'Heart rate'),
  referenceRange: [{ low: quantity(60, '/min'), high: quantity(100, '/min') }],
}

const patient = {
  resourceType: 'Patient',
  id: '2a03769f',
  active: true,
  name: [{ use: 'official', family: 'Vega-Castillo', given: ['Marisol'] }],
  birthDate: '1961-03-14',
  maritalStatus: concept('http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', 'S', 'Never Married'),
  generalPractitioner: [ALICE],
  meta: { versionId: '02b98039', lastUpdated: '2026-09-01T12:00:00Z', project: '64bf0858' },
}

const weights = searchset(
  [
    weight('7ae310a1', '2023-06-23T18:13:00Z', quantity(179.5, 'lbs', '[lb_av]'), { performer: [GRACE] }),
    weight('9d2d2244', '2023-06-23T18:13:00Z', quantity(814, 'kg'), {
      status: 'entered-in-error',
      performer: [GRACE],
      note: [{ text: 'Decimal point misplaced, entered again.' }],
    }),
    weight('d3172047', '2023-10-03T20:06:00Z', quantity(81.9, 'kg'), { performer: [ALICE] }),
    weight('cbffbe3a', '2023-11-15T19:12:00Z', quantity(80.9, 'kg'), { performer: [ALICE] }),
  ],
  { total: 33, link: [{ relation: 'next', url: 'Observation?code=29463-7&_count=4&_offset=4' }] },
)

const vitals = searchset(
  ['2025-02-13', '2025-03-05', '2025-03-27', '2025-05-01', '2025-06-13'].flatMap((day, at) => [
    weight(`a${at}`, `${day}T15:37:00Z`, quantity(79.5 - at / 2, 'kg')),
    weight(`b${at}`, `${day}T15:37:00Z`, quantity(64 + 3 * at, '/min'), RATE),
  ]),
)

const batch = bundleOf('batch-response', [
  {
    response: { status: '200' },
    resource: searchset([
      { resourceType: 'Condition', id: '8919d202', code: { text: 'Type 2 diabetes' }, onsetDateTime: '2021-04-26' },
      { resourceType: 'Condition', id: '8a2c812f', code: { text: 'Hypertension' }, onsetDateTime: '2017-07-30' },
    ]),
  },
  {
    response: {
      status: '404',
      outcome: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'not-found' }] },
    },
  },
])

const many = searchset(
  Array.from({ length: 200 }, (_, at) => {
    const month = `${2010 + Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, '0')}`
    const note = [{ text: `Time ${at + 1}, in indoor clothes, without shoes.` }]
    return weight(`w${at}`, `${month}-05`, quantity(80 + (at % 7), 'kg'), { note })
  }),
)

/** Each with its options for {@link writeAnswer}. */
export const EXAMPLES: Record<string, { body?: unknown; options?: Partial<AnswerOptions>; select?: string[] }> = {
  'a patient': { body: patient },
  'a search': { body: weights },
  'a search of two codes': { body: vitals },
  'a batch': { body: batch },
  'a search over its budget': {
    body: many,
    options: { maxChars: 1000, nextAfter: (entries) => `Observation?code=29463-7&_count=200&_skip=${entries}` },
  },
  'selected columns': { body: weights, select: ['effectiveDateTime', 'valueQuantity.value', 'note.text'] },
}
