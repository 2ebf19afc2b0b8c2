// Batches in a narrowed connection, and connections narrowed to types.
import { describe, expect, test } from 'vitest'
import type { FhirRequest } from '../../../src/client/request.ts'
import { bundleOf, entryFor } from '../../calls.ts'
import { bundle, type Json, mine, OTHER, OWN, pass, patient, request, sentFor, theirs, types } from './narrowing.ts'
import { noted, PATCHES, SEARCHES } from './narrowing-searches.ts'

describe('a batch', () => {
  const batch = (...entries: object[]) => request('POST ', bundleOf('batch', entries))

  test('is limited entry by entry, and an entry that may not be read gets an answer of its own', async () => {
    const { sent, shown } = await pass(
      patient,
      batch(entryFor('GET', 'Observation'), entryFor('GET', 'Device'), entryFor('GET', 'Observation/theirs')),
    )
    const data = typeof sent === 'object' ? sent.content?.bytes : undefined
    expect(JSON.parse(new TextDecoder().decode(data)).entry.map((one: { request: Json }) => one.request.url)).toEqual([
      `Observation?_compartment=Patient/${OWN}`,
      'Observation/theirs',
    ])
    const answers = [{ resource: bundle(mine) }, { resource: theirs, response: { status: '200' } }]
    expect(shown?.(bundleOf('batch-response', answers))).toMatchObject({
      entry: [{ resource: { total: 1 } }, { response: { status: '403' } }, { response: { status: '404' } }],
    })
    expect(JSON.stringify(shown?.(bundleOf('batch-response', answers)))).not.toContain(OTHER)
  })

  test.each<[string, object]>([
    ['a write to another', entryFor('POST', 'Observation', theirs)],
    ['a PATCH', entryFor('PATCH', 'Observation/mine', { resourceType: 'Binary' })],
    ['GraphQL', entryFor('POST', '$graphql', { query: '{ PatientList { id } }' })],
    ['an entry within an entry', { resource: bundleOf('batch', []) }],
    ['a place outside', entryFor('POST', '../../auth/me', mine)],
    ['a place spelt oddly', entryFor('POST', 'Patien%74', mine)],
  ])('is refused as a whole with %s', async (_what, one) => {
    expect((await pass(patient, batch(entryFor('GET', 'Observation'), one))).sent).toBe('refused')
  })

  test('replaces no other version than the one that was looked at', async () => {
    const { sent } = await pass(patient, batch(entryFor('PUT', 'Observation/mine', mine)))
    expect(sent).toMatchObject({ content: { value: { entry: [{ request: { ifMatch: 'W/"v1"' } }] } } })
  })

  test('may refer to what it creates', async () => {
    const created = (focus: string) => ({
      ...entryFor('POST', 'Observation', { ...mine, focus: [{ reference: focus }] }),
      fullUrl: `urn:uuid:${OTHER}`,
    })
    expect((await pass(patient, batch(created(`urn:uuid:${OTHER}`)))).sent).not.toBe('refused')
    expect((await pass(patient, batch(created(`urn:uuid:${OTHER}?x`)))).sent).toBe('refused')
  })

  test('a deleted record gets the same answer as a missing one', async () => {
    const { shown } = await pass(patient, batch(entryFor('GET', 'Observation/theirs')))
    const gone = { response: { status: '410', outcome: { id: 'gone' } } }
    expect(JSON.stringify(shown?.(bundleOf('batch-response', [gone])))).toMatch(/"status":"404".*not-found/)
  })

  test('gives a read no address that other entries could refer to', async () => {
    const { sent } = await pass(
      patient,
      batch({ ...entryFor('GET', 'Observation/mine'), fullUrl: `urn:uuid:${OTHER}` }),
    )
    expect(JSON.stringify((sent as FhirRequest).content?.value)).not.toContain('urn:uuid')
  })

  test.each(['PUT', 'PATCH', 'DELETE'])('a %s of what a search finds is refused', async (method) => {
    const one = entryFor(
      method,
      'Observation?code=x',
      method === 'PUT' ? mine : { resourceType: 'Binary', data: 'W10=' },
    )
    for (const access of [patient, { ...patient, types: ['Observation'] }]) {
      expect((await pass(access, batch(entryFor('GET', 'Observation'), one))).sent).toBe('refused')
    }
  })

  test('narrowed to types, a PUT of what a search finds goes on within them, and a PATCH doesn’t', async () => {
    const access = types('Observation')
    const one = (method: string, url: string) =>
      batch(entryFor(method, url, method === 'PUT' ? mine : { resourceType: 'Binary' }))
    expect((await pass(access, one('PUT', 'Observation?identifier=x'))).sent).not.toBe('refused')
    for (const [method, url] of [
      ['PATCH', 'Observation?identifier=x'],
      ['PUT', 'Task?identifier=x'],
      ['PUT', 'Observation?encounter.status=x'],
      ['PUT', 'Observation?identifier=x&_type=Task'],
      ['PUT', 'Observation?_has:Task:focus:code=x'],
    ] as const) {
      expect((await pass(access, one(method, url))).sent, `${method} ${url}`).toBe('refused')
    }
  })

  test('has a limited number of changes, and must be a batch', async () => {
    const many = (count: number) =>
      batch(...Array.from({ length: count }, () => entryFor('PUT', 'Observation/mine', mine)))
    expect((await pass(patient, many(20))).sent).not.toBe('refused')
    expect((await pass(patient, many(21))).sent).toBe('refused')
    const collection = bundleOf('collection', [entryFor('GET', 'Observation')])
    expect((await pass(patient, request('POST ', collection))).sent).toBe('refused')
  })

  test('treats another patient’s record as missing', async () => {
    expect((await pass(patient, batch(entryFor('DELETE', 'Observation/theirs')))).sent).toBe('absent')
  })
})

