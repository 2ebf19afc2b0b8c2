// How `show` draws and words records of awkward shapes in a timeline, a summary and the line about the patient.
import { describe, expect, test } from 'vitest'
import { personOf, stateOf } from '../../../src/tools/show/records.ts'
import type { Summary, Timeline } from '../../../src/tools/show/shown.ts'
import { drawSummary } from '../../../src/tools/show/summary.ts'
import { drawTimeline } from '../../../src/tools/show/timeline.ts'
import { nameFor, shortNotes } from '../../../src/tools/show/words.ts'
import { expectParts, found, NOTHING, onlyIn, PERSON, type Resource } from './showing.ts'

describe('a timeline', () => {
  const event = (lane: number, resource: Resource) => {
    const { lanes } = drawTimeline(PERSON, onlyIn(lane, resource)).structured as Timeline
    return lanes[lane]?.events[0]
  }
  const clinical = (code: string) => ({ clinicalStatus: { coding: [{ code }] } })
  const encounter = { resourceType: 'Encounter', period: { start: '2024' } }
  const document = { resourceType: 'DocumentReference', date: '2024-01-01T00:00:00Z' }
  const verified = (code: string) => ({ verificationStatus: { coding: [{ code }] } })
  const condition = { resourceType: 'Condition', ...clinical('active') }

  test.each<[string, number, Resource, Resource]>([
    ...['arrived', 'triaged', 'in-progress', 'onleave'].map((status): [string, number, Resource, Resource] => [
      `an encounter with the status ${status}`,
      0,
      { ...encounter, status },
      { active: true, status },
    ]),
    ['a finished encounter without an end', 0, { ...encounter, status: 'finished' }, { active: undefined }],
    ['a cancelled encounter', 0, { ...encounter, status: 'cancelled' }, { unreal: true, active: undefined }],
    ['a planned encounter', 0, { ...encounter, status: 'planned' }, { unreal: true }],
    [
      'a resolved problem',
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
      'a problem without a date of onset',
      1,
      { ...condition, onsetString: 'as a child', recordedDate: '2023' },
      { from: '2023', status: 'active, from when it was recorded' },
    ],
    [
      'a problem in doubt',
      1,
      { ...condition, onsetDateTime: '2022', ...verified('provisional') },
      { status: 'active, provisional' },
    ],
    ['a confirmed problem', 1, { ...condition, onsetDateTime: '2022', ...verified('confirmed') }, { status: 'active' }],
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
    ['a superseded document', 6, { ...document, status: 'superseded' }, { status: 'superseded' }],
  ])('shows %s as it is', (_what, lane, resource, wanted) => {
    expectParts(event(lane, resource), wanted)
  })

  test.each<[string, number, Resource]>([
    ['a refuted problem', 1, { ...condition, onsetDateTime: '2022', ...verified('refuted') }],
    ['a document entered in error', 6, { ...document, status: 'current', docStatus: 'entered-in-error' }],
  ])('leaves out %s', (_what, lane, resource) => {
    expect(event(lane, resource)).toBeUndefined()
  })

  test('draws by time, and its words begin with the latest', () => {
    const encounters = ['2024', '2023'].map((start) => ({ resourceType: 'Encounter', period: { start } }))
    const { structured, ...drawn } = drawTimeline(PERSON, [found(...encounters)])
    expect((structured as Timeline).lanes[0]?.events.map(({ from }) => from)).toEqual(['2023', '2024'])
    expect('words' in drawn && drawn.words.tables[0]?.rows.map(({ from }) => from)).toEqual(['2024', '2023'])
  })
})

describe('a summary', () => {
  const drawn = (section: number, ...resources: Resource[]) => drawSummary(PERSON, onlyIn(section, ...resources))
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
      'that an allergy is unconfirmed',
      0,
      { ...allergy, verificationStatus: { coding: [{ code: 'unconfirmed' }] } },
      'active, unconfirmed',
    ],
    ['that a problem has no status', 1, { resourceType: 'Condition', onsetDateTime: '2020' }, 'no status, since 2020'],
    ['an onset in words', 1, { ...condition, onsetString: 'childhood' }, 'onset childhood'],
    ['an onset by age', 1, { ...condition, onsetAge: { value: 20, unit: 'a' } }, 'onset 20 "a"'],
    ['that a medication must not be given', 2, { ...order, doNotPerform: true }, 'active, do not give, since 2024'],
    ['that a medication is only planned', 2, { ...order, intent: 'plan' }, 'active, plan, since 2024'],
    [
      'when a medication ends',
      2,
      { ...order, dosageInstruction: [{ timing: { repeat: { boundsPeriod: { end: '2025' } } } }] },
      'since 2024, until 2025',
    ],
    [
      'who comes to an appointment, and that the patient does not',
      5,
      { ...appointment, participant },
      '2027-01-01T00:00:00Z, booked, patient: declined, Dr. B',
    ],
  ])('says %s', (_what, section, resource, words) => {
    expect(details(section, resource)).toBe(words)
  })

  test('says which vital signs it leaves out, and whether they could be read', () => {
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
    expect(notes).toContain('Last vital signs: 1 of "Sign 20" not shown, entered in error.')
    const closed = drawSummary(PERSON, [...Array.from({ length: 6 }, () => NOTHING), { status: 403, body: undefined }])
    expect(closed.structured).toMatchObject({ vitals: [], vitalsFault: 'not accessible' })
  })

  test('counts what was entered in error or refuted', () => {
    const refuted = { ...allergy, verificationStatus: { coding: [{ code: 'refuted' }] } }
    expect(drawn(0, allergy, refuted).notes).toEqual(['Allergies: 1 entered in error or refuted are not shown.'])
  })

  test('names a medication that is a separate record', () => {
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

test('the line about a patient has the name in use, and says that they died and what replaces the record', () => {
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

test('notes that do not fit are counted', () => {
  expect(shortNotes(['a', 'b'], 100)).toEqual(['a', 'b'])
  expect(shortNotes(['a'.repeat(50), 'b'.repeat(60), 'c'], 100)).toEqual(['a'.repeat(50), '2 more notes are left out.'])
})

test('a record counts as withdrawn, unreal or in doubt only if it says so', () => {
  expect(stateOf({ resourceType: 'Task', status: 'requested', intent: 'plan' })).toEqual({
    ...{ status: 'requested', withdrawn: false, unreal: false, said: 'requested' },
  })
})
