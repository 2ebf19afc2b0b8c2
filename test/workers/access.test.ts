// What each access level lets through: every line of the risk table, by every way in, and how a client can ask for more.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Person } from '../../sandbox/person.ts'
import { covers, LEVELS, type Level } from '../../src/fhir/access.ts'
import { type Kind, ROUTES } from '../../src/fhir/routes.ts'
import {
  alice,
  authorization,
  exchange,
  fhirCall,
  post,
  REDIRECT_URI,
  register,
  rpc,
  sandbox,
  send,
  signIn,
  startSession,
  type Tokens,
} from './world.ts'

/** docs/security.md has this table. */
const NEEDED: Record<Kind, Level> = { read: 'read', write: 'write', delete: 'full', operate: 'full', admin: 'admin' }

const LINES = ROUTES.flatMap(({ methods, paths, kind }) =>
  methods.flatMap((method) =>
    paths.map((path) => ({
      method,
      kind,
      path: path
        .replace('(base)', '')
        .replace('{type}', 'Observation')
        .replace('{id}', crypto.randomUUID())
        .replace('{version}', crypto.randomUUID())
        .replace('?upload', '?upload=true'),
    })),
  ),
)

const tokens = new Map<Level, Tokens>()
const accessOf = (level: Level) => tokens.get(level)?.access ?? ''

beforeAll(async () => {
  for (const level of LEVELS) tokens.set(level, await signIn(alice, undefined, level))
  // What passes is answered here: the matter is what passes, not what it does.
  const body = { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'not-found' }] }
  const headers = { 'content-type': 'application/fhir+json' }
  await sandbox.faults([{ path: '^/fhir/R4/(?!metadata)', status: 404, headers, body, times: 1_000_000 }])
})
afterAll(() => sandbox.clearFaults())

const REFUSED = /needs the access level "(\w+)"/

/** The level that the answer asks for; undefined where the request wasn't refused for want of access. */
async function refusal(response: Response): Promise<string | undefined> {
  const { result, error } = await rpc(response)
  if (error) throw new Error(`${error.code}: ${error.message}`)
  const text = result?.content[0]?.text ?? ''
  // Some requests are refused to everybody, before anything else is asked.
  return REFUSED.exec(text)?.[1] ?? (/Nothing was sent\.$/.test(text) ? 'nobody' : undefined)
}

function expectRefusal(found: string | undefined, expected: string | undefined, what: string): void {
  if (found !== 'nobody') expect(found, what).toBe(expected)
}

function bodyFor(method: string, path: string): unknown {
  if (method === 'PATCH') return [{ op: 'replace', path: '/status', value: 'final' }]
  if (path === '') return { resourceType: 'Bundle', type: 'batch', entry: [] }
  return method === 'POST' || method === 'PUT' ? { resourceType: 'Observation', status: 'final' } : undefined
}

const inBatch = (method: string, path: string) => ({
  method: 'POST',
  path: '',
  body: {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [{ request: { method, url: path }, resource: bodyFor(method, path) }],
  },
})

describe.each([...LEVELS])('%s', (level) => {
  const expected = (kind: Kind) => (covers(level, NEEDED[kind]) ? undefined : NEEDED[kind])

  test('each line of the table, asked for directly', async () => {
    const { requests } = await sandbox.during(async () => {
      for (const { method, path, kind } of LINES) {
        const call = fhirCall({ method, path, body: bodyFor(method, path) })
        expectRefusal(await refusal(await post(accessOf(level), call)), expected(kind), `${method} ${path}`)
      }
    })
    // A stronger form of the same: nothing above the level went out.
    if (level === 'read') {
      expect(requests.filter(({ method }) => !['GET', 'POST'].includes(method)).map(({ path }) => path)).toEqual([])
    }
  })

  test('each line of the table, as an entry of a batch', async () => {
    for (const { method, path, kind } of LINES.filter((line) => line.path !== '')) {
      const call = fhirCall(inBatch(method, path))
      expectRefusal(await refusal(await post(accessOf(level), call)), expected(kind), `${method} ${path}`)
    }
  })

  test('GraphQL by what its document does', async () => {
    const documents: [string, Kind][] = [
      ['{ PatientList { id } }', 'read'],
      ['mutation { PatientCreate(res: {resourceType: "Patient"}) { id } }', 'write'],
      ['mutation { PatientDelete(id: "1") { id } }', 'delete'],
      ['mutation { ProjectMembershipUpdate(id: "1", res: {resourceType: "ProjectMembership"}) { id } }', 'admin'],
    ]
    for (const [query, kind] of documents) {
      const call = fhirCall({ method: 'POST', path: '$graphql', body: { query } })
      expect(await refusal(await post(accessOf(level), call)), query).toBe(expected(kind))
    }
  })

  test('in a 2025 session and by a 2026 client', async () => {
    const session = await startSession(accessOf(level))
    const remove = fhirCall({ method: 'DELETE', path: `Task/${crypto.randomUUID()}` })
    const answered = await post(accessOf(level), remove, session)
    expect(answered.status).toBe(covers(level, 'full') ? 200 : 403)
    expect(await refusal(answered)).toBe(expected('delete'))
    const old = { ...session, 'mcp-protocol-version': '2025-06-18' }
    const told = await post(accessOf(level), remove, old)
    expect(told.status).toBe(200)
    expect(await refusal(told)).toBe(expected('delete'))
  })
})

