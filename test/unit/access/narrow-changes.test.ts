// A connection narrowed to one patient: no change reaches a record of another, or refers to one.
import { describe, expect, test } from 'vitest'
import { ANOTHER } from '../../../src/access/narrow/patient-compartment.ts'
import {
  bundle,
  group,
  type Json,
  MINE,
  mine,
  OTHER,
  OWN,
  observation,
  pass,
  patient,
  request,
  sentFor,
  theirs,
} from './narrowing.ts'
import { noted, PATCHES, SEARCHES } from './narrowing-searches.ts'

const STORED_FILE = 'https://storage.x/binary/abc/def?Signature=1'
const MEDIA = { resourceType: 'Media', subject: MINE, content: { url: `https://files.x/${OTHER}/1?Signature=1` } }
const document = (more: Json): Json => ({ resourceType: 'DocumentReference', subject: MINE, ...more })

describe('one patient: changes', () => {
  const about = (subject: Json, more: Json = {}): Json => ({
    ...{ resourceType: 'Observation', status: 'final', subject },
    ...more,
  })
  const their = { reference: `Patient/${OTHER}` }
  const amended = [{ op: 'replace', path: '/status', value: 'amended' }]
  test.each<[what: string, request: string, body: unknown, sent?: 'absent']>([
    ['create for another', 'POST Observation', about(their)],
    ['create for nobody', 'POST Observation', { resourceType: 'Observation', status: 'final' }],
    ['create by a search', 'POST Observation', about({ reference: 'Patient?identifier=x' })],
    ['create by a full address', 'POST Observation', about({ reference: `https://x/fhir/R4/Patient/${OWN}` })],
    ['create of another type', 'POST Observation', about(MINE, { resourceType: 'Task' })],
    ['create of a Patient', 'POST Patient', { resourceType: 'Patient', id: OWN }],
    ['create of what is not kept by patient', 'POST Organization', { resourceType: 'Organization' }],
    [
      'create that names another elsewhere',
      'POST Observation',
      about(MINE, { extension: [{ valueReference: their }] }),
    ],
    [
      'create that names a file, which could be anybody’s',
      'POST DocumentReference',
      document({ content: [{ attachment: { url: STORED_FILE } }] }),
    ],
    ['create that names a file of another storage', 'POST Media', MEDIA],
    [
      'create that names a file in an element of another datatype',
      'POST Observation',
      about(MINE, { extension: [{ path: `Binary/${OTHER}` }] }),
    ],
    ['create with a search beside it', 'POST Observation?code=x', about(MINE)],
    ['update that moves', 'PUT Observation/mine', observation('mine', `Patient/${OTHER}`)],
    ['update that takes', 'PUT Observation/theirs', observation('theirs', `Patient/${OWN}`), 'absent'],
    ['update under another id', 'PUT Observation/mine', { ...mine, id: 'theirs' }],
    ['update to another type', 'PUT Observation/mine', { resourceType: 'Task', id: 'mine', for: MINE }],
    ['update of a shared record', 'PUT Appointment/group', { ...group }],
    ['conditional update', 'PUT Observation?code=x', mine],
    ['patch of another', 'PATCH Observation/theirs', amended, 'absent'],
    ...[
      { op: 'replace', path: '/subject/reference', value: `Patient/${OTHER}` },
      { op: 'replace', path: '', value: theirs },
      { op: 'remove', path: '/performer/0' },
      { op: 'move', from: '/subject', path: '/focus/0' },
      { op: 'replace', path: '/id', value: 'theirs' },
      { op: 'add', path: '/focus', value: [their] },
      { op: 'add', path: '/note', value: { url: `Binary/${OTHER}` } },
      { op: 'add', path: '/encounter', value: { reference: 'Encounter?subject=x' } },
      { op: 'add' },
    ].map((one): [string, string, unknown] => [JSON.stringify(one), 'PATCH Observation/mine', [one]]),
  ])('not sent: %s', async (_what, line, body, sent) => {
    expect(await sentFor(patient, line, body)).toBe(sent ?? 'refused')
  })

  test.each<[what: string, request: string, body: unknown]>([
    ['create', 'POST Observation', about(MINE)],
    ['update', 'PUT Observation/mine', { ...mine, status: 'amended' }],
    ['patch', 'PATCH Observation/mine', amended],
    [
      'patch of what says whose it is, to the same',
      'PATCH Observation/mine',
      [{ ...amended[0], path: '/subject', value: MINE }],
    ],
  ])('sent: %s', async (_what, line, body) => {
    expect(`${line.split(' ')[0]} ${await sentFor(patient, line, body)}`).toBe(line)
  })

  test('change only the version that was read', async () => {
    const put = await pass(patient, request('PUT Observation/mine', mine))
    expect(put.sent).toMatchObject({ ifMatch: 'W/"v1"' })
    const patch = await pass(patient, request('PATCH Observation/mine', [{ op: 'remove', path: '/status' }]))
    const data = typeof patch.sent === 'object' ? patch.sent.content?.bytes : undefined
    expect(JSON.parse(new TextDecoder().decode(data))).toEqual([
      { op: 'test', path: '/meta/versionId', value: 'v1' },
      { op: 'remove', path: '/status' },
    ])
  })

  test.each(PATCHES)('a patch whose result asks for a search isn’t sent: %j', async (...operations) => {
    expect(await sentFor(patient, 'PATCH Observation/noted', operations, { 'Observation/noted': noted })).toBe(
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
      const body = about(MINE, { ...(id && { id }), ...more })
      expect(await sentFor(patient, `${method} ${path}`, body)).toBe('refused')
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
    expect(await sentFor(patient, 'POST Observation', about(MINE, more))).toBe('Observation')
  })

  test('what a record already refers to in another way may stay', async () => {
    const old = {
      ...mine,
      focus: [{ reference: 'https://x/Observation/1' }],
      performer: [{ identifier: { value: 'x' } }],
    }
    const before = { 'Observation/mine': old }
    expect(await sentFor(patient, 'PUT Observation/mine', { ...old, status: 'amended' }, before)).toBe(
      'Observation/mine',
    )
    const patch = [{ op: 'replace', path: '/status', value: 'amended' }]
    expect(await sentFor(patient, 'PATCH Observation/mine', patch, before)).toBe('Observation/mine')
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
      const body = document(more)
      expect(await sentFor(patient, 'POST DocumentReference', body)).toBe('refused')
    }
  })

  test('a file that a record of the patient names only in words isn’t the patient’s', async () => {
    const search = `DocumentReference?location=Binary/${OTHER}&_compartment=Patient/${OWN}`
    const held = (more: Json) => ({
      [search]: bundle(document({ id: 'd', ...more })),
    })
    const file = `Binary/${OTHER}`
    expect(await sentFor(patient, `GET ${file}`, undefined, held({ description: file }))).toBe('absent')
    const quoted = held({ content: [{ attachment: { url: `see https://x/${file}` } }] })
    expect(await sentFor(patient, `GET ${file}`, undefined, quoted)).toBe('absent')
    const named = held({ content: [{ attachment: { url: file } }] })
    expect(await sentFor(patient, `GET ${file}`, undefined, named)).toBe(file)
  })

  test('a file that names its patient belongs to that patient alone', async () => {
    const file = (id: string) => ({
      [`Binary/${OTHER}`]: { resourceType: 'Binary', securityContext: { reference: `Patient/${id}` } },
    })
    expect(await sentFor(patient, `GET Binary/${OTHER}`, undefined, file(OWN))).toBe(`Binary/${OTHER}`)
    expect(await sentFor(patient, `GET Binary/${OTHER}`, undefined, file(OTHER))).toBe('absent')
  })

  test('a stored search in the place of a reference may not stay', async () => {
    const old = { ...mine, focus: [{ reference: 'Observation?x' }] }
    expect(await sentFor(patient, 'PUT Observation/mine', old, { 'Observation/mine': old })).toBe('refused')
  })

  test('the answer to a write shows no reference that nobody sent', async () => {
    const body = { ...mine, focus: [{ reference: 'Condition/1' }] }
    const { shown } = await pass(patient, request('PUT Observation/mine', body))
    const meta = { author: { reference: 'Practitioner/1' } }
    const found = { reference: 'Condition/2', display: 'of another' }
    expect(shown?.({ ...body, meta, focus: [{ reference: 'Condition/1' }, found] })).toEqual({
      ...body,
      meta,
      focus: [{ reference: 'Condition/1' }, { display: ANOTHER }],
    })
    expect(shown?.(theirs)).toBeUndefined()
  })

  test('a conditional create is refused: its search covers everybody', async () => {
    const create = { ...request('POST Observation', about(MINE)), ifNoneExist: 'code=x' }
    expect((await pass(patient, create)).sent).toBe('refused')
  })
})
