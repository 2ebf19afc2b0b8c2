// Anybody may send forms and headers before signing in: none may block an isolate. Each field of each form and each
// header that is read is tried at its largest, made of what is hard for patterns, against the whole app.
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { sha256 } from '../../../src/base/seal.ts'
import { rows } from '../../runs.ts'
import { ORIGIN, type Sent, send } from './app-alone.ts'
import { costOf, FILLS, MOST } from './costs.ts'

vi.mock('cloudflare:workers', () => ({
  WorkerEntrypoint: class {},
  DurableObject: class {},
  RpcTarget: class {},
  waitUntil() {},
  env: {},
}))

const REDIRECT = 'http://127.0.0.1:33418/'
/** The longest form that is read, and the longest address and headers that Cloudflare passes on. */
const MAX_FORM = 65_536
const MAX_REGISTRATION = 8_192
const MAX_ADDRESS = 16_384
const MAX_HEADER = 16_384

let clientId: string
/** From a browser that was shown the consent page, with the person signed in. */
let cookie: string
let handle: string
let formToken: string
beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation(() => {})
  const body = JSON.stringify({ redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' })
  const headers = { 'content-type': 'application/json' }
  const registered = await send({ method: 'POST', path: '/oauth/register', headers, body })
  clientId = ((await registered.json()) as { client_id: string }).client_id
  const consent = await send({ method: 'GET', path: address() })
  handle = /name="handle" value="([^"]+)"/.exec(await consent.text())?.[1] ?? ''
  cookie = `${consent.headers.get('set-cookie')?.split(';')[0]}; __Host-session=x`
  formToken = await sha256('form x')
})

const CALL = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const asked = (): Record<string, string> => ({
  response_type: 'code',
  client_id: clientId,
  redirect_uri: REDIRECT,
  state: 'state',
  scope: 'fhir:read',
  resource: `${ORIGIN}/mcp`,
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
})
const address = (more: Record<string, string> = {}) => `/authorize?${new URLSearchParams({ ...asked(), ...more })}`

/** As much of the fill as the encoded form has room for. */
function filled(fill: string, most: number, encoded: (text: string) => string = encodeURIComponent): string {
  let length = 0
  try {
    length = encoded(fill).length
  } catch {
    length = 9
  }
  return fill.repeat(Math.floor(most / length))
}

const posted = (path: string, form: Record<string, string>): Sent => ({
  ...{ method: 'POST', path, headers: { ...FORM, origin: ORIGIN, cookie } },
  body: String(new URLSearchParams(form)),
})

const grant = `user:grant:${'a'.repeat(32)}`
const FORMS: [string, string[], (form: Record<string, string>) => Sent][] = [
  [
    'the token endpoint',
    [
      ...['grant_type', 'code', 'refresh_token', 'token', 'token_type_hint', 'client_id', 'client_secret'],
      ...['redirect_uri', 'code_verifier', 'resource', 'scope', 'unknown'],
    ],
    (form) =>
      posted('/oauth/token', { grant_type: 'refresh_token', refresh_token: grant, client_id: clientId, ...form }),
  ],
  [
    'consent',
    ['handle', 'decision', 'level', 'types', 'patient', 'unknown'],
    (form) => posted(address(), { handle, decision: 'approve', level: 'read', ...form }),
  ],
  [
    'a confirmation',
    ['token', 'decision'],
    (form) => posted(`/confirm/grant.${'a'.repeat(43)}`, { token: formToken, ...form }),
  ],
  ['a connection', ['token', 'grant', 'level'], (form) => posted('/connections/lower', { token: formToken, ...form })],
]

const PLACES: [string, () => Sent][] = [
  ['a call', () => ({ method: 'POST', path: '/mcp', headers: CALL, body: PING, isSignedIn: true })],
  ['a call without a bearer', () => ({ method: 'POST', path: '/mcp', headers: CALL, body: PING })],
  ['a consent page', () => ({ method: 'GET', path: address() })],
  ['the connections', () => ({ method: 'GET', path: '/connections' })],
  ['the connections of who is signed in', () => ({ method: 'GET', path: '/connections', headers: { cookie } })],
  ['a token request', () => posted('/oauth/token', { grant_type: 'refresh_token', refresh_token: 'a' })],
  ['the home page', () => ({ method: 'GET', path: '/' })],
]

/** So that each call tries a different tenth. */
let turn = 0

