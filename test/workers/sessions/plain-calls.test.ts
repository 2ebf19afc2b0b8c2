// Plain calls of 2026-07-28, which one server answers for everybody as the SDK's own handler would, each to its own caller.

import { afterEach, beforeAll, expect, test } from 'vitest'
import { GET } from '../../calls.ts'
import { fhirCall, MODERN_META, post, postModern, type RpcAnswer, rpc } from '../world/mcp.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { alice, ORIGIN, rita, sandbox, send } from '../world/world.ts'

const READ = GET('Patient?_count=1&_total=accurate')
const HEADERS = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'fhir-request' }

let mine: Tokens
let theirs: Tokens
beforeAll(async () => {
  mine = await signIn(alice)
  theirs = await signIn(rita)
})
afterEach(() => sandbox.clearFaults())

/** A call whose `_meta` has more than required; one that asks for progress is not a plain call. */
function call(args: Record<string, unknown>, meta: object = {}, headers: Record<string, string> = HEADERS) {
  const { params, ...message } = fhirCall(args, 'one')
  return post(mine.access, { ...message, params: { ...params, _meta: { ...MODERN_META, ...meta } } }, headers)
}

test.each([
  ['an answer', READ],
  ["an error of Medplum's", GET(`Patient/${crypto.randomUUID()}`)],
  ['a refused path', GET('../auth/me')],
  ['wrong arguments', { method: 'LOOK', path: 'Patient' }],
])('%s is the same as with the SDK’s handler', async (_, args) => {
  const [plain, other] = [await call(args), await call(args, { progressToken: 'p' })]
  expect(plain.headers.get('content-type')).toBe('application/json')
  expect(plain.status).toBe(other.status)
  expect(await rpc(plain)).toEqual(await rpc(other))
})

test('an unknown tool and a broken envelope get the same errors as from the SDK’s handler', async () => {
  const unknown = (meta: object) =>
    post(
      mine.access,
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'none', _meta: { ...MODERN_META, ...meta } } },
      { ...HEADERS, 'mcp-name': 'none' },
    )
  expect(await rpc(await unknown({}))).toEqual(await rpc(await unknown({ progressToken: 'p' })))
  const broken = { 'io.modelcontextprotocol/clientInfo': 'nobody' }
  const answers = [await call(READ, broken), await call(READ, { ...broken, progressToken: 'p' })]
  expect(answers.map(({ status }) => status)).toEqual([400, 400])
  expect(await rpc(answers[0] as Response)).toEqual(await rpc(answers[1] as Response))
})

test.each([
  ['another tool', { ...HEADERS, 'mcp-name': 'fhir-read' }],
  ['another method', { ...HEADERS, 'mcp-method': 'tools/list' }],
  ['no tool', { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' }],
])('headers that name %s are refused, and nothing is sent', async (_, headers) => {
  const { result, requests } = await sandbox.during(() => call(READ, {}, headers))
  expect(result.status).toBe(400)
  expect(await result.json()).toMatchObject({ error: { message: expect.any(String) } })
  expect(requests).toEqual([])
})

test.each([
  ['no id', undefined, 202],
  ['null as its id', null, 400],
  ['half a number as its id', 1.5, 400],
])('a message with %s is not a call, and nothing is sent', async (_, id, status) => {
  const { params, ...message } = fhirCall(READ)
  const { result, requests } = await sandbox.during(() =>
    post(mine.access, { ...message, id, params: { ...params, _meta: MODERN_META } }, HEADERS),
  )
  expect(result.status).toBe(status)
  expect(requests).toEqual([])
})

test('calls of different people at the same time, under one id, each run with their own token', async () => {
  const people = [mine, theirs, mine, theirs]
  const { result: answers, requests } = await sandbox.during(() =>
    Promise.all(
      people.map(async ({ access }, n) => {
        const { params } = fhirCall(GET(`Patient?_count=${n + 1}`))
        return rpc(await postModern(access, 'tools/call', params, 'fhir-request'))
      }),
    ),
  )
  const userOf = (n: number) => requests.find(({ path }) => path.endsWith(`_count=${n + 1}`))?.user
  expect(userOf(0)).toBe(userOf(2))
  expect(userOf(1)).toBe(userOf(3))
  expect(userOf(0)).not.toBe(userOf(1))
  // Each page has as many entries as this call requested.
  const sizes = answers.map(({ result }) => JSON.parse(result?.content[0]?.text ?? '').entry?.length)
  expect(sizes.filter((size, n) => people[n] === mine && size !== n + 1)).toEqual([])
})

test('a client that goes away cancels its own call, and no other', async () => {
  await sandbox.faults([{ path: '^/fhir/R4/Patient', delayMs: 1_000, times: 2 }])
  const hangUp = new AbortController()
  const message = { ...fhirCall(GET('Patient?_count=2')) }
  const { result, requests } = await sandbox.during(async (soFar) => {
    const gone = send(`${ORIGIN}/mcp`, {
      method: 'POST',
      headers: {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        authorization: `Bearer ${mine.access}`,
        ...HEADERS,
      },
      body: JSON.stringify({ ...message, params: { ...message.params, _meta: MODERN_META } }),
      signal: hangUp.signal,
    })
    const other = call(READ)
    await expect.poll(async () => (await soFar()).length).toBe(2)
    hangUp.abort()
    await gone.catch(() => undefined)
    await expect.poll(async () => (await soFar()).filter(({ aborted }) => aborted)).toHaveLength(1)
    return rpc(await other)
  })
  expect(result).toMatchObject({ id: 'one', result: { content: expect.anything() } } satisfies Partial<RpcAnswer>)
  expect(requests.find(({ aborted }) => aborted)?.path).toContain('_count=2')
})