describe('stepping up', () => {
  test('a 403 names all scopes that are needed, and its body says so to the model', async () => {
    const headers = { 'mcp-protocol-version': '2025-11-25' }
    const response = await post(accessOf('read'), fhirCall({ method: 'DELETE', path: 'Task/1' }), headers)
    expect(response.status).toBe(403)
    const challenge = response.headers.get('www-authenticate') ?? ''
    expect(challenge).toContain('error="insufficient_scope"')
    expect(challenge).toContain('scope="fhir:read fhir:write fhir:full"')
    expect(challenge).toContain('resource_metadata=')
    const { result } = await rpc(response)
    expect(result).toMatchObject({ isError: true, _meta: { 'mcp/www_authenticate': [challenge] } })
  })

  test('signs in again with the higher level chosen beforehand, and the old grant ends only when the new one stands', async () => {
    const { client_id: client } = await register()
    const low = await signIn(alice, client, 'read')
    const request = await authorization(client, { scope: 'fhir:read fhir:write' })
    const page = await new Person(send).visit(request.url)
    const html = await page.text()
    expect([...html.matchAll(/type="radio"[^>]*value="(\w+)"/g)].map(([, value]) => value)).toEqual(['read', 'write'])
    expect(/value="write"[^>]*checked/.test(html)).toBe(true)
    expect((await post(low.access, { jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(200)
    const callback = await new Person(send).signIn(request.url, REDIRECT_URI, alice)
    // A client that never comes for its code leaves the person with what they had.
    expect((await post(low.access, { jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(200)
    const granted: { access_token: string; scope: string } = await (
      await exchange(request, callback.searchParams.get('code') ?? '')
    ).json()
    expect(granted.scope.split(' ').sort()).toEqual(['fhir:read', 'fhir:write'])
    expect(
      await refusal(
        await post(granted.access_token, fhirCall({ method: 'POST', path: 'Task', body: { resourceType: 'Task' } })),
      ),
    ).toBeUndefined()
    expect((await post(low.access, { jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(401)
  })
})

describe('what a client asks for and a person chooses', () => {
  const granted = async (scope: string | null, level?: string) => {
    const { client_id: client } = await register()
    const request = await authorization(client, { scope })
    const callback = await new Person(send).signIn(request.url, REDIRECT_URI, alice, 'approve', level)
    const answer: { scope: string } = await (await exchange(request, callback.searchParams.get('code') ?? '')).json()
    return answer.scope
  }

  test('nothing in particular: reading is chosen beforehand', async () => {
    for (const scope of [null, 'fhir:read fhir:write fhir:full fhir:admin']) {
      const request = await authorization((await register()).client_id, { scope })
      const html = await (await new Person(send).visit(request.url)).text()
      expect(/value="read"[^>]*checked/.test(html)).toBe(true)
      expect([...html.matchAll(/ checked/g)]).toHaveLength(1)
    }
  })

  test('less: no more is offered, and what is not offered is not granted', async () => {
    expect(await granted('fhir:read')).toBe('fhir:read')
    expect(await granted('fhir:read', 'admin')).toBe('fhir:read')
    expect(await granted('fhir:write', 'full')).toBe('fhir:read')
    expect(await granted('fhir:full', 'write')).toBe('fhir:read fhir:write')
  })
})