/** Which requests, each made of a fill, take too long. */
async function slowOf(make: (fill: string) => Sent | undefined): Promise<string[]> {
  const slow: string[] = []
  for (const fill of rows(FILLS, turn++)) {
    const sent = make(fill)
    if (sent === undefined) continue
    let status = 0
    const ms = await costOf(async () => {
      status = (await send(sent)).status
    })
    if (ms > MOST || status === 500) slow.push(`${JSON.stringify(fill)}: ${ms} ms, ${status}`)
  }
  return slow
}

test('each input gets as far as it can', async () => {
  const statuses = await Promise.all([
    ...FORMS.map(async ([name, , make]) => [name, (await send(make({}))).status]),
    ...PLACES.map(async ([name, make]) => [name, (await send(make())).status]),
  ])
  expect(Object.fromEntries(statuses)).toEqual({
    'a call': 200,
    'a call without a bearer': 401,
    'a confirmation': 404,
    'a connection': 404,
    'a consent page': 200,
    'a token request': 401,
    consent: 200,
    'the connections': 200,
    'the connections of who is signed in': 200,
    'the home page': 200,
    'the token endpoint': 400,
  })
})

describe.each(FORMS)('%s', (_, fields, make) => {
  test.each(fields)('answers quickly, whatever %s contains', { timeout: 60_000 }, async (name) => {
    expect(await slowOf((fill) => make({ [name]: filled(fill, MAX_FORM - 1000) }))).toEqual([])
  })

  test('answers quickly, however many fields there are', { timeout: 60_000 }, async () => {
    const many = (fill: string) => `${encodeURIComponent(fill.toWellFormed())}=1&`
    expect(await slowOf((fill) => ({ ...make({}), body: filled(many(fill), MAX_FORM, String) }))).toEqual([])
  })
})

describe('registration', () => {
  const FIELDS = [
    ...['client_name', 'redirect_uris', 'grant_types', 'response_types', 'token_endpoint_auth_method'],
    ...['token_endpoint_auth_methods_supported', 'client_uri', 'jwks'],
  ]
  const made = (name: string, value: unknown): Sent => ({
    ...{ method: 'POST', path: '/oauth/register', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none', [name]: value }),
  })
  const json = (text: string) => JSON.stringify(text).slice(1, -1)

  test.each(FIELDS)('answers quickly, whatever %s contains', { timeout: 60_000 }, async (name) => {
    const short = (fill: string) => filled(fill, 1_000, json)
    expect(await slowOf((fill) => made(name, short(fill)))).toEqual([])
    expect(await slowOf((fill) => made(name, Array(7).fill(short(fill))))).toEqual([])
    expect(await slowOf((fill) => made(name, filled(fill, MAX_REGISTRATION - 200, json)))).toEqual([])
  })

  test('answers quickly, however deep or long it is', { timeout: 60_000 }, async () => {
    const bodies = ['[', '{"a":', '[],', '{"__proto__":{"a":1},"a":1}', '"a":1,', '\\u0000', '9'].map((part) =>
      filled(part, MAX_REGISTRATION, String),
    )
    for (const body of bodies) expect(await slowOf(() => ({ ...made('jwks', 1), body }))).toEqual([])
  })
})

test.each([
  ...['client_id', 'redirect_uri', 'state', 'scope', 'resource', 'code_challenge', 'code_challenge_method'],
  'response_type',
])('consent is shown or refused quickly, whatever %s contains', { timeout: 60_000 }, async (name) => {
  expect(
    await slowOf((fill) => ({ method: 'GET', path: address({ [name]: filled(fill, MAX_ADDRESS - 1000) }) })),
  ).toEqual([])
})

describe.each(PLACES)('%s', (_, make) => {
  test.each([
    ...['authorization', 'cookie', 'origin', 'accept', 'content-type', 'cf-connecting-ip', 'host', 'user-agent'],
    ...['mcp-session-id', 'mcp-protocol-version', 'mcp-method', 'mcp-name', 'last-event-id', 'traceparent'],
    ...['accept-language', 'if-none-match'],
  ])('answers quickly, whatever the header %s contains', { timeout: 60_000 }, async (name) => {
    const starts: Record<string, string[]> = { authorization: ['Bearer ', 'Basic '], cookie: ['__Host-session=', ''] }
    for (const start of starts[name] ?? ['']) {
      const slow = await slowOf((fill) => {
        // What no header can hold.
        if (/[^\x20-\x7e\xa0-\xff]/.test(fill)) return undefined
        const sent = make()
        return { ...sent, headers: { ...sent.headers, [name]: start + filled(fill, MAX_HEADER, String) } }
      })
      expect(slow).toEqual([])
    }
  })
})
