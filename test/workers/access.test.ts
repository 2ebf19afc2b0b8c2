// What each access level lets through: every line of the risk table, by every way in, and how a client can ask for more.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Person } from '../../programs/person.ts'
import { covers, LEVEL_NAME, LEVELS, type Level } from '../../src/access/access.ts'
import { type Kind, ROUTES } from '../../src/access/risk/routes.ts'
import { criterion, formatQuery } from '../../src/fhir/query.ts'
import { bundleOf, DELETE, entryFor, GET, POST } from '../calls.ts'
import { rows, runs } from '../runs.ts'
import { deployment, say } from './deployment.ts'
import { fhirCall, post, postModern, rpc, startSession } from './mcp.ts'
import { authorization, exchange, register, signIn, type Tokens } from './signing-in.ts'
import { alice, type LoggedRequest, REDIRECT_URI, SANDBOX, sandbox, send } from './world.ts'

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
        .replace('?upload', '?upload=true')
        // Without criteria it is refused to everybody: it would hit whatever is the only one.
        .replace(/^Observation$/, method === 'GET' || method === 'POST' ? 'Observation' : 'Observation?identifier=1'),
    })),
  ),
)

/** What passes is answered here: the matter is what passes, not what it does. */
const ANSWERED = {
  path: '^/fhir/R4/(?!metadata)',
  status: 404,
  headers: { 'content-type': 'application/fhir+json' },
  body: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'not-found' }] },
  times: 1_000_000,
}

const tokens = new Map<Level, Tokens>()
const accessOf = (level: Level) => tokens.get(level)?.access ?? ''

beforeAll(async () => {
  for (const level of LEVELS) tokens.set(level, await signIn(alice, undefined, level))
  await sandbox.faults([...FIRST_PAGES, ANSWERED])
})
afterAll(() => sandbox.clearFaults())

const REFUSED = /needs the access level "([\w ]+)"/
/** The level of this name that a text asks for. */
const askedFor = (text: string) => LEVELS.find((level) => LEVEL_NAME[level] === REFUSED.exec(text)?.[1])

/** The level that the answer asks for; undefined if the request wasn't refused for want of access. */
async function refusal(response: Response): Promise<string | undefined> {
  const { result, error } = await rpc(response)
  if (error) throw new Error(`${error.code}: ${error.message}`)
  const text = result?.content[0]?.text ?? ''
  // Some requests are refused to everybody, before anything else is asked.
  return askedFor(text) ?? (/Nothing was sent\.$/.test(text) ? 'nobody' : undefined)
}

function bodyFor(method: string, path: string): unknown {
  if (method === 'PATCH') return [{ op: 'replace', path: '/status', value: 'final' }]
  if (path === '') return bundleOf('batch', [])
  if (method !== 'POST' && method !== 'PUT') return undefined
  const [, id] = /^Observation\/([^/?]+)$/.exec(path) ?? []
  return { resourceType: 'Observation', status: 'final', ...(id && { id }) }
}

async function call(access: string, name: string, args: Record<string, unknown>): Promise<string> {
  return saidBy(await postModern(access, 'tools/call', { name, arguments: args }, name))
}

/** In a Bundle, a JSON Patch stands as Parameters. */
const PATCH = {
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'op', valueCode: 'replace' },
        { name: 'path', valueString: '/status' },
        { name: 'value', valueString: '"final"' },
      ],
    },
  ],
}

const inBatch = (...lines: Pick<Line, 'method' | 'path'>[]) =>
  POST(
    '',
    bundleOf(
      'batch',
      lines.map(({ method, path }) => entryFor(method, path, method === 'PATCH' ? PATCH : bodyFor(method, path))),
    ),
  )

const isBatch = ({ method, path }: LoggedRequest) => method === 'POST' && /^\/fhir\/R4\/?$/.test(path)

/** An answer's words, however it was asked for. */
async function saidBy(response: Response): Promise<string> {
  const { result, error } = await rpc(response)
  if (error) throw new Error(`${error.code}: ${error.message}`)
  return result?.content.map(({ text }) => text ?? '').join('\n') ?? ''
}

type Line = (typeof LINES)[number]
/** Asks for a line at a level and gives the answer's words; undefined if this way has no place for such a line. */
type Way = (line: Line, level: Level) => Promise<string | undefined>

