// The audit log: what it says, and what it never contains.
import { createExecutionContext, env, waitOnExecutionContext } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import { Person } from '../../../programs/person.ts'
import { createApp } from '../../../src/app.ts'
import type { Bindings } from '../../../src/config/settings.ts'
import { createEndpoint } from '../../../src/mcp/endpoint.ts'
import { buildServer } from '../../../src/mcp/server/server.ts'
import { DELETE, GET, POST } from '../../calls.ts'
import { fhir, fhirCall, post, rpc, startSession } from '../world/mcp.ts'
import { authorization, grantName, refresh, register, signIn, token } from '../world/signing-in.ts'
import { alice, ORIGIN, REDIRECT_URI, SANDBOX, sandbox, send } from '../world/world.ts'
import { lines, logged, setUp } from './audited.ts'

setUp()

const FIELDS = new Set(
  'event tool decision kind type requests status outcome level reason ms chars tokens client who'.split(' '),
)

const FAMILY = 'Unmistakeable'

test('of a full run contains no id, name, path, query, body or token', async () => {
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
      ...['consent_shown', 'approved write', 'signed_in write', 'token_refreshed', 'token_refused', 'revoked'],
    ])
  })

  test('records a denial', async () => {
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
    logged.length = 0
    await sandbox.revoke(alice.email)
    expect((await fhir(access, GET('Patient?_count=1'))).isError).toBe(true)
    expect(decisions()).toEqual(['ended'])
  })

  test('records what the person reduces and disconnects', async () => {
    const tokens = await signIn()
    const grant = env.GRANT.getByName(grantName(tokens))
    logged.length = 0
    await grant.lower('read')
    await grant.disconnect()
    expect(decisions()).toEqual(['lowered read', 'disconnected'])
  })
})

test('a bound dataset gets the same event, with the person as a hash', async () => {
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
