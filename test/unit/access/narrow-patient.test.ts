// A connection narrowed to one patient: what is sent for a request, and what is shown of an answer.
import { describe, expect, test } from 'vitest'
import { ANOTHER } from '../../../src/access/narrow/patient-compartment.ts'
import { bundle, group, type Json, mine, OTHER, OWN, pass, patient, request, sentFor, theirs } from './narrowing.ts'

describe('one patient: what is sent', () => {
  const compartment = `_compartment=Patient/${OWN}`
  test.each([
    ['GET', 'Observation', `Observation?${compartment}`],
    ['GET', `Observation?subject=Patient/${OTHER}`, `Observation?subject=Patient/${OTHER}&${compartment}`],
    ['GET', `Patient?_id=${OTHER}`, `Patient?_id=${OTHER}&${compartment}`],
    ['GET', `Observation?${compartment}&_count=5`, `Observation?${compartment}&_count=5`],
    ['GET', '?_type=Task,Claim', `?_type=Task,Claim&${compartment}`],
    ['GET', 'Practitioner?name=x', 'Practitioner?name=x'],
    ['GET', 'Observation/mine', 'Observation/mine'],
    ['GET', 'Observation/mine/_history/2', 'Observation/mine/_history/2'],
    ['GET', 'Practitioner/1', 'Practitioner/1'],
    ['GET', `Patient/${OWN}/$everything`, `Patient/${OWN}/$everything`],
    ['GET', `Patient/${OTHER}/$everything`, 'absent'],
    ['GET', `Patient/${OTHER}/$summary`, 'absent'],
    ['GET', 'metadata', 'metadata'],
    ['GET', 'ValueSet/$expand?url=x', 'ValueSet/$expand?url=x'],
    ['DELETE', 'Observation/mine', 'Observation/mine'],
    ['DELETE', 'Observation/theirs', 'absent'],
    ['DELETE', 'Observation/nowhere', 'absent'],
    ['DELETE', 'Appointment/group', 'refused'],
    ['DELETE', 'Observation?code=x', 'refused'],
    ['GET', `Observation?_compartment=Patient/${OTHER}`, 'refused'],
    ['GET', `Observation?${compartment}&_compartment=Patient/${OTHER}`, 'refused'],
    ['GET', `Observation?_compartment:not=Patient/${OTHER}`, 'refused'],
    ['GET', 'Observation?subject:Patient.name=x', 'refused'],
    ['GET', 'Observation?performer.name=x', 'refused'],
    ['GET', 'Practitioner?_has:Patient:general-practitioner:name=x', 'refused'],
    ['GET', 'Observation?_filter=subject%20eq%20x', 'refused'],
    ['GET', 'Practitioner?_revinclude=Patient:general-practitioner', 'refused'],
    ['GET', 'Practitioner?_type=Device', 'refused'],
    ['GET', `Observation?_typ%65=Device`, 'refused'],
    ['GET', 'Observation?x%5B%5D=1', 'refused'],
    ['GET', 'Device', 'refused'],
    ['GET', 'Schedule/1/$find', 'refused'],
    ['GET', 'Bot/1/$execute', 'refused'],
    ['GET', '$graphql?query={PatientList{id}}', 'refused'],
    ['GET', 'Observation/$csv?_fields=id', 'refused'],
    ['GET', `Patient/${OWN}/$graph?graph=x`, 'refused'],
    ['GET', `Patient/${OWN}/$ccda-export`, 'refused'],
    ['GET', '$export', 'refused'],
    ['GET', 'job/1/status', 'refused'],
    ['GET', 'Observation/nowhere?x=/$mine', 'refused'],
    ['GET', 'Observation?_sort=subject:Patient.name', 'refused'],
    ['GET', 'Observation?code=a\\b', 'refused'],
    ['PUT', 'Observation/mine?code=x', 'refused'],
    ['GET', 'patient', 'refused'],
    ['POST', 'Observation/_search', 'refused'],
    ['POST', 'Patient/$match', 'refused'],
    ['POST', '$graphql', 'refused'],
  ] as const)('%s %s: %s', async (method, path, expected) => {
    expect(await sentFor(patient, `${method} ${path}`)).toBe(expected)
  })

  test('a job’s answer would bypass the guard', async () => {
    expect((await pass(patient, { method: 'GET', path: 'Observation', respondAsync: true })).sent).toBe('refused')
  })

  test('says what the connection is limited to', async () => {
    const { why } = await pass({ ...patient, types: ['Task'] }, request('GET Observation'))
    expect(why).toContain(`limited to the records of Patient/${OWN} of the types Task`)
    expect(why).toContain('Nothing was sent.')
  })
})

describe('one patient: what is shown', () => {
  const answer = async (path: string, body: unknown) => {
    const { shown } = await pass(patient, request(`GET ${path}`))
    return shown?.(body)
  }
  test('another patient’s record looks as if it didn’t exist', async () => {
    expect(await answer('Observation/theirs', theirs)).toBeUndefined()
    expect(await answer('Observation/mine', mine)).toEqual(mine)
    expect(await answer('Device/1', mine)).toBeUndefined()
  })

  test('a shared record does not say who the others are', async () => {
    const text = JSON.stringify(await answer('Appointment/group', group))
    expect(text).toContain(`Name of ${OWN}`)
    expect(text).toContain(ANOTHER)
    expect(text).not.toContain(OTHER)
  })

  test.each<[string, Json]>([
    ['by identifier', { focus: [{ type: 'Patient', identifier: { value: OTHER }, display: OTHER }] }],
    ['by identifier in an element for patients', { performer: [{ identifier: { value: OTHER }, display: OTHER }] }],
    ['by an address', { focus: [{ reference: `https://x/Patient/${OTHER}`, display: OTHER }] }],
    ['with a line end', { focus: [{ reference: `Patient/${OTHER}\n`, display: OTHER }] }],
    ['with a fragment', { focus: [{ reference: `Patient/${OTHER}#x`, display: OTHER }] }],
    ['in words around it', { focus: [{ reference: `see Patient/${OTHER} x`, display: OTHER }] }],
  ])('a reference to another is hidden: %s', async (_what, more) => {
    const text = JSON.stringify(await answer('Observation/mine', { ...mine, ...more }))
    expect(text).toContain(ANOTHER)
    expect(text).not.toContain(OTHER)
  })

  test('staff by identifier is shown', async () => {
    const record = { ...mine, performer: [{ type: 'Practitioner', identifier: { value: 'x' } }] }
    expect(await answer('Observation/mine', record)).toEqual(record)
  })

  test('versions from when it belonged to another are left out', async () => {
    const versions = { ...bundle(mine, { ...mine, subject: theirs.subject }), type: 'history' }
    expect(await answer('Observation/mine/_history', versions)).toEqual({
      resourceType: 'Bundle',
      type: 'history',
      entry: [{ resource: mine, search: { mode: 'match' } }],
    })
    expect(await answer('Observation/theirs/_history', { ...bundle(theirs), type: 'history' })).toBeUndefined()
  })

  test('a match whose subject was left out by _elements is shown, an include isn’t', async () => {
    const { subject: _subject, ...bare } = mine
    const found = bundle(bare)
    expect(await answer('Observation?_elements=status', found)).toEqual(found)
    const included = { ...found, entry: [{ resource: bare, search: { mode: 'include' } }] }
    expect(await answer('Observation?_elements=status', included)).toEqual({
      resourceType: 'Bundle',
      type: 'searchset',
      total: 1,
    })
  })
})
