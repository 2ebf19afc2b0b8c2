// The audit of a real run: which events there are, that they hold nothing of anybody, and the AuditEvents in the person's project.
import { createExecutionContext, env, waitOnExecutionContext } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Person } from '../../programs/person.ts'
import { createApp } from '../../src/app.ts'
import type { Bindings } from '../../src/config/settings.ts'
import { createEndpoint } from '../../src/mcp/endpoint.ts'
import { buildServer } from '../../src/mcp/server/server.ts'
import { DELETE, GET, POST, PUT } from '../calls.ts'
import { deployment, say } from './deployment.ts'
import { fhir, fhirCall, post, rpc, startSession } from './mcp.ts'
import { create, medplumToken, type Resource } from './medplum.ts'
import { authorization, grantName, refresh, register, signIn, token } from './signing-in.ts'
import { alice, ORIGIN, REDIRECT_URI, SANDBOX, sandbox, send } from './world.ts'

type Line = Record<string, unknown>

let logged: string[]
beforeEach(() => {
  logged = []
  for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(console, level).mockImplementation((...args) => {
      logged.push(args.map(String).join(' '))
    })
  }
})
afterEach(async () => {
  vi.restoreAllMocks()
  await sandbox.clearFaults()
})

const lines = (event: string): Line[] =>
  logged
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []))
    .filter((one) => one.event === event)

const FIELDS = new Set(
  'event tool decision kind type requests status outcome level reason ms chars tokens client who'.split(' '),
)
const FAMILY = 'Unmistakeable'

test('of a full run holds no id, name, path, query, body or token', async () => {
  const tokens = await signIn()
  const session = await startSession(tokens.access)
  const made = await fhir(tokens.access, POST('Patient', { resourceType: 'Patient', name: [{ family: FAMILY }] }))
  const { id } = JSON.parse(made.text) as { id: string }
  const calls: Record<string, unknown>[] = [
    GET(`Patient/${id}`),
    GET(`Patient?family=${FAMILY}`),
    GET(FAMILY),
    GET(`${FAMILY}/${id}`),
    POST(`Patient/$${FAMILY.toLowerCase()}`),
    POST('Patient', { resourceType: 'Patient', [FAMILY]: 1 }),
    GET(`../../${FAMILY}`),
    DELETE(`Patient/${id}`),
    GET(`Patient/${id}`),
  ]
  for (const args of calls) {
    await fhir(tokens.access, args)
    await fhir(tokens.access, args, session)
  }
  for (const [name, given] of [
    ['search', { query: `patient ${FAMILY}` }],
    ['fetch', { id: `Patient/${id}` }],
    ['whoami', {}],
    ['show', { view: 'summary', patient: `Patient/${id}` }],
    ['fhir-digest', { path: `Patient/${id}/$everything` }],
  ] as const) {
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: given } }
    await (await post(tokens.access, message)).text()
  }
  const reading = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: `fhir:///Patient/${id}` } }
  await (await post(tokens.access, reading)).text()
  await refresh(tokens)
  await token({ token: tokens.access, client_id: tokens.clientId })

  const events = [...lines('tool_call'), ...lines('oauth')]
  expect(lines('tool_call').length).toBe(2 * calls.length + 1 + 5 + 1)
  expect(events.flatMap((line) => Object.keys(line)).filter((field) => !FIELDS.has(field))).toEqual([])
  const all = logged.join('\n')
  const [userId = '', grantId = ''] = grantName(tokens).split(':')
  const medplum = (await sandbox.secrets()).filter((secret) => secret.length >= 12)
  expect(medplum.length).toBeGreaterThan(5)
  for (const secret of [
    id,
    FAMILY,
    userId,
    grantId,
    tokens.clientId,
    tokens.access,
    alice.email,
    SANDBOX,
    ...medplum,
  ]) {
    expect(all.toLowerCase().includes(secret.toLowerCase()), secret).toBe(false)
  }
})