const argumentsOf = ({ method, path }: Line) => ({ method, path, body: bodyFor(method, path) })
const sessions = new Map<Level, Promise<Record<string, string>>>()
const sessionOf = (level: Level) => {
  const session = sessions.get(level) ?? startSession(accessOf(level))
  sessions.set(level, session)
  return session
}
const directory = deployment({ TOOLS: 'directory', MAX_ACCESS: 'admin' })

/** The tool of the directory set that is for a line. */
const TOOL_FOR: Record<Kind, string> = {
  read: 'fhir-read',
  write: 'fhir-write',
  delete: 'fhir-delete',
  operate: 'fhir-operate',
  admin: 'fhir-operate',
}

const WAYS: Record<string, Way> = {
  directly: async (line, level) => saidBy(await post(accessOf(level), fhirCall(argumentsOf(line)))),
  'in a session of 2025': async (line, level) => {
    // Of the last revision whose clients can't step up: they are told in the result.
    const headers = { ...(await sessionOf(level)), 'mcp-protocol-version': '2025-06-18' }
    return saidBy(await post(accessOf(level), fhirCall(argumentsOf(line), crypto.randomUUID()), headers))
  },
  'by a client of 2026': async (line, level) =>
    saidBy(await postModern(accessOf(level), 'tools/call', fhirCall(argumentsOf(line)).params, 'fhir-request')),
  'in a batch': async (line, level) => {
    if (line.path === '') return undefined
    const said = await saidBy(await post(accessOf(level), fhirCall(inBatch(line))))
    // Some of Medplum's routes are none inside a Bundle, and refused there to everybody.
    return /cannot run inside a Bundle.*\nNothing was sent\./.test(said) ? undefined : said
  },
  'as the next page of a search': async ({ method, path }, level) =>
    method === 'GET' && path !== '' ? asNextPage(path, level) : undefined,
  'through the tool that is for it': async (line, level) => {
    const { method, ...args } = argumentsOf(line)
    const name = TOOL_FOR[line.kind]
    // That tool asks for no method; a read by POST and a write by GET have no place in it.
    const asks = name === 'fhir-write' || name === 'fhir-operate'
    const fits = name === 'fhir-read' ? method === 'GET' : name === 'fhir-delete' ? method === 'DELETE' : true
    if (!fits || (name === 'fhir-write' && method === 'GET')) return undefined
    return say(directory, accessOf(level), name, asks ? { method, ...args } : { path: args.path }).then(
      ({ all }) => all,
    )
  },
}

/** A search whose answer names this as its next page, which the server itself follows. */
async function asNextPage(path: string, level: Level): Promise<string> {
  const call = fhirCall(GET(`Basic?code=${encodeURIComponent(path)}`, { all: true }))
  return saidBy(await post(accessOf(level), call))
}

/** The first pages of such searches. */
const FIRST_PAGES = LINES.map(({ path }) => ({
  path: `^/fhir/R4/Basic\\?${escaped(formatQuery([criterion('code', path)]))}&`,
  status: 200,
  headers: { 'content-type': 'application/fhir+json' },
  body: {
    resourceType: 'Bundle',
    type: 'searchset',
    entry: [{ resource: { resourceType: 'Basic', id: '1' } }],
    link: [{ relation: 'next', url: `${SANDBOX}fhir/R4/${path}` }],
  },
  times: 1_000_000,
}))

function escaped(text: string): string {
  return text.replaceAll(/[$.*+?()[\]{}|^]/g, '\\$&')
}

