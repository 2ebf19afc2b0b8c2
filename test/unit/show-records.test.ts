// What `show` says of records of awkward shapes: nothing as plain fact that isn't one.
import { describe, expect, test } from 'vitest'
import { coursesIn, courseTime } from '../../src/tools/show/courses.ts'
import { personOf, stateOf } from '../../src/tools/show/records.ts'
import { essenceOf, seriesIn } from '../../src/tools/show/series.ts'
import type { Summary, Timeline, Trend } from '../../src/tools/show/shown.ts'
import { drawSummary } from '../../src/tools/show/summary.ts'
import { drawTimeline } from '../../src/tools/show/timeline.ts'
import { drawTrend } from '../../src/tools/show/trend.ts'
import { nameFor, shortNotes } from '../../src/tools/show/words.ts'

type Resource = Record<string, unknown>

const PERSON = { id: 'p', name: 'Pat' }
const NOTHING = { status: 200, body: { resourceType: 'Bundle' } }
const found = (...resources: Resource[]) => ({
  status: 200,
  body: {
    resourceType: 'Bundle',
    entry: resources.map((resource, at) => ({ resource: { id: `r${at}`, ...resource } })),
  },
})
const quantity = (value: number, unit = 'mmol/L', more = {}) => ({ value, unit, code: unit, ...more })

