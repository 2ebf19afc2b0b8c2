// A separate sandbox for a test file.

import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { SandboxUser } from '../../sandbox/core/people.ts'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'
import { SANDBOX_CLIENT_ID, SANDBOX_REDIRECT_URIS } from '../../sandbox/world.ts'

export const [REDIRECT_URI = ''] = SANDBOX_REDIRECT_URIS

export const SCOPE = 'openid profile offline_access'

export let sandbox: Sandbox

export let clock: number

export const at = (path: string) => `${sandbox.baseUrl}${path}`

export function control(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(at(`_sandbox/${path}`), { method, ...(body ? { body: JSON.stringify(body) } : {}) })
}

export interface Tokens {
  access_token: string
  refresh_token?: string
  expires_in: number
}

export function authorizationRequest(verifier: string, scope = SCOPE): Record<string, string> {
  return {
    response_type: 'code',
    client_id: SANDBOX_CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    scope,
    state: 'state & more',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }
}

/** Sends the login form as a browser would: all hidden fields of it, and what the person types. */
export async function submitLogin(user: { email: string; password: string }, verifier: string, scope?: string) {
  const start = await fetch(at(`oauth2/authorize?${new URLSearchParams(authorizationRequest(verifier, scope))}`))
  const fields = new URLSearchParams({ email: user.email, password: user.password })
  // The forms after it sign in the clinic's people.
  const [form = ''] = (await start.text()).split('</form>')
  for (const [, name = '', value = ''] of form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)) {
    fields.set(name, value.replaceAll('&amp;', '&'))
  }
  return fetch(start.url.replace(/\?.*/, ''), { method: 'POST', body: fields, redirect: 'manual' })
}

function tokenRequest(fields: Record<string, string>): Promise<Response> {
  return fetch(at('oauth2/token'), { method: 'POST', body: new URLSearchParams(fields) })
}

export async function signIn(user: SandboxUser, scope?: string): Promise<Tokens> {
  const verifier = randomBytes(32).toString('base64url')
  const answer = await submitLogin(user, verifier, scope)
  const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const response = await tokenRequest({ grant_type: 'authorization_code', code, code_verifier: verifier })
  return (await response.json()) as Tokens
}

export const refresh = (token = '') => tokenRequest({ grant_type: 'refresh_token', refresh_token: token })

export function fhir(tokens: Tokens, path: string, method = 'GET', body?: unknown): Promise<Response> {
  return fetch(at(`fhir/R4/${path}`), {
    method,
    headers: { authorization: `Bearer ${tokens.access_token}`, 'content-type': 'application/fhir+json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
}

export const PATIENT = { resourceType: 'Patient', name: [{ family: 'Testperson' }] }

export function passTime(ms: number): void {
  clock += ms
}

/** Hooks for a file of these tests. */
export function setUp(): void {
  beforeAll(async () => {
    clock = Date.now()
    sandbox = await startSandbox({ control: true, redirectUris: ['http://localhost:9/more'], now: () => clock })
  })
  afterAll(() => sandbox.close())
  beforeEach(() => control('POST', 'reset'))
}
