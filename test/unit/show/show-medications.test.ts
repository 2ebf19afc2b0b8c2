// What `show` draws of medications: from when until when, and which of them at all.
import { describe, expect, test } from 'vitest'
import { coursesIn, courseTime } from '../../../src/tools/show/courses.ts'
import type { Timeline, Trend } from '../../../src/tools/show/shown.ts'
import { drawTimeline } from '../../../src/tools/show/timeline.ts'
import { drawTrend } from '../../../src/tools/show/trend.ts'
import { found, NOTHING, PERSON, type Resource } from './showing.ts'

const REQUEST = { resourceType: 'MedicationRequest', id: 'm', status: 'active', intent: 'order', authoredOn: '2024' }

describe('the time of a medication', () => {
  const request = (more: Resource) =>
    courseTime({ resourceType: 'MedicationRequest', authoredOn: '2024-01-01', ...more })
  const bounds = (...periods: Resource[]) => periods.map((boundsPeriod) => ({ timing: { repeat: { boundsPeriod } } }))
  const days = { timing: { repeat: { boundsDuration: { value: 10, unit: 'd' } } } }
  const range = { timing: { repeat: { boundsRange: { low: { value: 5, unit: 'd' }, high: { value: 7, unit: 'd' } } } } }

  test.each<[string, unknown, unknown]>([
    [
      'covers all parts of a tapered dose',
      request({
        dosageInstruction: bounds(
          { start: '2024-01-11', end: '2024-01-20' },
          { start: '2024-01-05', end: '2024-01-10' },
        ),
      }),
      { from: '2024-01-05', to: '2024-01-20' },
    ],
    [
      'has no end if one part has none, even if the dispense has one',
      request({
        dosageInstruction: bounds({ start: '2024-02-05' }, { end: '2024-03-01' }),
        dispenseRequest: { validityPeriod: { end: '2024-03-01' } },
      }),
      { from: '2024-02-05' },
    ],
    ['has its length as a remark', request({ dosageInstruction: [days] }), { from: '2024-01-01', remark: 'for 10 d' }],
    [
      'has several lengths as one remark',
      request({ dosageInstruction: [days, range] }),
      { from: '2024-01-01', remark: 'for 10 d and 5 d to 7 d' },
    ],
    [
      'ends with the dispense if nothing else is known, and says so',
      request({ dispenseRequest: { validityPeriod: { end: '2024-03-01' } } }),
      { from: '2024-01-01', to: '2024-03-01', remark: 'authorized supply period' },
    ],
    [
      'is the period of a statement',
      courseTime({ resourceType: 'MedicationStatement', effectivePeriod: { start: '2020', end: '2021' } }),
      { from: '2020', to: '2021' },
    ],
    [
      'is unknown for a statement that was only asserted',
      courseTime({ resourceType: 'MedicationStatement', dateAsserted: '2020' }),
      undefined,
    ],
  ])('%s', (_what, time, wanted) => {
    expect(time).toEqual(wanted)
  })
})

describe('a medication', () => {
  const statement = { resourceType: 'MedicationStatement', effectiveDateTime: '2020' }

  test.each<[string, Resource, object]>([
    ['active', {}, { active: true }],
    ['on hold', { status: 'on-hold' }, { active: false, remark: 'on-hold' }],
    ['stopped', { status: 'stopped' }, { active: false, remark: 'stopped' }],
    ['reported', statement, { active: true, remark: 'reported' }],
  ])('that is %s is drawn', (_what, more, course) => {
    const { courses, left } = coursesIn([{ ...REQUEST, ...more }], PERSON)
    expect([courses, left]).toEqual([[expect.objectContaining(course)], 0])
  })

  test.each<[string, Resource]>([
    ...['cancelled', 'draft', 'unknown', 'entered-in-error'].map((status): [string, Resource] => [status, { status }]),
    ['planned', { intent: 'plan' }],
    ['prohibited', { doNotPerform: true }],
    ['not taken', { ...statement, status: 'not-taken' }],
  ])('that is %s is counted, not drawn', (_what, more) => {
    const { courses, left } = coursesIn([{ ...REQUEST, ...more }], PERSON)
    expect([courses, left]).toEqual([[], 1])
  })

  test('or a visit of somebody who has died does not continue until today', () => {
    expect(coursesIn([REQUEST], { ...PERSON, deceased: true }).courses[0]).toMatchObject({ active: false })
    const encounter = { resourceType: 'Encounter', status: 'in-progress', period: { start: '2024' } }
    const { lanes } = drawTimeline({ ...PERSON, deceased: true }, [found(encounter)]).structured as Timeline
    expect(lanes[0]?.events).toHaveLength(1)
    expect(lanes[0]?.events[0]).not.toHaveProperty('active')
  })

  test('that could not be read or drawn is reported, not passed off as none', () => {
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
    const orders = Array.from({ length: 50 }, (_, at) => ({ ...REQUEST, id: `m${at}` }))
    const many = drawTrend({ ...none, medications: [found(...orders), NOTHING] })
    const { medications = [] } = many.structured as Trend
    expect(medications.length).toBeLessThan(50)
    expect(many.notes).toContain(
      `${50 - medications.length} medications are not drawn: at most ${medications.length} are.`,
    )
  })
})