describe('types', () => {
  const access = types('Observation', 'Patient')
  test.each([
    ['GET', 'Observation?subject=Patient/1', 'Observation?subject=Patient/1'],
    ['GET', '?_type=Observation,Patient', '?_type=Observation,Patient'],
    ['GET', 'Patient/1/$everything', 'Patient/1/$everything'],
    ['DELETE', 'Observation/1', 'Observation/1'],
    ['PUT', 'Observation?identifier=x', 'Observation?identifier=x'],
    ['GET', 'metadata', 'metadata'],
    ['GET', 'job/1/status', 'refused'],
    ['DELETE', 'job/1/status', 'refused'],
    ['GET', 'bulkdata/export/1', 'refused'],
    ['GET', 'Task', 'refused'],
    ['GET', '?_type=Observation,Task', 'refused'],
    ['GET', 'Observation?_type=Task', 'refused'],
    ['GET', 'Observation?_type=Patient&_type=Task', 'refused'],
    ['PUT', 'Observation?_type=Task&identifier=x', 'refused'],
    ['GET', 'Observation?subject:Patient.name=x', 'refused'],
    ['GET', 'Patient?_has:Task:patient:code=x', 'refused'],
    ['GET', 'Observation/$csv', 'refused'],
    ['GET', 'Patient/1/$summary', 'refused'],
    ['GET', '$export', 'refused'],
    ['GET', 'Binary/1', 'refused'],
    ['POST', '$graphql', 'refused'],
  ] as const)('%s %s: %s', async (method, path, expected) => {
    expect(await sentFor(access, `${method} ${path}`)).toBe(expected)
  })

  test('a condition of a create can’t exceed the limits', async () => {
    const create = request('POST Observation', mine)
    expect((await pass(access, { ...create, ifNoneExist: 'identifier=x' })).sent).not.toBe('refused')
    expect((await pass(access, { ...create, ifNoneExist: 'encounter:Encounter.status=x' })).sent).toBe('refused')
    const entry = [
      { request: { method: 'POST', url: 'Observation', ifNoneExist: '_has:Task:focus:code=x' }, resource: mine },
    ]
    expect(await sentFor(access, 'POST ', bundleOf('batch', entry))).toBe('refused')
  })

  test('entries of others are left out and counted', async () => {
    const { shown, withheld } = await pass(access, request('GET Observation?_include=Observation:encounter'))
    const other = { resource: { resourceType: 'Encounter', id: '1' }, search: { mode: 'include' } }
    const found = bundle(mine)
    expect(shown?.({ ...found, entry: [...(found.entry as Json[]), other] })).toEqual(found)
    expect(withheld?.()).toBe('Left out: 1 Encounter. This connection is limited to the types Observation, Patient.')
  })

  test.each(SEARCHES)('a body can’t ask for a search in the place of a reference: %j', async (reference) => {
    const body = { resourceType: 'Observation', id: 'mine', contained: [{ encounter: { reference } }] }
    for (const method of ['POST', 'PUT'] as const) {
      const path = method === 'POST' ? 'Observation' : 'Observation/mine'
      expect(await sentFor(access, `${method} ${path}`, body)).toBe('refused')
    }
  })

  test.each(PATCHES)('a patch can’t either: %j', async (...operations) => {
    expect(await sentFor(access, 'PATCH Observation/noted', operations, { 'Observation/noted': noted })).toBe('refused')
  })

  test('a patch is applied to the version for which it was checked', async () => {
    const patch = [{ op: 'add', path: '/note/-', value: { text: 'a question?' } }]
    const { sent } = await pass(access, request('PATCH Observation/noted', patch), { 'Observation/noted': noted })
    expect(sent).toMatchObject({ content: { value: [{ op: 'test', path: '/meta/versionId', value: 'v1' }, ...patch] } })
    expect(await sentFor(access, 'PATCH Observation?code=x', patch)).toBe('refused')
    expect(await sentFor(access, 'PATCH Observation/nowhere', patch)).toBe('absent')
  })

  test('a patch in a batch, whatever carries it, is refused', async () => {
    const data = btoa(JSON.stringify([{ op: 'add', path: '/focus', value: [{ reference: 'Task?status=x' }] }]))
    for (const resource of [
      { resourceType: 'Binary', data },
      { resourceType: 'Parameters', parameter: [] },
    ]) {
      const entry = [entryFor('PATCH', 'Observation/noted', resource)]
      expect(await sentFor(access, 'POST ', bundleOf('batch', entry))).toBe('refused')
    }
  })
})
