// Records and abilities as MCP resources, in each era: what is read, kept, completed, and not found.
import { beforeAll, describe, expect, test } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { post, rpc, startSession } from '../world/mcp.ts'
import { allOf, create, medplumToken } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { ask, askModern } from '../world/surface.ts'
import { alice, rita, SANDBOX, sandbox } from '../world/world.ts'

const MARISOL = `Patient/${PATIENT_IDS.diabetic}`
const MISSING = '00000000-0000-4000-8000-000000000000'

let access: string
let token: string
beforeAll(async () => {
  access = (await signIn(alice)).access
  token = await medplumToken()
})

interface Content {
  uri: string
  mimeType?: string
  text?: string
  blob?: string
}

async function read(uri: string, as = access): Promise<Content> {
  const { result, error } = await ask(as, 'resources/read', { uri })
  if (!result) throw new Error(`${error?.code}: ${error?.message}`)
  const contents = result.contents as Content[]
  expect(contents).toHaveLength(1)
  return contents[0] as Content
}

const readModern = (uri: string) => askModern(access, 'resources/read', { uri }, uri)

describe('lists', () => {
  test('name what there is, with nothing to subscribe to', async () => {
    expect((await ask(access, 'resources/list')).result?.resources).toEqual([
      expect.objectContaining({ uri: 'ui://medplum-mcp/show.html', mimeType: 'text/html;profile=mcp-app' }),
      expect.objectContaining({ uri: 'fhir:///metadata', name: 'metadata', mimeType: 'text/plain' }),
    ])
    expect((await ask(access, 'resources/templates/list')).result?.resourceTemplates).toEqual([
      expect.objectContaining({ uriTemplate: 'skill://{+path}' }),
      expect.objectContaining({ uriTemplate: 'fhir:///{type}/{id}', mimeType: 'application/fhir+json' }),
      expect.objectContaining({ uriTemplate: 'fhir:///{type}', mimeType: 'text/plain' }),
    ])
    const { result } = await askModern(access, 'server/discover')
    expect(result?.capabilities).toMatchObject({
      tools: { listChanged: false },
      resources: { listChanged: false },
      prompts: { listChanged: false },
      completions: {},
    })
    expect(result?.capabilities).not.toHaveProperty('resources.subscribe')
  })

  test.each(['resources/list', 'resources/templates/list', 'prompts/list', 'tools/list'])(
    '%s may be cached by everybody',
    async (method) => {
      expect((await askModern(access, method)).result).toMatchObject({ ttlMs: 3_600_000, cacheScope: 'public' })
    },
  )
})

describe('a record', () => {
  test('is FHIR JSON, as Medplum has it', async () => {
    const { uri, mimeType, text } = await read(`fhir:///${MARISOL}`)
    expect(uri).toBe(`fhir:///${MARISOL}`)
    expect(mimeType).toBe('application/fhir+json')
    const [stored] = await allOf(token, `Patient?_id=${PATIENT_IDS.diabetic}`)
    expect(JSON.parse(text ?? '')).toEqual(stored)
  })

  test('may not be cached by anybody', async () => {
    expect((await readModern(`fhir:///${MARISOL}`)).result).toMatchObject({ ttlMs: 0, cacheScope: 'private' })
  })

  test('shows no secret and no signed address', async () => {
    const application = await read('fhir:///ClientApplication/5a9d0000-0000-4000-8000-000000000003')
    expect(JSON.parse(application.text ?? '').secret).toBe('(hidden)')
    const [letter] = await allOf(token, `DocumentReference?patient=${MARISOL}&type=57133-1`)
    const document = await read(`fhir:///DocumentReference/${letter?.id}`)
    expect(document.text).toMatch(/"url":"Binary\/[0-9a-f-]{36}"/)
    expect(document.text).not.toContain('Signature')
  })

  test('is read with the rights of whoever asks', async () => {
    const reader = (await signIn(rita)).access
    expect((await read(`fhir:///${MARISOL}`, reader)).text).toBe((await read(`fhir:///${MARISOL}`)).text)
  })

  test('in a session, too', async () => {
    const session = await startSession(access)
    const message = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: `fhir:///${MARISOL}` } }
    const { result } = await rpc(await post(access, message, session))
    expect(result?.contents).toEqual([await read(`fhir:///${MARISOL}`)])
  })

  test('that is too large names the tool to use', async () => {
    const note = Array.from({ length: 60 }, () => ({ text: 'word '.repeat(400) }))
    const { id } = await create(token, { resourceType: 'Communication', status: 'completed', note })
    const { error } = await ask(access, 'resources/read', { uri: `fhir:///Communication/${id}` })
    expect(error?.code).toBe(-32602)
    expect(error?.message).toContain(`fhir-read: Communication/${id}`)
  })
})