describe('a result', () => {
  const drawn = (more: Resource) => {
    const observation = { resourceType: 'Observation', id: 'o', status: 'final', code: { text: 'X' }, ...more }
    const { series, undrawn } = seriesIn([essenceOf(observation)])
    return series[0]?.points[0] ?? undrawn[0]?.reason
  }
  const at = { effectiveDateTime: '2024' }
  const range = (low: number, high: number, unit = 'mmol/L', more = {}) => ({
    ...{ low: quantity(low, unit), high: quantity(high, unit) },
    ...more,
  })

  test.each<[string, Resource, unknown]>([
    ['in range', { ...at, valueQuantity: quantity(5), referenceRange: [range(4, 6)] }, { low: 4, high: 6 }],
    ['over it', { ...at, valueQuantity: quantity(7), referenceRange: [range(4, 6)] }, { flag: 'high' }],
    ['under it', { ...at, valueQuantity: quantity(3), referenceRange: [range(4, 6)] }, { flag: 'low' }],
    [
      'below 10, which may be in range',
      { ...at, valueQuantity: quantity(10, 'mmol/L', { comparator: '<' }), referenceRange: [range(4, 6)] },
      { sign: '<', flag: undefined },
    ],
    [
      'above 3, which may be in range',
      { ...at, valueQuantity: quantity(3, 'mmol/L', { comparator: '>' }), referenceRange: [range(4, 6)] },
      { sign: '>', flag: undefined },
    ],
    [
      'as much as suffices, which is not a measure',
      { ...at, valueQuantity: quantity(7, 'mmol/L', { comparator: 'ad' }), referenceRange: [range(4, 6)] },
      { sign: 'ad', flag: undefined },
    ],
    [
      'called critical by a display alone',
      { ...at, valueQuantity: quantity(5), interpretation: [{ coding: [{ display: 'Critical low' }] }] },
      { flag: 'low' },
    ],
    [
      'above the highest',
      { ...at, valueQuantity: quantity(6, 'mmol/L', { comparator: '>' }), referenceRange: [range(4, 6)] },
      { flag: 'high' },
    ],
    [
      'below the lowest',
      { ...at, valueQuantity: quantity(4, 'mmol/L', { comparator: '<' }), referenceRange: [range(4, 6)] },
      { flag: 'low' },
    ],
    [
      'high in words alone',
      { ...at, valueQuantity: quantity(5), interpretation: [{ text: 'High' }] },
      { flag: 'high' },
    ],
    [
      'normal as the record says',
      {
        ...at,
        valueQuantity: quantity(7),
        referenceRange: [range(4, 6)],
        interpretation: [{ coding: [{ code: 'N' }] }],
      },
      { flag: undefined },
    ],
    [
      'with a range in words',
      { ...at, valueQuantity: quantity(5), referenceRange: [{ text: '4 - 6 fasting' }] },
      { low: undefined, remark: 'range 4 - 6 fasting' },
    ],
    [
      'with a range in another unit',
      { ...at, valueQuantity: quantity(95, 'mg/dL'), referenceRange: [range(4, 6)] },
      { low: undefined, flag: undefined, remark: 'range 4 mmol/L to 6 mmol/L' },
    ],
    [
      'with a range of which half is in another unit',
      { ...at, valueQuantity: quantity(5), referenceRange: [{ low: quantity(4), high: quantity(100, 'mg/dL') }] },
      { low: undefined, high: undefined, remark: 'range 4 mmol/L to 100 mg/dL' },
    ],
    [
      'with one range twice',
      { ...at, valueQuantity: quantity(5), referenceRange: [range(4, 6), range(4, 6)] },
      { low: 4, high: 6 },
    ],
    [
      'with a range for women and one for men',
      {
        ...at,
        valueQuantity: quantity(7),
        referenceRange: [
          range(4, 6, 'mmol/L', { appliesTo: [{ text: 'women' }] }),
          range(5, 8, 'mmol/L', { appliesTo: [{ text: 'men' }] }),
        ],
      },
      { low: undefined, flag: undefined, remark: 'range 4 mmol/L to 6 mmol/L, women; 5 mmol/L to 8 mmol/L, men' },
    ],
    [
      'with a range that is not the normal one',
      {
        ...at,
        valueQuantity: quantity(5),
        referenceRange: [range(1, 2, 'mmol/L', { type: { coding: [{ code: 'therapeutic' }] } })],
      },
      { low: undefined, flag: undefined, remark: undefined },
    ],
    [
      'with a range for some people only',
      {
        ...at,
        valueQuantity: quantity(7),
        referenceRange: [range(4, 6, 'mmol/L', { appliesTo: [{ text: 'women' }], age: { high: quantity(12, 'a') } })],
      },
      { low: 4, high: 6, flag: 'high', remark: 'range for women, age up to 12 a' },
    ],
    [
      'with a range whose bounds are swapped',
      { ...at, valueQuantity: quantity(5), referenceRange: [range(6, 4)] },
      { low: undefined, flag: undefined, remark: 'range 6 mmol/L to 4 mmol/L' },
    ],
    ...(
      [
        ['normal and high', 'high', 'N', 'HH'],
        ['abnormal and low', 'low', 'A', 'L'],
        ['high and low', 'abnormal', 'H', 'L'],
      ] as const
    ).map(([what, flag, ...codes]): [string, Resource, unknown] => [
      `called ${what}`,
      { ...at, valueQuantity: quantity(5), interpretation: codes.map((code) => ({ coding: [{ code }] })) },
      { flag },
    ]),
    [
      'with a reason for having no value',
      { ...at, valueQuantity: quantity(5), dataAbsentReason: { text: 'error' } },
      { remark: 'also recorded as no value (error)' },
    ],
    [
      'of a period',
      { effectivePeriod: { start: '2024-01-01', end: '2024-01-02' }, valueQuantity: quantity(5) },
      { at: '2024-01-01', remark: 'until 2024-01-02' },
    ],
    [
      'of a period without a beginning',
      { effectivePeriod: { end: '2024-01-02' }, valueQuantity: quantity(5) },
      { at: '2024-01-02', remark: 'date of its end' },
    ],
    [
      'of several times',
      { effectiveTiming: { event: ['2024-01-01', '2024-01-02'] }, valueQuantity: quantity(5) },
      { at: '2024-01-01', remark: 'at several times' },
    ],
    ['dated by its issue', { issued: '2024-01-02T00:00:00Z', valueQuantity: quantity(5) }, { remark: 'date of issue' }],
    ['of an instant', { effectiveInstant: '2024-01-02T00:00:00Z', valueQuantity: quantity(5) }, { remark: undefined }],
    ['without a status', { ...at, status: undefined, valueQuantity: quantity(5) }, { status: 'no status' }],
    ['amended', { ...at, status: 'amended', valueQuantity: quantity(5) }, { status: undefined }],
  ])('%s', (_what, more, point) => {
    for (const [name, value] of Object.entries(point as object)) expect((drawn(more) as never)[name]).toEqual(value)
  })

  test.each<[string, Resource, string]>([
    ['a ratio', { ...at, valueRatio: { numerator: { value: 1 } } }, 'value is not a number'],
    ['a sample', { ...at, valueSampledData: { data: '1 2' } }, 'value is not a number'],
    ['nothing', at, 'no value'],
    ['an absence', { ...at, dataAbsentReason: { text: 'lost' } }, 'no value (lost)'],
    ['no date', { valueQuantity: quantity(5) }, 'no date'],
    ['a cancelled one', { ...at, status: 'cancelled', valueQuantity: quantity(5) }, 'cancelled'],
    ['a wrong one', { ...at, status: 'entered-in-error', valueQuantity: quantity(5) }, 'entered in error'],
  ])('that is %s is not drawn', (_what, more, reason) => {
    expect(drawn(more)).toBe(reason)
  })
})

