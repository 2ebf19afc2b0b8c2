// Faults of Medplum: what is answered, and how often the request is sent.
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { DELETE, GET, PATCH, POST, PUT } from '../../calls.ts'
import { fhir, fhirCall, post } from '../world/mcp.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { alice, sandbox } from '../world/world.ts'

let tokens: Tokens
let id: string
/** A second Task, so that no two kinds of request have the same method and path. */
let guarded: { id: string; version: string }
beforeAll(async () => {
  tokens = await signIn(alice)
  const create = async () => JSON.parse((await fhir(tokens.access, POST('Task', task))).text)
  id = (await create()).id
  const second = await create()
  guarded = { id: second.id, version: second.meta.versionId }
})
afterEach(() => sandbox.clearFaults())

const task = { resourceType: 'Task', status: 'requested', intent: 'order' }
const KINDS: {
  kind: string
  repeated: boolean
  args: () => { method: string; path: string } & Record<string, unknown>
}[] = [
  { kind: 'a read', repeated: true, args: () => GET(`Task/${id}`) },
  { kind: 'a search', repeated: true, args: () => GET('Task?_count=1') },
  { kind: 'a GET that runs a bot', repeated: false, args: () => GET(`Bot/${id}/$execute`) },
  { kind: 'a create', repeated: false, args: () => POST('Task', task) },
  { kind: 'a search by POST', repeated: false, args: () => POST('Task/_search', { _count: 1 }) },
  { kind: 'an operation', repeated: false, args: () => POST(`Claim/${id}/$submit`) },
  { kind: 'a plain PUT', repeated: false, args: () => PUT(`Task/${id}`, { ...task, id }) },
  { kind: 'a PUT with a query', repeated: false, args: () => PUT(`Task/${id}?_pretty=true`, { ...task, id }) },
  {
    kind: 'a PUT with ifMatch',
    repeated: true,
    args: () => PUT(`Task/${guarded.id}`, { ...task, id: guarded.id }, { ifMatch: guarded.version }),
  },
  {
    kind: 'a PUT by search',
    repeated: true,
    args: () => PUT('Task?identifier=http://x|1', task),
  },
  {
    kind: 'a PATCH',
    repeated: false,
    args: () => PATCH(`Task/${id}`, [{ op: 'add', path: '/priority', value: 'urgent' }]),
  },
  { kind: 'a DELETE', repeated: false, args: () => DELETE('Task/00000000-0000-4000-8000-000000000000') },
]
const LIMIT = { ratelimit: '"requests";r=59999;t=60, "fhirInteractions";r=0;t=1' }
const PAGE = { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>host 10.0.0.1</html>' }
const FAULTS: [string, object, RegExp, boolean][] = [
  ['a limit reached', { status: 429, headers: LIMIT }, /HTTP 429/, true],
  ['503', { status: 503 }, /HTTP 503/, true],
  ["a gateway's page", PAGE, /HTTP 502/, true],
  ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:9/' } }, /HTTP 302/, false],
  [
    'half an answer',
    { drop: 'body', status: 200, body: { resourceType: 'Task' } },
    /connection to Medplum failed/,
    true,
  ],
  ['no answer, before it acts', { drop: 'before' }, /connection to Medplum failed/, true],
  ['no answer, after it acted', { drop: 'after', status: 200, body: {} }, /connection to Medplum failed/, true],
]

test.each(FAULTS)(
  '%s: what each kind of request answers, and how often it was sent',
  async (_, fault, message, passes) => {
    const requests = KINDS.map(({ kind, repeated, args }) => ({ kind, repeated, args: args() }))
    const pathOf = (path: string) => `/fhir/R4/${path}`
    await sandbox.faults(
      requests.map(({ args }) => ({
        method: args.method,
        path: `^${literal(pathOf(args.path))}$`,
        times: 10,
        ...fault,
      })),
    )
    // In parallel, because the pauses before a repetition are real.
    const { result, requests: sent } = await sandbox.during(() =>
      Promise.all(requests.map(({ args }) => fhir(tokens.access, args))),
    )
    requests.forEach(({ kind, repeated, args }, index) => {
      const answer = result[index]
      expect(answer?.isError, kind).toBe(true)
      expect(answer?.text, kind).toMatch(message)
      expect(answer?.text, kind).not.toContain('10.0.0.1')
      const times = sent.filter(({ method, path }) => method === args.method && path === pathOf(args.path))
      expect(times, kind).toHaveLength(repeated && passes ? 4 : 1)
      if (/connection/.test(answer?.text ?? '')) {
        const safe = repeated || args.method === 'GET'
        expect(answer?.text, kind).toContain(safe ? 'Try again' : 'It is unknown whether it was carried out')
      }
    })
  },
)

/** A regular expression for exactly this text. */
function literal(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')
}

test('a read is answered once the limit is over', async () => {
  await sandbox.faults([{ path: '^/fhir/R4/Task/', status: 429, headers: LIMIT }])
  const { result, requests } = await sandbox.during(() => fhir(tokens.access, GET(`Task/${id}`)))
  expect(result.isError).toBe(false)
  expect(requests).toHaveLength(2)
})

test('a POST is sent once more after a 401 only', async () => {
  const { access } = await signIn(alice)
  await sandbox.faults([{ method: 'POST', path: '^/fhir/R4/Task', status: 401 }])
  const { result, requests } = await sandbox.during(() => fhir(access, POST('Task', task)))
  expect(result.isError).toBe(false)
  expect(requests.filter(({ path }) => path === '/fhir/R4/Task').map(({ status }) => status)).toEqual([401, 201])
})

describe('trace context', () => {
  const GOOD = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  test.each([
    [GOOD, true],
    [GOOD.toUpperCase(), false],
    [GOOD.replace('b7ad6b7169203331', '0'.repeat(16)), false],
    [`${GOOD}-more`, false],
    [`${GOOD}\r\nx-evil: 1`, false],
    ['01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', false],
    ['', false],
    [5, false],
  ])('%j is passed on: %s', async (traceparent, passed) => {
    const message = fhirCall(GET(`Task/${id}`))
    const params = { ...message.params, _meta: { traceparent } }
    const { requests } = await sandbox.during(async () =>
      (await post(tokens.access, { ...message, params }, { traceparent: GOOD.replace('0af7', 'ffff') })).text(),
    )
    expect(requests.map(({ headers }) => headers.traceparent)).toEqual([passed ? traceparent : undefined])
  })
})

test('a guarded write whose answer was lost is sent again, and may then meet its own result', async () => {
  const { version, id: second } = guarded
  await sandbox.faults([{ method: 'PUT', path: literal(`/fhir/R4/Task/${second}`), drop: 'after' }])
  const body = { ...task, id: second, priority: 'stat' }
  const { result, requests } = await sandbox.during(() =>
    fhir(tokens.access, PUT(`Task/${second}`, body, { ifMatch: version })),
  )
  expect(requests.filter(({ method }) => method === 'PUT')).toHaveLength(2)
  expect(result.text).toContain('HTTP 412')
  expect(result.text).toContain('may conflict with its own change')
})
