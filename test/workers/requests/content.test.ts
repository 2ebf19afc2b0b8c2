// Bodies and conditions as models write them: what is sent, and what is refused before sending.
import { beforeAll, describe, expect, test } from 'vitest'
import { bundleOf, DELETE, entryFor, GET, PATCH, POST, PUT } from '../../calls.ts'
import { fhir } from '../world/mcp.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { alice, SANDBOX, sandbox } from '../world/world.ts'

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
const created = async () => (await call(POST('Task', task))).json()

describe('taken as meant', () => {
  const batch = bundleOf('batch', [entryFor('GET', 'Patient?_count=1')])
  test.each([
    ['a lower-case method', { method: 'get', path: 'Task?_summary=count' }, 'GET /fhir/R4/Task?_summary=count'],
    ['url for path', { method: 'GET', url: 'Task?_summary=count' }, 'GET /fhir/R4/Task?_summary=count'],
    ['a leading slash', GET('/Task?_summary=count'), 'GET /fhir/R4/Task?_summary=count'],
    ['a full URL', GET(`${SANDBOX}fhir/R4/Task?_summary=count`), 'GET /fhir/R4/Task?_summary=count'],
    [
      'a null body',
      GET('Task?_summary=count', { body: null, ifMatch: null, offset: null }),
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
    ['a body to read with', GET('Task', { body: task }), /`body`/],
    ['an unknown content type', POST('Task', 'x', { contentType: 'pdf' }), /`contentType`.*application\/pdf/],
    ['a header in a content type', POST('Binary', 'x', { contentType: 'text/plain;\r\nx=y' }), /`contentType`/],
    ['HL7 without MSH', POST('Bot/1/$execute', 'PID|1', { contentType: 'x-application/hl7-v2+er7' }), /MSH\|/],
    ['bad base64', POST('Binary', 'ab=', { contentType: 'application/pdf' }), /`body` must be base64/],
    ['broken JSON', POST('Task', '{"a": x}'), /`body`.*position 6 \(line 1, column 7\)/],
    ['a body too large', POST('Task', large), /`body`.*1 MB/],
    ['ifMatch to read', GET('Task/1', { ifMatch: '1' }), /`ifMatch`.*PUT Task\/ID/],
    ['ifMatch to create', POST('Task', task, { ifMatch: '1' }), /`ifMatch`/],
    ['a header in ifMatch', DELETE('Task/1', { ifMatch: '1\r\nx-evil: 1' }), /`ifMatch`/],
    ['ifMatch to delete by search', DELETE('Task?identifier=http://x|1', { ifMatch: '1' }), /`ifMatch`.*Task\/ID/],
    ['ifMatch on an operation', DELETE('Bot/1/$execute', { ifMatch: '1' }), /`ifMatch`.*Task\/ID/],
    [
      'ifNoneExist to update',
      PUT('Task/1', { ...task, id: '1' }, { ifNoneExist: 'identifier=x' }),
      /`ifNoneExist`.*POST/,
    ],
    [
      'ifNoneExist on an operation',
      { method: 'POST', path: 'Claim/1/$submit', ifNoneExist: 'identifier=x' },
      /`ifNoneExist`/,
    ],
    ['ifNoneExist without criteria', POST('Task', task, { ifNoneExist: 'Task?' }), /`ifNoneExist`.*identifier=/],
    ['a header in ifNoneExist', POST('Task', task, { ifNoneExist: 'identifier=x\r\nx: 1' }), /`ifNoneExist`/],
  ])('%s', async (_, args, message) => {
    const { requests, isError, text } = await call(args)
    expect(isError).toBe(true)
    expect(text).toMatch(message)
    expect(text).toContain('Nothing was sent')
    expect(requests).toEqual([])
  })
})

describe('ifMatch', () => {
  test('lets only a change of the current version through', async () => {
    const { id, meta } = await created()
    const path = `Task/${id}`
    const put = (ifMatch: string) => call(PUT(path, { ...task, id, priority: 'asap' }, { ifMatch }))
    const first = await put(`W/"${meta.versionId}"`)
    expect(first.isError).toBe(false)
    expect((await put(meta.versionId)).text).toContain('HTTP 412')
    const body = [{ op: 'replace', path: '/status', value: 'completed' }]
    const stale = await call(PATCH(path, body, { ifMatch: meta.versionId }))
    expect(stale.isError).toBe(true)
    const gone = await call(DELETE(path, { ifMatch: meta.versionId }))
    expect(gone.text).toContain('Nothing was deleted')
    expect(gone.requests.map(({ method }) => method)).toEqual(['GET'])
    const now = (await call(GET(path))).json()
    expect(now).toMatchObject({ status: 'requested', meta: { versionId: first.json().meta.versionId } })
    expect((await call(PATCH(path, body, { ifMatch: now.meta.versionId }))).json().status).toBe('completed')
    const last = (await call(GET(path))).json().meta.versionId
    expect((await call(DELETE(path, { ifMatch: `"${last}"` }))).isError).toBe(false)
    expect((await call(GET(path))).text).toContain('HTTP 410')
  })
})

test('ifNoneExist creates a new record, returns an existing one, and refuses if there are several', async () => {
  const value = crypto.randomUUID()
  const body = { ...task, identifier: [{ system: 'http://x', value }] }
  const create = (ifNoneExist?: string) => call(POST('Task', body, { ...(ifNoneExist && { ifNoneExist }) }))
  const criteria = `identifier=http://x|${value}`
  const first = (await create(criteria)).json()
  expect((await create(`Task?${criteria}`)).json().id).toBe(first.id)
  await create()
  expect((await create(criteria)).text).toContain('HTTP 412')
})

test('what is sent arrives with its type', async () => {
  const file = await call(POST('Binary', 'x'.repeat(1_000_000), { contentType: 'text/plain' }))
  expect(file.isError, file.text).toBe(false)
  expect(file.requests[0]?.headers['content-type']).toBe('text/plain')
})
