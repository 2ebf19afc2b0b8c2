// Bodies and conditions as models give them: what is sent, and what is refused before anything is.
import { beforeAll, describe, expect, test } from 'vitest'
import { alice, fhir, SANDBOX, sandbox, signIn, type Tokens } from './world.ts'

let tokens: Tokens
beforeAll(async () => {
  tokens = await signIn(alice)
})
const task = { resourceType: 'Task', status: 'requested', intent: 'order' }

async function call(args: Record<string, unknown>) {
  const { result, requests } = await sandbox.during(() => fhir(tokens.access, args))
  return {
    ...result,
    requests: requests.filter(({ path }) => path !== '/fhir/R4/metadata'),
    json: () => JSON.parse(result.text),
  }
}
const created = async () => (await call({ method: 'POST', path: 'Task', body: task })).json()

describe('taken as meant', () => {
  const batch = {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [{ request: { method: 'GET', url: 'Patient?_count=1' } }],
  }
  test.each([
    ['a lower-case method', { method: 'get', path: 'Task?_summary=count' }, 'GET /fhir/R4/Task?_summary=count'],
    ['url for path', { method: 'GET', url: 'Task?_summary=count' }, 'GET /fhir/R4/Task?_summary=count'],
    ['a leading slash', { method: 'GET', path: '/Task?_summary=count' }, 'GET /fhir/R4/Task?_summary=count'],
    [
      'a full URL',
      { method: 'GET', path: `${SANDBOX}fhir/R4/Task?_summary=count` },
      'GET /fhir/R4/Task?_summary=count',
    ],
    [
      'a null body',
      { method: 'GET', path: 'Task?_summary=count', body: null, ifMatch: null, offset: null },
      'GET /fhir/R4/Task?_summary=count',
    ],
    ['a Bundle without a path', { method: 'POST', body: batch }, 'POST /fhir/R4'],
    ['a Bundle as text without a path', { method: 'POST', body: JSON.stringify(batch) }, 'POST /fhir/R4'],
  ])('%s', async (_, args, sent) => {
    const { requests, isError, text } = await call(args)
    expect(isError, text).toBe(false)
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([sent])
  })
})

describe('refused before anything is sent', () => {
  const large = { ...task, description: 'x'.repeat(1_100_000) }
  test.each([
    ['a body to read with', { method: 'GET', path: 'Task', body: task }, /`body`/],
    [
      'an unknown content type',
      { method: 'POST', path: 'Task', body: 'x', contentType: 'pdf' },
      /`contentType`.*application\/pdf/,
    ],
    [
      'a header in a content type',
      { method: 'POST', path: 'Binary', body: 'x', contentType: 'text/plain;\r\nx=y' },
      /`contentType`/,
    ],
    [
      'HL7 without MSH',
      { method: 'POST', path: 'Bot/1/$execute', body: 'PID|1', contentType: 'x-application/hl7-v2+er7' },
      /MSH\|/,
    ],
    [
      'bad base64',
      { method: 'POST', path: 'Binary', body: 'ab=', contentType: 'application/pdf' },
      /`body` must be base64/,
    ],
    ['broken JSON', { method: 'POST', path: 'Task', body: '{"a": x}' }, /`body`.*position 6 \(line 1, column 7\)/],
    ['a body too large', { method: 'POST', path: 'Task', body: large }, /`body`.*1 MB/],
    ['ifMatch to read', { method: 'GET', path: 'Task/1', ifMatch: '1' }, /`ifMatch`.*PUT Task\/ID/],
    ['ifMatch to create', { method: 'POST', path: 'Task', body: task, ifMatch: '1' }, /`ifMatch`/],
    ['a header in ifMatch', { method: 'DELETE', path: 'Task/1', ifMatch: '1\r\nx-evil: 1' }, /`ifMatch`/],
    [
      'ifMatch to delete by search',
      { method: 'DELETE', path: 'Task?identifier=http://x|1', ifMatch: '1' },
      /`ifMatch`.*Task\/ID/,
    ],
    ['ifMatch on an operation', { method: 'DELETE', path: 'Bot/1/$execute', ifMatch: '1' }, /`ifMatch`.*Task\/ID/],
    [
      'ifNoneExist to update',
      { method: 'PUT', path: 'Task/1', body: { ...task, id: '1' }, ifNoneExist: 'identifier=x' },
      /`ifNoneExist`.*POST/,
    ],
    [
      'ifNoneExist on an operation',
      { method: 'POST', path: 'Claim/1/$submit', ifNoneExist: 'identifier=x' },
      /`ifNoneExist`/,
    ],
    [
      'ifNoneExist without criteria',
      { method: 'POST', path: 'Task', body: task, ifNoneExist: 'Task?' },
      /`ifNoneExist`.*identifier=/,
    ],
    [
      'a header in ifNoneExist',
      { method: 'POST', path: 'Task', body: task, ifNoneExist: 'identifier=x\r\nx: 1' },
      /`ifNoneExist`/,
    ],
  ])('%s', async (_, args, message) => {
    const { requests, isError, text } = await call(args)
    expect(isError).toBe(true)
    expect(text).toMatch(message)
    expect(text).toContain('Nothing was sent')
    expect(requests).toEqual([])
  })
})

describe('ifMatch', () => {
  test('lets a change of the current version pass, and no other', async () => {
    const { id, meta } = await created()
    const path = `Task/${id}`
    const put = (ifMatch: string) => call({ method: 'PUT', path, body: { ...task, id, priority: 'asap' }, ifMatch })
    const first = await put(`W/"${meta.versionId}"`)
    expect(first.isError).toBe(false)
    expect((await put(meta.versionId)).text).toContain('HTTP 412')
    const body = [{ op: 'replace', path: '/status', value: 'completed' }]
    const stale = await call({ method: 'PATCH', path, body, ifMatch: meta.versionId })
    expect(stale.isError).toBe(true)
    const gone = await call({ method: 'DELETE', path, ifMatch: meta.versionId })
    expect(gone.text).toContain('Nothing was deleted')
    expect(gone.requests.map(({ method }) => method)).toEqual(['GET'])
    const now = (await call({ method: 'GET', path })).json()
    expect(now).toMatchObject({ status: 'requested', meta: { versionId: first.json().meta.versionId } })
    expect((await call({ method: 'PATCH', path, body, ifMatch: now.meta.versionId })).json().status).toBe('completed')
    const last = (await call({ method: 'GET', path })).json().meta.versionId
    expect((await call({ method: 'DELETE', path, ifMatch: `"${last}"` })).isError).toBe(false)
    expect((await call({ method: 'GET', path })).text).toContain('HTTP 410')
  })
})

test('ifNoneExist creates what is new, gives what exists, and refuses where several do', async () => {
  const value = crypto.randomUUID()
  const body = { ...task, identifier: [{ system: 'http://x', value }] }
  const create = (ifNoneExist?: string) =>
    call({ method: 'POST', path: 'Task', body, ...(ifNoneExist && { ifNoneExist }) })
  const criteria = `identifier=http://x|${value}`
  const first = (await create(criteria)).json()
  expect((await create(`Task?${criteria}`)).json().id).toBe(first.id)
  await create()
  expect((await create(criteria)).text).toContain('HTTP 412')
})

test('what is sent arrives with its type', async () => {
  const file = await call({ method: 'POST', path: 'Binary', body: 'x'.repeat(1_000_000), contentType: 'text/plain' })
  expect(file.isError, file.text).toBe(false)
  expect(file.requests[0]?.headers['content-type']).toBe('text/plain')
})