test('records what a call was, its result and how much was read', async () => {
  const { access } = await signIn(alice, undefined, 'write')
  const answer = await fhir(access, GET('Patient?_count=1'))
  const chars = answer.content.reduce((sum, { text }) => sum + text.length, 0)
  await fhir(access, DELETE('Patient/00000000-0000-4000-8000-000000000000'))
  expect(lines('tool_call')).toEqual([
    {
      ...{ event: 'tool_call', tool: 'fhir-request', kind: 'read', type: 'Patient', status: 200, outcome: 'ok' },
      ...{ level: 'write', chars, tokens: Math.ceil(chars / 3.2), client: 'registered', ms: expect.any(Number) },
    },
    expect.objectContaining({ kind: 'delete', type: 'Patient', outcome: 'error', level: 'write' }),
  ])
})

describe('of OAuth', () => {
  const decisions = () =>
    lines('oauth').map(({ decision, level, reason }) => [decision, level ?? reason].filter(Boolean).join(' '))
  const answered = async (decision: 'approve' | 'deny') => {
    const request = await authorization((await register()).client_id)
    await new Person(send).signIn(request.url, REDIRECT_URI, alice, decision)
  }

  test('records consent, level, refresh and revocation', async () => {
    const tokens = await signIn(alice, undefined, 'write')
    await refresh(tokens)
    await refresh({ ...tokens, refresh: `${grantName(tokens)}:wrong` })
    await token({ token: tokens.access, client_id: tokens.clientId })
    expect(decisions()).toEqual([
      'consent_shown',
      'approved write',
      'signed_in write',
      'token_refreshed',
      'token_refused',
      'revoked',
    ])
  })

  test('tells a denial', async () => {
    await answered('deny')
    expect(decisions()).toEqual(['consent_shown', 'denied'])
  })

  test('records a sign-in that Medplum did not finish', async () => {
    await sandbox.faults([{ path: '^/oauth2/token', status: 500, times: 9 }])
    await answered('approve')
    expect(decisions()).toEqual(['consent_shown', 'approved admin', 'sign_in_failed unavailable'])
  })

  test('reports that Medplum ended the login', async () => {
    const { access } = await signIn()
    logged = []
    await sandbox.revoke(alice.email)
    expect((await fhir(access, GET('Patient?_count=1'))).isError).toBe(true)
    expect(decisions()).toEqual(['ended'])
  })

  test('records what the person reduces and disconnects', async () => {
    const tokens = await signIn()
    const grant = env.GRANT.getByName(grantName(tokens))
    logged = []
    await grant.lower('read')
    await grant.disconnect()
    expect(decisions()).toEqual(['lowered read', 'disconnected'])
  })
})

test('a dataset that is bound gets the same event, with the person as a hash', async () => {
  const points: { indexes: string[]; blobs: string[]; doubles: number[] }[] = []
  const bindings = {
    ...env,
    AUDIT_KEY: 'a key of thirty-two characters!!',
    AUDIT: { writeDataPoint: (point: (typeof points)[number]) => points.push(point) },
  } as unknown as Bindings
  const app = createApp(createEndpoint({ createServer: buildServer, sessions: ({ MCP_SESSION }) => MCP_SESSION }))
  const { access } = await signIn()
  const headers = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    authorization: `Bearer ${access}`,
    'mcp-protocol-version': '2025-11-25',
  }
  const body = JSON.stringify(fhirCall(GET('Patient?_count=1')))
  const ctx = createExecutionContext()
  await rpc(await app.fetch(new Request(`${ORIGIN}/mcp`, { method: 'POST', headers, body }), bindings, ctx))
  await waitOnExecutionContext(ctx)
  const [point] = points
  expect(point?.blobs.slice(0, 5)).toEqual(['tool_call', 'fhir-request', 'read', 'Patient', 'ok'])
  expect(point?.indexes).toEqual([expect.stringMatching(/^[\w-]{22}$/)])
  expect(lines('tool_call')[0]?.who).toBe(point?.indexes[0])
})

