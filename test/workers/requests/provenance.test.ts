// What the model writes is labelled as AI work, and a Provenance names the person and the client; nothing else changes.
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { bundleOf, DELETE, entryFor, GET, PATCH, POST, PUT } from '../../calls.ts'
import { deployment, type Said, say } from '../world/deployment.ts'
import { create, medplumToken, type Resource } from '../world/medplum.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { SANDBOX, sandbox } from '../world/world.ts'

const LABEL = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'AIAST',
  display: 'Artificial Intelligence asserted',
}
const RESTRICTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }

const labelling = deployment({ AI_TAG: 'on' })
const recording = deployment({ AI_TAG: 'on', AI_PROVENANCE: 'on' })

let tokens: Tokens
let direct: string
beforeAll(async () => {
  tokens = await signIn()
  direct = await medplumToken()
})
afterEach(() => sandbox.clearFaults())

function call(args: Record<string, unknown>, ask = labelling): Promise<Said> {
  return say(ask, tokens.access, 'fhir-request', { format: 'json', ...args })
}

async function written(args: Record<string, unknown>, ask = labelling): Promise<Resource> {
  const { isError, text } = await call(args, ask)
  if (isError) throw new Error(text)
  return JSON.parse(text)
}

async function stored(reference: string): Promise<Resource> {
  const response = await fetch(`${SANDBOX}fhir/R4/${reference}`, { headers: { authorization: `Bearer ${direct}` } })
  return response.json()
}

const labels = ({ meta }: Resource) => (meta as { security?: object[] }).security
const versionOf = ({ meta }: Resource) => (meta as { versionId: string }).versionId
const family = (name: string) => ({ resourceType: 'Patient', name: [{ family: name }] })

describe('the label', () => {
  test('is on what is created, by default and unless it is switched off', async () => {
    const body = family('Labelled')
    expect(labels(await stored(`Patient/${(await written(POST('Patient', body))).id}`))).toEqual([LABEL])
    const byDefault = deployment({ AI_TAG: '' })
    expect(labels(await written(POST('Patient', body), byDefault))).toEqual([LABEL])
    const off = deployment({ AI_TAG: 'off' })
    expect(labels(await written(POST('Patient', body), off))).toBeUndefined()
  })

  test('is on what is replaced, once, and replacing by the same content makes no version', async () => {
    const before = await create(direct, { ...family('Replaced'), meta: { security: [RESTRICTED] } })
    const put = (body: object) => written(PUT(`Patient/${before.id}`, body))
    const first = await put({ ...before, active: true })
    expect(labels(first)).toEqual([RESTRICTED, LABEL])
    const second = await put(first)
    expect(labels(second)).toEqual([RESTRICTED, LABEL])
    expect(versionOf(second)).toBe(versionOf(first))
  })

  test('is on what a patch changes, whether or not there are labels', async () => {
    const bare = await create(direct, family('Bare'))
    const restricted = await create(direct, { ...family('Restricted'), meta: { security: [RESTRICTED] } })
    const body = [{ op: 'add', path: '/active', value: true }]
    for (const [{ id }, expected] of [
      [bare, [LABEL]],
      [restricted, [RESTRICTED, LABEL]],
      [bare, [LABEL]],
    ] as const) {
      const answer = await call(PATCH(`Patient/${id}`, body))
      expect(answer.isError).toBe(false)
      expect(answer.all).not.toContain('AIAST) to the record')
      expect(labels(await stored(`Patient/${id}`))).toEqual(expected)
    }
  })

  test('is on what a conditional patch changes', async () => {
    const value = crypto.randomUUID()
    const { id } = await create(direct, { ...family('Sought'), identifier: [{ system: 'http://x.example', value }] })
    const path = `Patient?identifier=http://x.example|${value}`
    await written(PATCH(path, [{ op: 'add', path: '/active', value: true }]))
    expect(await stored(`Patient/${id}`)).toMatchObject({ active: true, meta: { security: [LABEL] } })
  })

  test('keeps a patch as strict as it was: a stale version, a failed test, a missing record', async () => {
    const before = await create(direct, family('Strict'))
    const path = `Patient/${before.id}`
    const body = [{ op: 'add', path: '/active', value: true }]
    const changed = await written(PATCH(path, body, { ifMatch: versionOf(before) }))
    const stale = await call(PATCH(path, body, { ifMatch: versionOf(before) }))
    expect(stale.isError).toBe(true)
    const failed = await call(PATCH(path, [{ op: 'test', path: '/active', value: false }, ...body]))
    expect(failed.isError).toBe(true)
    expect(versionOf(await stored(path))).toBe(versionOf(changed))
    expect((await call(PATCH(`Patient/${crypto.randomUUID()}`, body))).text).toContain('404')
  })

  test('is added to a record that others change meanwhile', async () => {
    const { id } = await create(direct, family('Contended'))
    const path = `Patient/${id}`
    // All three read the record before the first changes it.
    await sandbox.faults([{ method: 'PATCH', path: `/Patient/${id}$`, delayMs: 300, times: 3 }])
    const { result, requests } = await sandbox.during(() =>
      Promise.all(
        ['gender', 'birthDate', 'active'].map((name, index) =>
          call(PATCH(path, [{ op: 'add', path: `/${name}`, value: ['other', '1970-01-01', true][index] }])),
        ),
      ),
    )
    expect(result.map(({ isError }) => isError)).toEqual([false, false, false])
    expect(requests.filter(({ method }) => method === 'PATCH').length).toBeGreaterThan(3)
    const after = await stored(path)
    expect(after).toMatchObject({ gender: 'other', birthDate: '1970-01-01', active: true })
    expect(labels(after)).toEqual([LABEL])
  })

  test('does not send a patch again that Medplum refuses for another reason', async () => {
    const { id } = await create(direct, family('Refused'))
    await sandbox.faults([{ method: 'PATCH', path: `/Patient/${id}$`, status: 400, times: 1 }])
    const body = [{ op: 'add', path: '/active', value: true }]
    const { result, requests } = await sandbox.during(() => call(PATCH(`Patient/${id}`, body)))
    expect(result.isError).toBe(true)
    expect(requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1)
  })

  test('is missing after a patch of the labels themselves, and the answer says so', async () => {
    const { id } = await create(direct, { ...family('Relabelled'), meta: { security: [LABEL] } })
    const body = [{ op: 'replace', path: '/meta/security', value: [RESTRICTED] }]
    const answer = await call(PATCH(`Patient/${id}`, body))
    expect(answer.all).toContain('did not add the label')
    expect(labels(await stored(`Patient/${id}`))).toEqual([RESTRICTED])
  })

  test('is on what a batch creates and replaces', async () => {
    const before = await create(direct, family('Batched'))
    const entry = [
      entryFor('POST', 'Patient', family('Batched')),
      entryFor('PUT', `Patient/${before.id}`, { ...before, active: true }),
      entryFor('GET', `Patient/${before.id}`),
    ]
    const answer = await written(POST('', bundleOf('batch', entry)))
    const [made, replaced] = answer.entry as { resource: Resource }[]
    expect(labels(made?.resource as Resource)).toEqual([LABEL])
    expect(labels(replaced?.resource as Resource)).toEqual([LABEL])
  })

  test('is not on what a batch patches, and the answer says so', async () => {
    const { id } = await create(direct, family('Patched'))
    const part = [
      { name: 'op', valueCode: 'add' },
      { name: 'path', valueString: '/active' },
      { name: 'value', valueString: 'true' },
    ]
    const resource = { resourceType: 'Parameters', parameter: [{ name: 'operation', part }] }
    const entry = [entryFor('PATCH', `Patient/${id}`, resource)]
    const answer = await call(POST('', bundleOf('batch', entry)))
    expect(answer.all).toContain('PATCH entries of a Bundle do not add the label')
    const after = await stored(`Patient/${id}`)
    expect(after.active).toBe(true)
    expect(labels(after)).toBeUndefined()
  })

  test('can be searched for', async () => {
    const { id } = await written(POST('Patient', family('Found')))
    const bare = await create(direct, family('Unfound'))
    const found = await stored(`Patient?_security=AIAST&_id=${id},${bare.id}`)
    expect((found.entry as { resource: Resource }[]).map(({ resource }) => resource.id)).toEqual([id])
  })

  test('leaves conditional creates, checks and files as they are', async () => {
    const value = crypto.randomUUID()
    const body = { ...family('Once'), identifier: [{ system: 'http://x.example', value }] }
    const once = POST('Patient', body, { ifNoneExist: `identifier=http://x.example|${value}` })
    const first = await written(once)
    expect(versionOf(await written(once))).toBe(versionOf(first))
    expect((await call(POST('Patient/$validate', body))).text).not.toContain('AIAST')
    const file = await written(POST('Binary', 'text', { contentType: 'text/plain' }))
    expect(labels(file)).toBeUndefined()
  })
})

