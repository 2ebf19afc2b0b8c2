// Each access level against each kind of request.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { covers, LEVELS, type Level } from '../../../src/access/access.ts'
import type { Kind } from '../../../src/access/risk/routes.ts'
import { bundleOf, DELETE, entryFor, GET, POST } from '../../calls.ts'
import { rows, share } from '../../runs.ts'
import { deployment, say } from '../world/deployment.ts'
import { fhirCall, post, postModern, rpc, startSession } from '../world/mcp.ts'
import { signIn } from '../world/signing-in.ts'
import { alice, type LoggedRequest, sandbox } from '../world/world.ts'
import { ANSWERED, accessOf, askedFor, FIRST_PAGES, LINES, REFUSED, refusal, tokens } from './levels.ts'

/** docs/security.md has this table. */
const NEEDED: Record<Kind, Level> = { read: 'read', write: 'write', delete: 'full', operate: 'full', admin: 'admin' }

beforeAll(async () => {
  for (const level of LEVELS) tokens.set(level, await signIn(alice, undefined, level))
  await sandbox.faults([...FIRST_PAGES, ANSWERED])
})

afterAll(() => sandbox.clearFaults())

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

/** In a Bundle, a JSON Patch is written as Parameters. */
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

/** An answer's text, whatever the transport. */
async function saidBy(response: Response): Promise<string> {
  const { result, error } = await rpc(response)
  if (error) throw new Error(`${error.code}: ${error.message}`)
  return result?.content.map(({ text }) => text ?? '').join('\n') ?? ''
}

type Line = (typeof LINES)[number]

/** Sends a line at a level and returns the answer's text; undefined if this way can't send such a line. */
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
    // From the last revision whose clients can't ask for more access: they are told in the result.
    const headers = { ...(await sessionOf(level)), 'mcp-protocol-version': '2025-06-18' }
    return saidBy(await post(accessOf(level), fhirCall(argumentsOf(line), crypto.randomUUID()), headers))
  },
  'by a client of 2026': async (line, level) =>
    saidBy(await postModern(accessOf(level), 'tools/call', fhirCall(argumentsOf(line)).params, 'fhir-request')),
  'in a batch': async (line, level) => {
    if (line.path === '') return undefined
    const said = await saidBy(await post(accessOf(level), fhirCall(inBatch(line))))
    // Some of Medplum's routes don't work inside a Bundle, and are refused there for everybody.
    return /cannot run inside a Bundle.*\nNothing was sent\./.test(said) ? undefined : said
  },
  'as the next page of a search': async ({ method, path }, level) =>
    method === 'GET' && path !== '' ? asNextPage(path, level) : undefined,
  'through the tool that is for it': async (line, level) => {
    const { method, ...args } = argumentsOf(line)
    const name = TOOL_FOR[line.kind]
    // That tool takes no method, so it can't read by POST or write by GET.
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
    expect(tried).toBeGreaterThanOrEqual(share(21))
    // A stronger check of the same: nothing above the level was sent.
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
      // Some requests are refused for everybody.
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
      // Medplum doesn't have it: it may be anything.
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

  test('a client that can ask for more is told by HTTP, any other in the result', async () => {
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