describe('a medication’s time', () => {
  const request = (more: Resource) =>
    courseTime({ resourceType: 'MedicationRequest', authoredOn: '2024-01-01', ...more })
  const bounds = (...periods: Resource[]) => periods.map((boundsPeriod) => ({ timing: { repeat: { boundsPeriod } } }))
  const days = { timing: { repeat: { boundsDuration: { value: 10, unit: 'd' } } } }

  test.each<[string, unknown, unknown]>([
    [
      'of all parts of a tapered dose',
      request({
        dosageInstruction: bounds(
          { start: '2024-01-11', end: '2024-01-20' },
          { start: '2024-01-05', end: '2024-01-10' },
        ),
      }),
      { from: '2024-01-05', to: '2024-01-20' },
    ],
    [
      'without an end where one part has none, though its dispense has',
      request({
        dosageInstruction: bounds({ start: '2024-02-05' }, { end: '2024-03-01' }),
        dispenseRequest: { validityPeriod: { end: '2024-03-01' } },
      }),
      { from: '2024-02-05' },
    ],
    ['with a length', request({ dosageInstruction: [days] }), { from: '2024-01-01', remark: 'for 10 d' }],
    [
      'with several lengths',
      request({
        dosageInstruction: [
          days,
          { timing: { repeat: { boundsRange: { low: { value: 5, unit: 'd' }, high: { value: 7, unit: 'd' } } } } },
        ],
      }),
      { from: '2024-01-01', remark: 'for 10 d and 5 d to 7 d' },
    ],
    [
      'by its dispense alone, and told so',
      request({ dispenseRequest: { validityPeriod: { end: '2024-03-01' } } }),
      { from: '2024-01-01', to: '2024-03-01', remark: 'time for dispensing' },
    ],
    [
      'as a statement has it',
      courseTime({ resourceType: 'MedicationStatement', effectivePeriod: { start: '2020', end: '2021' } }),
      { from: '2020', to: '2021' },
    ],
    ['none', courseTime({ resourceType: 'MedicationStatement', dateAsserted: '2020' }), undefined],
  ])('%s', (_what, time, wanted) => {
    expect(time).toEqual(wanted)
  })

  test.each<[string, Resource, unknown]>([
    ['given', { status: 'active' }, { active: true }],
    ['on hold', { status: 'on-hold' }, { active: false, remark: 'on-hold' }],
    ['stopped', { status: 'stopped' }, { active: false, remark: 'stopped' }],
    [
      'reported',
      { resourceType: 'MedicationStatement', status: 'active', effectiveDateTime: '2020' },
      { active: true, remark: 'reported' },
    ],
    ...['cancelled', 'draft', 'unknown', 'entered-in-error'].map((status): [string, Resource, unknown] => [
      status,
      { status },
      undefined,
    ]),
    ['planned', { status: 'active', intent: 'plan' }, undefined],
    ['prohibited', { status: 'active', intent: 'order', doNotPerform: true }, undefined],
    ['not taken', { resourceType: 'MedicationStatement', status: 'not-taken', effectiveDateTime: '2020' }, undefined],
  ])('what is %s is drawn only if it was to be taken, and counted else', (_what, more, course) => {
    const one = { resourceType: 'MedicationRequest', id: 'm', intent: 'order', authoredOn: '2024', ...more }
    const { courses, left } = coursesIn([one], PERSON)
    if (course === undefined) expect([courses, left]).toEqual([[], 1])
    else expect([courses, left]).toEqual([[expect.objectContaining(course)], 0])
  })

  test('of somebody who has died, nothing goes on until today', () => {
    const one = { resourceType: 'MedicationRequest', id: 'm', status: 'active', authoredOn: '2024' }
    expect(coursesIn([one], { ...PERSON, deceased: true }).courses[0]).toMatchObject({ active: false })
    const encounter = { resourceType: 'Encounter', status: 'in-progress', period: { start: '2024' } }
    const { lanes } = drawTimeline({ ...PERSON, deceased: true }, [found(encounter)]).structured as Timeline
    expect(lanes[0]?.events[0]).not.toHaveProperty('active')
  })
})