describe('the Provenance', () => {
  const of = async (reference: string): Promise<Resource[]> => {
    const found = await stored(`Provenance?target=${reference}`)
    return ((found.entry ?? []) as { resource: Resource }[]).map(({ resource }) => resource)
  }

  test('names version, person and client', async () => {
    const made = await written(POST('Patient', family('Recorded')), recording)
    const [found, ...more] = await of(`Patient/${made.id}/_history/${versionOf(made)}`)
    expect(more).toEqual([])
    expect(found).toMatchObject({
      target: [{ reference: `Patient/${made.id}/_history/${versionOf(made)}` }],
      reason: [{ coding: [LABEL] }],
      agent: [{ who: { reference: expect.stringMatching(/^Practitioner\//) } }, { who: { display: 'Test client' } }],
    })
  })

  test('is one for a batch, and none for reads, deletions, unchanged records and a Provenance', async () => {
    const sent = async (args: Record<string, unknown>) => {
      const { result, requests } = await sandbox.during(() => call(args, recording))
      expect(result.isError, result.text).toBe(false)
      return requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/Provenance')).length
    }
    const entry = ['A', 'B'].map((name) => entryFor('POST', 'Patient', family(name)))
    expect(await sent(POST('', bundleOf('batch', entry)))).toBe(1)
    const { id } = await create(direct, family('Deleted'))
    expect(await sent(GET(`Patient/${id}`))).toBe(0)
    expect(await sent(DELETE(`Patient/${id}`))).toBe(0)
    const who = { reference: 'Practitioner/1' }
    const body = {
      resourceType: 'Provenance',
      target: [{ reference: `Patient/${id}` }],
      recorded: '2026-01-01T00:00:00Z',
      agent: [{ who }],
    }
    expect(await sent(POST('Provenance', body))).toBe(1 /* the request itself */)
  })

  test.each([{ status: 403 }, { drop: 'body' }])('that fails (%j) is a note beside the success', async (fault) => {
    await sandbox.faults([{ method: 'POST', path: '/Provenance$', ...fault }])
    const answer = await call(POST('Patient', family('Unrecorded')), recording)
    expect(answer.isError).toBe(false)
    expect(JSON.parse(answer.text)).toMatchObject({ resourceType: 'Patient' })
    expect(answer.all).toContain('its Provenance was not recorded')
  })

  test('is not written unless switched on', async () => {
    const { requests } = await sandbox.during(() => call(POST('Patient', family('Plain'))))
    expect(requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })
})