describe('the AuditEvent', () => {
  const recording = deployment({ FHIR_AUDIT: 'on' })
  const posted = async (access: string, args: Record<string, unknown>) => {
    const direct = await medplumToken()
    const { result, requests } = await sandbox.during(async (soFar) => {
      const said = await say(recording, access, 'fhir-request', { format: 'json', ...args })
      // It follows the answer.
      const stored = async () => (await soFar()).some((one) => isAudit(one) && one.status !== null)
      await vi.waitFor(async () => expect(await stored()).toBe(true), 5_000).catch(() => {})
      return said
    })
    return { said: result, direct, audits: requests.filter(isAudit) }
  }
  const isAudit = ({ method, path }: { method: string; path: string }) =>
    method === 'POST' && path.endsWith('/AuditEvent')
  const latest = async (direct: string): Promise<Resource | undefined> => {
    const answer = await fetch(`${SANDBOX}fhir/R4/AuditEvent?_sort=-_lastUpdated&_count=1`, {
      headers: { authorization: `Bearer ${direct}` },
    })
    return (await answer.json<{ entry?: { resource: Resource }[] }>()).entry?.[0]?.resource
  }

  test('of a create names the version, the person and the client', async () => {
    const { access } = await signIn()
    const body = { resourceType: 'Patient', name: [{ family: 'Audited' }] }
    const { said, direct, audits } = await posted(access, POST('Patient', body))
    const { id, meta } = JSON.parse(said.text) as { id: string; meta: { versionId: string } }
    expect(audits).toMatchObject([{ status: 201 }])
    expect(await latest(direct)).toMatchObject({
      subtype: [{ code: 'create' }],
      outcome: '0',
      agent: [{ who: { reference: expect.stringMatching(/^Practitioner\//) } }, { who: { display: 'Test client' } }],
      entity: [{ what: { reference: `Patient/${id}/_history/${meta.versionId}` } }],
    })
  })

  test('of what Medplum refuses says so', async () => {
    const { access } = await signIn()
    const body = { resourceType: 'Patient', foo: 1 }
    const { said, direct, audits } = await posted(access, POST('Patient', body))
    expect(said.isError).toBe(true)
    expect(audits).toHaveLength(1)
    expect(await latest(direct)).toMatchObject({ outcome: '4' })
  })

  test('that Medplum refuses hides no success', async () => {
    const { access } = await signIn()
    await sandbox.faults([{ method: 'POST', path: '/AuditEvent$', status: 403, times: 1 }])
    const body = { resourceType: 'Patient', name: [{ family: 'Audited' }] }
    const { said } = await posted(access, POST('Patient', body))
    expect(said.isError).toBe(false)
    await vi.waitFor(() => expect(lines('audit_event_failed')).toEqual([{ event: 'audit_event_failed', status: 403 }]))
  })

  const audit = {
    resourceType: 'AuditEvent',
    type: { code: 'rest' },
    recorded: '2026-01-01T00:00:00Z',
    agent: [{ requestor: true }],
    source: { observer: { display: 'test' } },
  }

  test.each([
    ['create', () => POST('AuditEvent', audit)],
    ['update', (path: string) => PUT(path, { ...audit, id: path.slice(11), outcome: '8' })],
    ['patch', (path: string) => ({ method: 'PATCH', path, patch: [{ op: 'add', path: '/outcome', value: '8' }] })],
  ])('is left of a change of an AuditEvent too: %s', async (code, args) => {
    const { access } = await signIn(alice, undefined, 'write')
    const { id } = await create(await medplumToken(), audit)
    const { said, direct } = await posted(access, args(`AuditEvent/${id}`))
    expect(said.isError, said.text).toBe(false)
    await vi.waitFor(async () => expect(await latest(direct)).toMatchObject({ subtype: [{ code }] }), 5_000)
  })

  test('is none for reads, and for what was not sent', async () => {
    const { access } = await signIn(alice, undefined, 'write')
    const { id } = await create(await medplumToken(), { resourceType: 'Patient' })
    const { requests } = await sandbox.during(async (soFar) => {
      for (const args of [GET(`Patient/${id}`), DELETE(`Patient/${id}`), POST('Patient', '{')]) {
        await say(recording, access, 'fhir-request', args)
      }
      // Whatever follows an answer sets out before what is asked for next, and this one does have a follower.
      const last = POST('Patient', { resourceType: 'Patient' })
      await say(recording, access, 'fhir-request', last)
      await vi.waitFor(async () => expect((await soFar()).filter(isAudit).length).toBeGreaterThan(0))
    })
    // That of the last call.
    expect(requests.filter(isAudit)).toHaveLength(1)
  })
})