test('a medication that could not be read is not “none”, and what is left out is told', () => {
  const none = { patient: PERSON, codes: ['x'], observations: [] }
  const closed = drawTrend({
    ...none,
    medications: [
      { status: 403, body: undefined },
      { status: 500, body: undefined },
    ],
  })
  expect(closed.structured).not.toHaveProperty('medications')
  expect(closed.notes).toEqual(
    expect.arrayContaining(['Medications: not accessible.', 'Reported medications: not read.']),
  )
  const orders = Array.from({ length: 50 }, (_, at) => ({
    ...{ resourceType: 'MedicationRequest', id: `m${at}`, status: 'active', authoredOn: '2024' },
  }))
  const many = drawTrend({ ...none, medications: [found(...orders), NOTHING] })
  const { medications = [] } = many.structured as Trend
  expect(medications.length).toBeLessThan(50)
  expect(many.notes).toContain(
    `${50 - medications.length} medications are not drawn: at most ${medications.length} are.`,
  )
})

describe('a timeline', () => {
  const event = (lane: number, resource: Resource) => {
    const answers = Array.from({ length: 7 }, (_, at) => (at === lane ? found(resource) : NOTHING))
    const { lanes } = drawTimeline(PERSON, answers).structured as Timeline
    return lanes[lane]?.events[0]
  }
  const clinical = (code: string) => ({ clinicalStatus: { coding: [{ code }] } })
  const encounter = { resourceType: 'Encounter', period: { start: '2024' } }
  const condition = { resourceType: 'Condition', ...clinical('active') }

  test.each<[string, number, Resource, unknown]>([
    ...['arrived', 'triaged', 'in-progress', 'onleave'].map((status): [string, number, Resource, unknown] => [
      `an encounter ${status}`,
      0,
      { ...encounter, status },
      { active: true, status },
    ]),
    ['an encounter that has ended without a date', 0, { ...encounter, status: 'finished' }, { active: undefined }],
    ['a cancelled encounter', 0, { ...encounter, status: 'cancelled' }, { unreal: true, active: undefined }],
    ['a planned encounter', 0, { ...encounter, status: 'planned' }, { unreal: true }],
    [
      'a problem that is over',
      1,
      { ...condition, ...clinical('resolved'), onsetDateTime: '2019', abatementDateTime: '2021' },
      { from: '2019', to: '2021', active: undefined },
    ],
    [
      'a problem that ended in a period',
      1,
      { ...condition, onsetPeriod: { start: '2018', end: '2019' }, abatementPeriod: { start: '2020', end: '2021' } },
      { from: '2018', to: '2021' },
    ],
    [
      'a problem whose onset is not told',
      1,
      { ...condition, onsetString: 'as a child', recordedDate: '2023' },
      { from: '2023', status: 'active, from when it was recorded' },
    ],
    [
      'a problem in doubt',
      1,
      { ...condition, onsetDateTime: '2022', verificationStatus: { coding: [{ code: 'provisional' }] } },
      { status: 'active, provisional' },
    ],
    [
      'a confirmed problem',
      1,
      { ...condition, onsetDateTime: '2022', verificationStatus: { coding: [{ code: 'confirmed' }] } },
      { status: 'active' },
    ],
    [
      'a refuted problem',
      1,
      { ...condition, onsetDateTime: '2022', verificationStatus: { coding: [{ code: 'refuted' }] } },
      undefined,
    ],
    [
      'a procedure not done',
      4,
      { resourceType: 'Procedure', status: 'not-done', performedDateTime: '2024' },
      { unreal: true, status: 'not-done' },
    ],
    [
      'an immunization not done',
      5,
      { resourceType: 'Immunization', status: 'not-done', occurrenceDateTime: '2024' },
      { unreal: true, status: 'not-done' },
    ],
    [
      'a document that was entered in error',
      6,
      {
        resourceType: 'DocumentReference',
        status: 'current',
        docStatus: 'entered-in-error',
        date: '2024-01-01T00:00:00Z',
      },
      undefined,
    ],
    [
      'a superseded document',
      6,
      { resourceType: 'DocumentReference', status: 'superseded', date: '2024-01-01T00:00:00Z' },
      { status: 'superseded' },
    ],
  ])('has %s as it is', (_what, lane, resource, wanted) => {
    if (wanted === undefined) return expect(event(lane, resource)).toBeUndefined()
    for (const [name, value] of Object.entries(wanted as object))
      expect((event(lane, resource) as never)[name]).toEqual(value)
  })
})