describe('a file', () => {
  async function stored(contentType: string, body: string | Uint8Array<ArrayBuffer>): Promise<string> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': contentType }
    const response = await fetch(`${SANDBOX}fhir/R4/Binary`, { method: 'POST', headers, body })
    return (await response.json<{ id: string }>()).id
  }

  test('text is returned as text, anything else as bytes', async () => {
    const text = await stored('text/plain', 'Hello')
    expect(await read(`fhir:///Binary/${text}`)).toEqual({
      uri: `fhir:///Binary/${text}`,
      mimeType: 'text/plain',
      text: 'Hello',
    })
    const bytes = await stored('application/pdf', new Uint8Array([37, 80, 68, 70]))
    expect(await read(`fhir:///Binary/${bytes}`)).toEqual({
      uri: `fhir:///Binary/${bytes}`,
      mimeType: 'application/pdf',
      blob: btoa('%PDF'),
    })
    const image = await stored('image/png', new Uint8Array([1, 2, 3]))
    expect((await read(`fhir:///Binary/${image}`)).blob).toBe('AQID')
  })

  test.each(['text/plain', 'application/pdf'])('of %s that is too large names the tool to use', async (contentType) => {
    const id = await stored(contentType, 'x'.repeat(150_000))
    const { error } = await ask(access, 'resources/read', { uri: `fhir:///Binary/${id}` })
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining(`fhir-read: Binary/${id}`) })
  })
})

describe('abilities', () => {
  test('of a type, in 2 KB', async () => {
    const { mimeType, text = '' } = await read('fhir:///Observation')
    expect(mimeType).toBe('text/plain')
    expect(text).toContain('date: date, value-date')
    expect(new TextEncoder().encode(text).byteLength).toBeLessThanOrEqual(2048)
  })

  test('of the server, in 4 KB', async () => {
    const { text = '' } = await read('fhir:///metadata')
    expect(text).toContain('MedicationRequest')
    expect(new TextEncoder().encode(text).byteLength).toBeLessThanOrEqual(4096)
  })

  test.each(['fhir:///Observation', 'fhir:///metadata'])('%s may be cached by everybody', async (uri) => {
    expect((await readModern(uri)).result).toMatchObject({ ttlMs: 3_600_000, cacheScope: 'public' })
  })
})

describe('a missing resource is -32602 with its address', () => {
  const ADDRESSES = [
    ...[`fhir:///Patient/${MISSING}`, 'fhir:///Patient/not-a-uuid', `fhir:///Nope/${MISSING}`, 'fhir:///Nope'],
    ...['fhir:///patient', 'fhir:///', 'fhir:///Patient?name=vega', 'fhir:///Patient/$everything'],
    ...[`fhir:///${MARISOL}/$everything`, `fhir:///${MARISOL}?_elements=id`, `fhir:///${MARISOL}/_history/1`],
    ...['fhir:///Patient/..%2f..%2fauth%2fme', 'fhir:///job/1', 'fhir://evil.example/Patient/1'],
    ...['https://evil.example/Patient/1', 'file:///etc/passwd'],
  ]

  test.each(ADDRESSES)('%s', async (uri) => {
    for (const { error, result } of [await ask(access, 'resources/read', { uri }), await readModern(uri)]) {
      expect(result).toBeUndefined()
      expect(error).toMatchObject({ code: -32602, data: { uri: expect.any(String) } })
      expect(error?.message).toContain('not found')
    }
  })

  test('a deleted record too', async () => {
    const { id } = await create(token, { resourceType: 'Task', status: 'requested', intent: 'order' })
    await fetch(`${SANDBOX}fhir/R4/Task/${id}`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })
    expect((await ask(access, 'resources/read', { uri: `fhir:///Task/${id}` })).error?.code).toBe(-32602)
  })

  test('no refused address reaches Medplum', async () => {
    const { requests } = await sandbox.during(async () => {
      for (const uri of ['fhir:///Patient/$everything', 'fhir:///Patient/..%2f..%2fauth%2fme', 'fhir:///job/1']) {
        await ask(access, 'resources/read', { uri })
      }
    })
    expect(requests).toEqual([])
  })
})

