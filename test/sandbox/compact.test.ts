/** The compact form over the whole clinic: nothing is lost except the noise listed here. */
import { readFileSync } from 'node:fs'
import { getAllDataTypes } from '@medplum/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PATIENT_IDS } from '../../sandbox/clinic/index.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import { loadDefinitions } from '../../sandbox/definitions.ts'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'
import { clinicWorld } from '../../sandbox/world.ts'
import { compact } from '../../src/answer/compact/compact.ts'
import { withoutNoise } from '../../src/answer/noise.ts'
import { bundleOf, entryFor } from '../calls.ts'
import { rows } from '../runs.ts'
import { decode } from '../unit/answer/decode.ts'
import { type Answer, type Send, signedIn } from './client.ts'
import { constructed } from './constructed-answers.ts'

type Json = null | boolean | number | string | Json[] | Properties

type Properties = { [name: string]: Json }

/** Where a value is: the objects and lists around it, the innermost first. */
interface Place {
  key: string | number
  value: Json
  around: Json[]
}

const at = (value: Json | undefined, ...path: string[]): Json | undefined =>
  path.reduce<Json | undefined>((one, name) => (isObject(one) ? one[name] : undefined), value)

const isObject = (value: Json | undefined): value is Properties =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const typed = (value: Json | undefined) => (isObject(value) ? value.resourceType : undefined)

const nameOf = (entry: Json | undefined) => `${at(entry, 'resource', 'resourceType')}/${at(entry, 'resource', 'id')}`

const equal = (a: Json | undefined, b: Json) => JSON.stringify(a) === JSON.stringify(b)

/** An entry of a Bundle of this type, as the innermost of these. */
const entryOf = (around: Json[], type?: string) =>
  Array.isArray(around[1]) && typed(around[2]) === 'Bundle' && (!type || at(around[2], 'type') === type)
    ? around[0]
    : undefined

/** The entry of a history, whose resource says which version it is. */
const versionOf = (around: Json[]) => {
  const entry = entryOf(around, 'history')
  return at(entry, 'resource') && `${nameOf(entry)}/_history/${at(entry, 'resource', 'meta', 'versionId')}`
}

/** The noise, each kind in the words of docs/answers.md, with how to recognize it. */
const NOISE: Record<string, (place: Place) => boolean> = {
  '`meta.project` and `meta.compartment`': ({ key, around }) =>
    (key === 'project' || key === 'compartment') &&
    typed(around[1]) !== undefined &&
    at(around[1], 'meta') === around[0],
  '`text.div` and `text.status` of a narrative generated from the data': ({ key, around }) =>
    (key === 'div' || key === 'status') &&
    typed(around[1]) !== undefined &&
    at(around[1], 'text') === around[0] &&
    typeof at(around[0], 'div') === 'string' &&
    ['generated', 'extensions', 'empty', undefined].includes(at(around[0], 'status') as string | undefined),
  'the tracing extension of an OperationOutcome': ({ value, around }) =>
    at(value, 'url') === 'https://medplum.com/fhir/StructureDefinition/tracing' &&
    typed(around[1]) === 'OperationOutcome',
  "all of a Bundle's links except `next`": ({ value, around }) =>
    typed(around[1]) === 'Bundle' && at(around[1], 'link') === around[0] && at(value, 'relation') !== 'next',
  "an entry's `fullUrl` if it ends with type and id": ({ key, value, around }) =>
    key === 'fullUrl' && (value === nameOf(entryOf(around)) || `${value}`.endsWith(`/${nameOf(entryOf(around))}`)),
  'its `search` if it only says that it is a match': ({ key, value, around }) =>
    key === 'search' && entryOf(around) !== undefined && equal(value, { mode: 'match' }),
  'in a history, `request`': ({ key, value, around }) =>
    key === 'request' && equal(value, { method: 'GET', url: versionOf(around) ?? null }),
  '`response` that only repeat which version an entry is': ({ key, value, around }) =>
    key === 'response' && versionOf(around) !== undefined && equal(value, { status: '200' }),
  'an `outcome` that only reports success': ({ key, value, around }) =>
    key === 'outcome' &&
    entryOf(around.slice(1)) !== undefined &&
    ['ok', 'created'].includes(at(value, 'id') as string) &&
    equal(
      (at(value, 'issue') as Json[]).map((issue) => [at(issue, 'code') ?? null, at(issue, 'diagnostics') ?? null]),
      [['informational', null]],
    ),
}

const found = new Map(Object.keys(NOISE).map((kind) => [kind, 0]))