test('a timeline draws by time what is found latest first, and its words begin with the latest', () => {
  const encounters = ['2024', '2023'].map((start) => ({ resourceType: 'Encounter', period: { start } }))
  const { structured, ...drawn } = drawTimeline(PERSON, [found(...encounters)])
  expect((structured as Timeline).lanes[0]?.events.map(({ from }) => from)).toEqual(['2023', '2024'])
  expect('words' in drawn && drawn.words.tables[0]?.rows.map(({ from }) => from)).toEqual(['2024', '2023'])
})

describe('a summary', () => {
  const drawn = (section: number, ...resources: Resource[]) =>
    drawSummary(
      PERSON,
      Array.from({ length: 7 }, (_, at) => (at === section ? found(...resources) : NOTHING)),
    )
  const details = (section: number, resource: Resource) =>
    (drawn(section, resource).structured as Summary).sections[section]?.items[0]?.details
  const allergy = { resourceType: 'AllergyIntolerance', clinicalStatus: { coding: [{ code: 'active' }] } }
  const condition = { resourceType: 'Condition', clinicalStatus: { coding: [{ code: 'active' }] } }
  const order = { resourceType: 'MedicationRequest', status: 'active', intent: 'order', authoredOn: '2024' }
  const appointment = { resourceType: 'Appointment', status: 'booked', start: '2027-01-01T00:00:00Z' }
  const participant = [
    { actor: { reference: 'Patient/p' }, status: 'declined' },
    { actor: { display: 'Dr. B' }, status: 'accepted' },
  ]

  test.each<[string, number, Resource, string]>([
    [
      'an unconfirmed allergy',
      0,
      { ...allergy, verificationStatus: { coding: [{ code: 'unconfirmed' }] } },
      'active, unconfirmed',
    ],
    ['a problem without a status', 1, { resourceType: 'Condition', onsetDateTime: '2020' }, 'no status, since 2020'],
    ['an onset in words', 1, { ...condition, onsetString: 'childhood' }, 'onset childhood'],
    ['an onset by age', 1, { ...condition, onsetAge: { value: 20, unit: 'a' } }, 'onset 20 "a"'],
    ['a medication that must not be given', 2, { ...order, doNotPerform: true }, 'active, do not give, since 2024'],
    ['a plan for a medication', 2, { ...order, intent: 'plan' }, 'active, plan, since 2024'],
    [
      'a medication’s end',
      2,
      { ...order, dosageInstruction: [{ timing: { repeat: { boundsPeriod: { end: '2025' } } } }] },
      'since 2024, until 2025',
    ],
    [
      'who comes to an appointment, and that the patient doesn’t',
      5,
      { ...appointment, participant },
      '2027-01-01T00:00:00Z, booked, patient: declined, Dr. B',
    ],
  ])('says %s', (_what, section, resource, words) => {
    expect(details(section, resource)).toBe(words)
  })

  test('tells which vital signs it doesn’t show, and that they could not be read', () => {
    const vital = (at: number, more = {}) => ({
      ...{
        resourceType: 'Observation',
        status: 'final',
        code: { text: `Sign ${at}` },
        effectiveDateTime: `20${10 + at}`,
      },
      ...{ valueQuantity: { value: at, unit: 'x' }, ...more },
    })
    const many = Array.from({ length: 12 }, (_, at) => vital(at))
    const { structured, notes } = drawn(6, ...many, vital(20, { status: 'entered-in-error' }))
    const { vitals } = structured as Summary
    expect(vitals[0]?.name).toBe('Sign 11')
    expect(notes).toContain(`Last vital signs: ${12 - vitals.length} more are not shown.`)
    expect(notes).toContain('Last vital signs: not shown of "Sign 20": 1, entered in error.')
    const closed = drawSummary(PERSON, [...Array.from({ length: 6 }, () => NOTHING), { status: 403, body: undefined }])
    expect(closed.structured).toMatchObject({ vitals: [], vitalsFault: 'not accessible' })
  })

  test('counts what was entered in error or refuted', () => {
    const refuted = { ...allergy, verificationStatus: { coding: [{ code: 'refuted' }] } }
    expect(drawn(0, allergy, refuted).notes).toEqual(['Allergies: 1 entered in error or refuted are not shown.'])
  })

  test('has a medication that is a record of its own by its name', () => {
    const one = { resource: { ...order, id: 'a', medicationReference: { reference: 'Medication/m' } } }
    const medication = {
      resource: { resourceType: 'Medication', id: 'm', code: { text: 'Aspirin' } },
      search: { mode: 'include' },
    }
    const answer = { status: 200, body: { resourceType: 'Bundle', entry: [one, medication] } }
    const { sections } = drawSummary(PERSON, [NOTHING, NOTHING, answer]).structured as Summary
    expect(sections[2]?.items.map(({ name }) => name)).toEqual(['Aspirin'])
  })
})