test('a failure of Medplum is an error with its message', async () => {
  await sandbox.faults([{ path: `^/fhir/R4/${MARISOL}`, status: 500, times: 1 }])
  const { error } = await ask(access, 'resources/read', { uri: `fhir:///${MARISOL}` })
  expect(error).toMatchObject({ code: -32603, message: expect.stringContaining('Medplum answered HTTP 500') })
  await sandbox.clearFaults()
})

describe('completion', () => {
  async function complete(uri: string, name: string, value: string, given: Record<string, string> = {}) {
    const params = { ref: { type: 'ref/resource', uri }, argument: { name, value }, context: { arguments: given } }
    const { result, error } = await ask(access, 'completion/complete', params)
    if (!result) throw new Error(`${error?.code}: ${error?.message}`)
    return result.completion as { values: string[]; total: number; hasMore: boolean }
  }

  test('of a type by its beginning, in upper or lower case', async () => {
    const medication = await complete('fhir:///{type}', 'type', 'medicationR')
    expect(medication).toEqual({ values: ['MedicationRequest'], total: 1, hasMore: false })
    const all = await complete('fhir:///{type}/{id}', 'type', '')
    expect(all.values).toHaveLength(100)
    expect(all).toMatchObject({ total: expect.any(Number), hasMore: true })
    expect((await complete('fhir:///{type}', 'type', 'zz')).values).toEqual([])
  })

  test('of an id by the latest records of the type', async () => {
    const { id } = await create(token, { resourceType: 'Basic', code: { text: 'latest' } })
    const { values } = await complete('fhir:///{type}/{id}', 'id', id.slice(0, 4), { type: 'Basic' })
    expect(values).toContain(id)
    expect(values.every((value) => value.startsWith(id.slice(0, 4)))).toBe(true)
  })

  test.each([
    ['fhir:///{type}/{id}', 'id', '', {}],
    ['fhir:///{type}/{id}', 'id', '', { type: 'Nope' }],
    ['fhir:///{type}/{id}', 'id', '', { type: 'Bot/$execute' }],
    ['fhir:///{type}/{id}', 'constructor', '', {}],
    ['fhir:///metadata', 'type', 'P', {}],
  ])('%s %s %j %j has nothing to propose', async (uri, name, value, given) => {
    expect(await complete(uri, name, value, given)).toEqual({ values: [], total: 0, hasMore: false })
  })

  test.each(['fhir:///{nope}', 'toString'])('of %s is -32602', async (uri) => {
    const params = { ref: { type: 'ref/resource', uri }, argument: { name: 'type', value: '' } }
    expect((await ask(access, 'completion/complete', params)).error?.code).toBe(-32602)
    expect((await askModern(access, 'completion/complete', params)).error?.code).toBe(-32602)
  })

  test('works in 2026-07-28, with the caller’s rights', async () => {
    const params = { ref: { type: 'ref/resource', uri: 'fhir:///{type}/{id}' }, argument: { name: 'id', value: '' } }
    const context = { arguments: { type: 'Patient' } }
    const { result } = await askModern(access, 'completion/complete', { ...params, context })
    expect(result).toMatchObject({ completion: { total: 100, hasMore: false } })
  })
})