/** The value without its noise, and without what is then empty. */
function bare(value: Json, around: Json[] = []): Json | undefined {
  if (typeof value !== 'object' || value === null) return value
  const pairs = Object.entries(value).flatMap(([name, item]): [string, Json][] => {
    const rest = bare(item, [value, ...around])
    if (rest === undefined) return []
    const place = { key: name, value: rest, around: [value, ...around] }
    const kind = Object.entries(NOISE).find(([, isNoise]) => isNoise(place))?.[0]
    if (kind === undefined) return [[name, rest]]
    found.set(kind, (found.get(kind) ?? 0) + 1)
    return []
  })
  const mayGo =
    pairs.length === 0 && Object.keys(value).length > 0 && around.length > 0 && entryOf([value, ...around]) !== value
  if (mayGo) return undefined
  return Array.isArray(value) ? pairs.map(([, item]) => item) : Object.fromEntries(pairs)
}

function expectWhole(body: unknown, name: string): void {
  const { value } = withoutNoise(body)
  expect(value, name).toEqual(bare(body as Json))
  const written = compact(value)
  expect(decode(written), `${name}\n${written}`).toEqual(value)
}

interface Bundle {
  entry?: { resource?: { resourceType: string; id: string } }[]
  link?: { relation: string; url: string }[]
}

const world = clinicWorld().resources

const types = [...new Set(world.map(({ resourceType }) => resourceType))].filter((type) => type !== 'Binary')

/** What the sandbox answered, by path. */
const answers = new Map<string, Bundle[]>()

let sandbox: Sandbox

// Everything is read first: checking takes longer than connections last.
beforeAll(async () => {
  sandbox = await startSandbox()
  const sam = await signedIn(sandbox, SANDBOX_USERS.sam)
  const read = async (path: string) => answers.set(path, await pages(sam, path))
  for (const type of types) await read(`${type}?_count=1000`)
  for (const id of Object.values(PATIENT_IDS)) await read(`Patient/${id}/$everything`)
  const patient = PATIENT_IDS.diabetic
  await read(`Encounter?subject=Patient/${patient}&_include=Encounter:participant&_revinclude=Observation:encounter`)
  const { body } = await sam('GET', `Patient/${patient}`)
  await sam('PUT', `Patient/${patient}`, { ...body, active: false })
  await sam('PUT', `Patient/${patient}`, { ...body, maritalStatus: { text: 'Married' } })
  await read(`Patient/${patient}/_history`)
  const task = { resourceType: 'Task', status: 'draft', intent: 'order' }
  const entry = [
    entryFor('GET', `Patient/${patient}`),
    entryFor('GET', `Observation?subject=Patient/${patient}&_count=30`),
    entryFor('GET', 'Patient/nobody'),
    entryFor('POST', 'Task', task),
  ]
  answers.set('a batch', [(await sam<Bundle>('POST', '', bundleOf('batch', entry))).body])
  answers.set('an error', [(await sam<Bundle>('GET', 'Patient?foo=bar')).body])
}, 120_000)

afterAll(() => sandbox.close())

async function pages(send: Send, path: string): Promise<Bundle[]> {
  const all: Bundle[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const answer: Answer<Bundle> = await send<Bundle>('GET', next)
    expect(answer.status, next).toBe(200)
    all.push(answer.body)
    next = answer.body.link?.find(({ relation }) => relation === 'next')?.url
  }
  return all
}

describe('the compact form', () => {
  it('of all the sandbox’s answers can be decoded: every type, charts, included resources, histories, batches', () => {
    for (const [path, bodies] of answers) for (const body of bodies) expectWhole(body, path)
    const read = types.flatMap((type) => answers.get(`${type}?_count=1000`) ?? [])
    const met = new Set(read.flatMap(({ entry = [] }) => entry.map(({ resource }) => resource?.id)))
    expect(world.filter(({ resourceType, id }) => resourceType !== 'Binary' && !met.has(id))).toEqual([])
    expect(answers.get(`Patient/${PATIENT_IDS.diabetic}/_history`)).toHaveProperty('0.entry.length', 3)
  }, 120_000)

  it('of every single record can be decoded', () => {
    expect(world.length).toBeGreaterThan(11_000)
    for (const resource of rows(world)) expectWhole(resource, `${resource.resourceType}/${resource.id}`)
  }, 120_000)

  it.each(Object.entries(constructed()))('of %s can be decoded', (name, body) => expectWhole(body, name))

  it('keeps every property that a type has, except those', () => {
    loadDefinitions()
    const schemas = Object.entries(getAllDataTypes()).filter(([, { kind }]) => kind === 'resource')
    expect(schemas.length).toBeGreaterThan(140)
    for (const [resourceType, { elements }] of schemas) {
      const body = { ...Object.fromEntries(Object.keys(elements).map((name) => [name, 'x'])), resourceType }
      expect(withoutNoise(body).value, resourceType).toEqual(body)
    }
  })

  it('loses what docs/answers.md says', () => {
    const told = readFileSync('docs/answers.md', 'utf8').split('\n## Noise\n')[1]?.split('\n## ')[0] ?? ''
    for (const kind of Object.keys(NOISE)) expect(told.replaceAll(/\s+/g, ' ')).toContain(kind)
  })

  it('met every kind of noise', () => {
    expect([...found].filter(([, count]) => count === 0)).toEqual([])
  })
})