test('a result that two pages have is one result', () => {
  const one = { resourceType: 'Observation', status: 'final', code: { text: 'X' }, effectiveDateTime: '2024' }
  const [first, other, bare] = ['a', 'b', undefined].map((id) => ({ ...one, id, valueQuantity: quantity(5) }))
  const all = [first, other, first, bare, bare].flatMap((resource) => resource ?? [])
  expect(seriesIn(all).series[0]?.total).toBe(4)
})

test('a person is told with the name in use, and that they died or that the record is replaced', () => {
  const person = personOf('p', {
    ...{ resourceType: 'Patient', active: false, deceasedDateTime: '2025-02-03' },
    name: [
      { use: 'maiden', family: 'Before' },
      { family: 'Until 2001', period: { end: '2001' } },
      { use: 'official', family: 'Now' },
    ],
    identifier: [{ use: 'old', value: '1' }, { value: '2' }],
    link: [
      { type: 'seealso', other: { reference: 'Patient/a' } },
      { type: 'replaced-by', other: { reference: 'Patient/b' } },
      { type: 'replaced-by', other: { reference: 'Patient/c' } },
      { type: 'refer', other: { reference: 'Patient/d' } },
    ],
  })
  expect(nameFor(person)).toBe(
    '"Now", "2", deceased 2025-02-03, record not in use, replaced by "Patient/b, Patient/c", main record "Patient/d" (Patient/p)',
  )
  expect(nameFor(personOf('p', undefined))).toBe('(Patient/p)')
})

test('notes that don’t fit are counted', () => {
  expect(shortNotes(['a', 'b'], 100)).toEqual(['a', 'b'])
  expect(shortNotes(['a'.repeat(50), 'b'.repeat(60), 'c'], 100)).toEqual(['a'.repeat(50), '2 more notes are left out.'])
})

test('a state is withdrawn, unreal or in doubt only where the record says so', () => {
  expect(stateOf({ resourceType: 'Task', status: 'requested', intent: 'plan' })).toEqual({
    ...{ status: 'requested', withdrawn: false, unreal: false, said: 'requested' },
  })
})
