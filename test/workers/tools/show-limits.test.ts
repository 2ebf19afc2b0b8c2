// What `show` does not show: wrong arguments, missing patients, and what a connection may not read.
import { describe, expect, test } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import type { Timeline } from '../../../src/tools/show/shown.ts'
import { create } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { callTool } from '../world/surface.ts'
import { alice, sandbox } from '../world/world.ts'
import { access, MARISOL, medplum, OWN, patientWith, setUp } from './showing.ts'

setUp()

const MISSING = 'Patient/00000000-0000-4000-8000-000000000000'

describe('`show` refuses, with nothing sent,', () => {
  test.each([
    ['a trend without codes', { view: 'trend', patient: MARISOL }, '`codes`'],
    ['a code that is none', { view: 'trend', patient: MARISOL, codes: ['a,b&c'] }, 'is not a code'],
    ['a name for a patient', { view: 'summary', patient: 'Marisol Vega' }, '`patient`'],
    ['a patient that leads elsewhere', { view: 'summary', patient: 'Patient/../Bot' }, '`patient`'],
    ['no patient', { view: 'timeline' }, '`patient`'],
    [
      'an argument of another view',
      { view: 'timeline', patient: MARISOL, codes: ['4548-4'] },
      'timeline has no `codes`',
    ],
    ['a date that is none', { view: 'trend', patient: MARISOL, codes: ['4548-4'], since: 'last year' }, '`since`'],
    ['a table of nothing', { view: 'table' }, '`path`'],
    ['a table that is more than a read', { view: 'table', path: 'Bot/1/$execute' }, 'only reads'],
    ['a column that is none', { view: 'table', path: 'Task', select: ['status..'] }, 'select[0]'],
  ])('%s', async (_what, args, told) => {
    const { result, requests } = await sandbox.during(() => callTool(access, 'show', args))
    expect(result.isError).toBe(true)
    expect(result.content[0]?.text).toMatch(told)
    expect(requests).toEqual([])
  })
})

test.each([{ view: 'summary' }, { view: 'timeline' }, { view: 'trend', codes: ['4548-4'] }])(
  'a patient who does not exist has no %o',
  async (args) => {
    const { isError, content } = await callTool(access, 'show', { patient: MISSING, ...args })
    expect(isError).toBe(true)
    expect(content[0]?.text).toContain(`There is no ${MISSING}`)
  },
)

describe('in a connection narrowed', () => {
  test('to one patient, nothing of another is shown', async () => {
    const narrow = (await signIn(alice, undefined, 'read', { patient: PATIENT_IDS.depressed })).access
    for (const args of [{ view: 'summary' }, { view: 'timeline' }, { view: 'trend', codes: ['4548-4'] }]) {
      const { isError, content, structured } = await callTool(narrow, 'show', { patient: MARISOL, ...args })
      expect(isError, content[0]?.text).toBe(true)
      expect(`${content[0]?.text}${JSON.stringify(structured)}`).not.toMatch(/Vega|HbA1c/)
    }
    const { structured } = await callTool(narrow, 'show', { view: 'table', path: 'Observation?code=4548-4' })
    expect(JSON.stringify(structured)).not.toContain(OWN)
  })

  test('to some types, what may be read is shown, and the rest is reported', async () => {
    const narrow = (await signIn(alice, undefined, 'read', { types: 'Observation, Encounter' })).access
    const trend = await callTool(narrow, 'show', { view: 'trend', patient: MARISOL, codes: ['4548-4'] })
    expect(trend.structured).toMatchObject({ patient: { id: OWN, name: '' }, series: [{ name: 'HbA1c' }] })
    const timeline = await callTool(narrow, 'show', { view: 'timeline', patient: MARISOL })
    const { lanes } = timeline.structured as unknown as Timeline
    expect(lanes.find(({ type }) => type === 'Encounter')?.events.length).toBeGreaterThan(0)
    expect(lanes.find(({ type }) => type === 'Condition')).toMatchObject({ events: [], fault: 'not accessible' })
    expect(timeline.content[0]?.text).toContain('Conditions: not accessible')
  })
})

describe('a medication in a separate record', () => {
  test('is named, and drawn even if the connection may not read such records', async () => {
    const patient = await patientWith('Takes Something', [])
    const { id } = await create(medplum, { resourceType: 'Medication', code: { text: 'Aspirin' } })
    await create(medplum, {
      ...{ resourceType: 'MedicationRequest', status: 'active', intent: 'order', authoredOn: '2024-01-01' },
      ...{ subject: { reference: patient }, medicationReference: { reference: `Medication/${id}` } },
    })
    const named = async (token: string, view: string) => {
      const { structured } = await callTool(token, 'show', { view, patient })
      return JSON.stringify(structured)
    }
    expect(await named(access, 'timeline')).toContain('"name":"Aspirin"')
    expect(await named(access, 'summary')).toContain('"name":"Aspirin"')
    const types = (await signIn(alice, undefined, 'read', { types: 'MedicationRequest' })).access
    expect(await named(types, 'timeline')).toContain(`"name":"Medication/${id}"`)
    const one = (await signIn(alice, undefined, 'read', { patient: patient.split('/')[1] ?? '' })).access
    expect(await named(one, 'timeline')).toContain('"MedicationRequest/')
  })
})
