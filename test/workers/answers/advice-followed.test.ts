// Advice is good if following it works: the wrong request is sent, then what the refusal or note suggests, which succeeds.
import { beforeAll, expect, test } from 'vitest'
import { bundleOf, entryFor, GET, PATCH, POST } from '../../calls.ts'
import { deployment, say } from '../world/deployment.ts'
import { create, medplumToken, type Resource } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { alice } from '../world/world.ts'
import { profile, withSlice } from './profiles.ts'

const ask = deployment({})
let access: string
let medplum: string
let patient: Resource

beforeAll(async () => {
  access = (await signIn(alice)).access
  medplum = await medplumToken()
  patient = await create(medplum, { resourceType: 'Patient', name: [{ family: 'Ahrens' }], birthDate: '1990-01-01' })
})

/** What a model reads. */
async function fhir(access: string, args: Record<string, unknown>): Promise<{ isError: boolean; text: string }> {
  const { isError, all } = await say(ask, access, 'fhir-request', args)
  return { isError, text: all }
}

/** The first JSON array or object in a text. */
function jsonIn(text: string): unknown {
  const start = text.search(/\[\{|\{"/)
  for (let end = text.length; start >= 0 && end > start; end--) {
    if (!/[\]}]/.test(text.charAt(end - 1))) continue
    try {
      return JSON.parse(text.slice(start, end))
    } catch {
      // Ends earlier.
    }
  }
  throw new Error(`No JSON in: ${text}`)
}

const fhirPath = (type: string, path: string, more: object[] = []) => ({
  resourceType: 'Parameters',
  parameter: [
    { name: 'operation', part: [{ name: 'type', valueCode: type }, { name: 'path', valueString: path }, ...more] },
  ],
})

const PATCHES: [string, unknown][] = [
  [
    'a FHIRPath Patch that replaces',
    fhirPath('replace', 'Patient.name[0].family', [{ name: 'value', valueString: 'B' }]),
  ],
  [
    'a FHIRPath Patch that adds',
    fhirPath('add', 'Patient', [
      { name: 'name', valueString: 'gender' },
      { name: 'value', valueCode: 'female' },
    ]),
  ],
  ['a FHIRPath Patch that deletes', fhirPath('delete', 'Patient.birthDate')],
  ['a FHIRPath Patch that selects', fhirPath('delete', "Patient.name.where(use='old')")],
  ['one bare operation', { op: 'add', path: '/active', value: true }],
  ['a list under a name', { operations: [{ op: 'add', path: '/active', value: true }] }],
  ['properties to set', { resourceType: 'Patient', active: false }],
  ['properties within properties', { maritalStatus: { text: 'married' } }],
]

test.each(PATCHES)('PATCH with %s', async (_, body) => {
  const call = PATCH(`Patient/${patient.id}`)
  const wrong = await fhir(access, { ...call, body })
  expect(wrong.isError, wrong.text).toBe(true)
  const { id: _id, meta: _meta, ...content } = patient
  const { id } = await create(medplum, content)
  const right = await fhir(access, PATCH(`Patient/${id}`, jsonIn(wrong.text)))
  expect(right.isError, right.text).toBe(false)
})

const BATCHES: [string, Record<string, unknown>][] = [
  ['its patch as a list', entryFor('PATCH', '', [{ op: 'add', path: '/active', value: true }])],
  ['its patch as one operation', entryFor('PATCH', '', { op: 'remove', path: '/name' })],
  ['its patch as properties', entryFor('PATCH', '', { gender: 'other' })],
]

test.each(BATCHES)('a batch entry with %s', async (_, entry) => {
  const { id } = await create(medplum, { resourceType: 'Patient', name: [{ family: 'Ahrens' }] })
  const batch = (resource: unknown) => bundleOf('batch', [entryFor('PATCH', `Patient/${id}`, resource)])
  const wrong = await fhir(access, POST('', batch(entry.resource)))
  expect(wrong.isError, wrong.text).toBe(true)
  const right = await fhir(access, POST('', batch(jsonIn(wrong.text))))
  expect(right.isError, right.text).toBe(false)
  expect(right.text).not.toMatch(/failed/)
})

test.each(['get', 'Get', ' GET'])('a batch entry with method %j', async (method) => {
  const batch = (as: string) => bundleOf('batch', [entryFor(as, 'Patient?_count=1')])
  const wrong = await fhir(access, POST('', batch(method)))
  expect(wrong.isError, wrong.text).toBe(true)
  const meant = /write "method":"(\w+)"/.exec(wrong.text)?.[1] ?? ''
  const right = await fhir(access, POST('', batch(meant)))
  expect(right.isError, right.text).toBe(false)
  expect(right.text).not.toMatch(/failed/)
})

test.each([
  { resource: { resourceType: 'Patient' } },
  { request: { method: 'POST' }, resource: { resourceType: 'Patient' } },
  {},
])('a batch entry %j without a whole request', async (entry) => {
  const batch = (one: unknown) => bundleOf('batch', [one])
  const wrong = await fhir(access, POST('', batch(entry)))
  expect(wrong.isError, wrong.text).toBe(true)
  const shown = jsonIn(wrong.text.replace('{…}', JSON.stringify('resource' in entry && entry.resource)))
  const right = await fhir(access, POST('', batch(shown)))
  expect(right.isError, right.text).toBe(false)
  expect(right.text).not.toMatch(/failed/)
})

test.each([
  ['Observation?patient:Patient.name=zzz', 'Patient?name=zzz'],
  ['Observation?patient.name=zzz', 'Patient?name=zzz'],
  [
    'Encounter?subject:Patient.general-practitioner:Practitioner.name=zzz',
    'Patient?general-practitioner:Practitioner.name=zzz',
  ],
  ['Patient?_has:Observation:patient:code=zzz', 'Observation?code=zzz'],
])('no hits for %s', async (path, first) => {
  const { text } = await fhir(access, GET(path))
  expect(text).toContain(`GET ${first} `)
  const followed = await fhir(access, GET(first))
  expect(followed.isError, followed.text).toBe(false)
})

test('a system that is not a URI: without it the record is found', async () => {
  const value = crypto.randomUUID()
  await create(medplum, { resourceType: 'Patient', identifier: [{ system: 'urn:mrn', value }] })
  const { text } = await fhir(access, GET(`Patient?identifier=mrn|${value}`))
  const instead = /Try (identifier=\S+),/.exec(text)?.[1]
  expect((await fhir(access, GET(`Patient?${instead}`))).text).toContain('urn:mrn')
})

test('a record that lacks a slice of its profile: the profile’s definition makes it valid; without the profile it is stored', async () => {
  const { url, element } = withSlice()
  await create(medplum, profile(url, element))
  const body = { resourceType: 'Patient', meta: { profile: [url] }, identifier: [{ system: 'urn:other', value: '1' }] }
  const call = POST('Patient')
  const wrong = await fhir(access, { ...call, body })
  expect(wrong.isError, wrong.text).toBe(true)
  const [, path = ''] = /GET (StructureDefinition\?\S+)/.exec(wrong.text) ?? []
  const [, mark = ''] = /elements whose id has "(\S+)"/.exec(wrong.text) ?? []
  const select = [`snapshot.element.where(id.contains('${mark}')).fixed`]
  const { text } = await fhir(access, GET(path, { select }))
  const [system = ''] = /urn:\S+/.exec(text) ?? []
  const identifier = [...body.identifier, { system, value: '2' }]
  expect((await fhir(access, { ...call, body: { ...body, identifier } })).isError).toBe(false)
  const { meta: _, ...plain } = body
  expect((await fhir(access, { ...call, body: plain })).isError).toBe(false)
})