describe.each([...LEVELS])('%s', (level) => {
  const expected = (kind: Kind) => (covers(level, NEEDED[kind]) ? undefined : NEEDED[kind])

  const part = LEVELS.indexOf(level)
  const ways = Object.entries(WAYS).map(([name, way], index) => ({ name, way, first: part + index }))

  test.each(ways)('each line of the table, $name', async ({ way, first }) => {
    let tried = 0
    const { requests } = await sandbox.during(() =>
      Promise.all(
        rows(LINES, first).map(async (line) => {
          const text = await way(line, level)
          if (text === undefined) return
          tried++
          const what = `${line.method} ${line.path}: ${text.slice(0, 300)}`
          expect(askedFor(text), what).toBe(expected(line.kind))
        }),
      ),
    )
    expect(tried).toBeGreaterThanOrEqual(runs(21))
    // A stronger form of the same: nothing above the level went out.
    const sent = new Set(requests.map((one) => `${one.method} ${one.path}`))
    const above = LINES.filter(({ kind }) => expected(kind) !== undefined)
    expect(above.map(({ method, path }) => `${method} /fhir/R4/${path}`).filter((line) => sent.has(line))).toEqual([])
    if (level === 'read') {
      expect(requests.filter(({ method }) => !['GET', 'POST'].includes(method)).map(({ path }) => path)).toEqual([])
    }
  })

  test('a batch is sent if all its entries are allowed, otherwise not at all', async () => {
    const read = { method: 'GET' as const, path: `Observation/${crypto.randomUUID()}` }
    for (const line of rows(LINES, part).filter(({ path }) => path !== '')) {
      const batch = fhirCall(inBatch(read, line, read))
      const { result: text, requests } = await sandbox.during(async () => saidBy(await post(accessOf(level), batch)))
      const isRefused = REFUSED.test(text)
      const what = `${line.method} ${line.path}: ${text.slice(0, 300)}`
      // Some requests are refused to everybody.
      if (/Nothing was sent\.$/.test(text) && !isRefused) continue
      expect(isRefused, what).toBe(expected(line.kind) !== undefined)
      expect(requests.filter(isBatch), what).toHaveLength(isRefused ? 0 : 1)
      if (isRefused) expect(requests.map(({ path }) => path).filter((path) => path.startsWith('/fhir/'))).toEqual([])
    }
  })

  test('GraphQL needs the level of its document', async () => {
    const documents: [string, Kind][] = [
      ['{ PatientList { id } }', 'read'],
      ['mutation { PatientCreate(res: {resourceType: "Patient"}) { id } }', 'write'],
      ['mutation { PatientDelete(id: "1") { id } }', 'delete'],
      ['mutation { ProjectMembershipUpdate(id: "1", res: {resourceType: "ProjectMembership"}) { id } }', 'admin'],
      // What Medplum doesn't have: it may be anything.
      ['subscription { PatientUpdate { id } }', 'operate'],
    ]
    for (const [query, kind] of documents) {
      const call = fhirCall(POST('$graphql', { query }))
      const { result, requests } = await sandbox.during(async () => refusal(await post(accessOf(level), call)))
      expect(result, query).toBe(expected(kind))
      expect(requests.filter(({ path }) => path.startsWith('/fhir/')).length, query).toBe(result === undefined ? 1 : 0)
    }
  })

  test('tools that only read are offered at every level, and only read', async () => {
    for (const name of ['fhir-read', 'fhir-digest']) {
      const answer = await call(accessOf(level), name, { path: 'Observation?code=1' })
      expect(REFUSED.test(answer), answer).toBe(false)
      const bot = await call(accessOf(level), name, { path: `Bot/${crypto.randomUUID()}/$execute` })
      expect(bot, `${name}: ${bot}`).toMatch(/Nothing was sent/)
    }
    for (const [name, args] of [
      ['search', { query: 'Vega' }],
      ['fetch', { id: `Patient/${crypto.randomUUID()}` }],
      ['whoami', {}],
    ] as const) {
      const answer = await call(accessOf(level), name, args)
      expect(REFUSED.test(answer), answer).toBe(false)
    }
  })

  test('a client that can step up is told by HTTP, one that cannot in the result', async () => {
    const session = await startSession(accessOf(level))
    const remove = fhirCall(DELETE(`Task/${crypto.randomUUID()}`))
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
    const response = await post(accessOf('read'), fhirCall(DELETE('Task/1')), headers)
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
    // In one browser: a sign-in in another would leave this one as it is.
    const person = new Person(send)
    const low = await signIn(alice, client, 'read', {}, person)
    const request = await authorization(client, { scope: 'fhir:read fhir:write' })
    const page = await person.visit(request.url)
    const html = await page.text()
    expect([...html.matchAll(/type="radio"[^>]*value="(\w+)"/g)].map(([, value]) => value)).toEqual(['read', 'write'])
    expect(/value="write"[^>]*checked/.test(html)).toBe(true)
    expect((await post(low.access, { jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(200)
    const callback = await person.signIn(request.url, REDIRECT_URI, alice)
    // A client that never comes for its code leaves the person with what they had.
    expect((await post(low.access, { jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(200)
    const granted: { access_token: string; scope: string } = await (
      await exchange(request, callback.searchParams.get('code') ?? '')
    ).json()
    expect(granted.scope.split(' ').sort()).toEqual(['fhir:read', 'fhir:write'])
    expect(
      await refusal(await post(granted.access_token, fhirCall(POST('Task', { resourceType: 'Task' })))),
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
