// Records of any shape that `show` may have to draw, and answers with them.
import fc from 'fast-check'
import { found, type Resource } from './showing.ts'

const some = <T>(...values: T[]) => fc.constantFrom(...values)

const quantity = fc.record(
  {
    value: fc.integer({ min: -5, max: 500 }),
    unit: some('mg', 'g', 'mmHg', 'mm Hg'),
    code: some('mg', 'g', 'mm[Hg]'),
    comparator: some('<', '>', '>='),
  },
  { requiredKeys: ['value'] },
)
const value = fc.oneof(
  { weight: 6, arbitrary: quantity.map((valueQuantity): Resource => ({ valueQuantity })) },
  some<Resource>(
    { valueString: '5.4' },
    { valueInteger: -1 },
    { valueCodeableConcept: { text: 'positive' } },
    { valueQuantity: { unit: 'mg' } },
    { dataAbsentReason: { text: 'lost' } },
    {},
  ),
)
const code = some<Resource>(
  { coding: [{ system: 'http://loinc.org', code: '1-1' }], text: 'One' },
  { coding: [{ system: 'http://local', code: '1-1' }], text: 'One' },
  { coding: [{ code: '1-1' }] },
  { text: 'Only words' },
  { text: 'Other words' },
)
const time = some<Resource>(
  { effectiveDateTime: '2024' },
  { effectiveDateTime: '2024-05-01T23:30:00-05:00' },
  { effectiveDateTime: '2024-05-02T04:15:00Z' },
  { effectiveInstant: '2023-01-01T00:00:00.5+02:00' },
  { effectivePeriod: { start: '2022-03', end: '2022-04' } },
  { effectivePeriod: { end: '2021' } },
  { issued: '2020-01-01T00:00:00Z' },
  { effectiveDateTime: 'last week' },
  {},
)
const part = fc.tuple(code, value).map(([one, of]): Resource => ({ code: one, ...of }))
const observation = fc
  .tuple(
    part,
    time,
    some('final', 'amended', 'preliminary', 'entered-in-error', 'cancelled', undefined),
    fc.array(part, { maxLength: 3 }),
  )
  .map(
    ([own, at, status, component]): Resource => ({ ...own, ...at, status, ...(component.length > 0 && { component }) }),
  )
/** Each with a value of its own, by which it is known again. */
export const observations = fc.array(observation, { maxLength: 40 }).map((all) => {
  let next = 0
  const numbered = ({ valueQuantity, ...one }: Resource): Resource => {
    const { value: of, ...rest } = (valueQuantity ?? {}) as Resource
    return {
      ...one,
      ...(valueQuantity !== undefined && { valueQuantity: of === undefined ? rest : { ...rest, value: ++next } }),
    }
  }
  return all.map((one, at): Resource => {
    const component = (one.component as Resource[] | undefined)?.map(numbered)
    return { resourceType: 'Observation', id: `o${at}`, ...numbered(one), ...(component && { component }) }
  })
})

export const order = fc.record(
  {
    resourceType: some('MedicationRequest', 'MedicationStatement'),
    status: some('active', 'completed', 'stopped', 'cancelled', 'draft', 'entered-in-error', 'not-taken'),
    intent: some('order', 'plan'),
    medicationCodeableConcept: some({ text: 'Aspirin' }, { text: 'Other' }),
    authoredOn: some('2020-01-01', '2021'),
    effectivePeriod: some({ start: '2020' }, { start: '2020', end: '2021' }),
    doNotPerform: fc.boolean(),
  },
  { requiredKeys: ['resourceType', 'medicationCodeableConcept'] },
)

const record = fc.record(
  {
    resourceType: some('Encounter', 'Condition', 'Procedure', 'Immunization', 'MedicationRequest'),
    status: some('in-progress', 'finished', 'not-done', 'cancelled', 'entered-in-error', 'active'),
    clinicalStatus: some({ coding: [{ code: 'active' }] }, { coding: [{ code: 'resolved' }] }),
    verificationStatus: some({ coding: [{ code: 'provisional' }] }, { coding: [{ code: 'refuted' }] }),
    code: some({ text: 'A | b' }, { text: '# C\n(3)' }),
    period: some<Resource>({ start: '2020-01-01' }, { start: '2021', end: '2022' }, {}),
    onsetDateTime: some('2019', 'soon'),
    abatementDateTime: some('2020'),
    recordedDate: some('2018-02'),
    performedDateTime: some('2024-01-01T10:00:00+05:00'),
    occurrenceDateTime: some('2024-02'),
    authoredOn: some('2024-03'),
    criticality: some('high'),
  },
  { requiredKeys: ['resourceType', 'code'] },
)
/** So many answers, each with a failure or up to 60 records, so that some don't fit into the words. */
export const answers = (lists: number) =>
  fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.array(record, { maxLength: 60, size: 'max' }).map((all) => found(...all)) },
      some({ status: 403, body: undefined }, { status: 500, body: undefined }),
    ),
    { minLength: lists, maxLength: lists },
  )
