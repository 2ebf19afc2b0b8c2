/** A person at work in a sandbox: signs in without a browser and sends requests to the FHIR API. */
import type { Sandbox } from '../../sandbox/server.ts'
import type { SandboxUser } from '../../sandbox/world.ts'

/** The example pair of RFC 7636 appendix B. */
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

export interface Answer<T> {
  status: number
  headers: Headers
  /** Parsed, if it is JSON. */
  body: T
}

export type Send = <T = Record<string, unknown>>(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer<T>>

/** @returns a function that sends a request below `/fhir/R4/`; an object is sent as FHIR JSON */
export async function signedIn(sandbox: Pick<Sandbox, 'baseUrl'>, user: SandboxUser): Promise<Send> {
  const token = await tokenFor(sandbox, user)
  return async <T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const raw = typeof body === 'string' || body instanceof Uint8Array
    const response = await fetch(new URL(path, `${sandbox.baseUrl}fhir/R4/`), {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json', ...headers },
      ...(body === undefined ? {} : { body: raw ? (body as NonNullable<RequestInit['body']>) : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: parsed(text) as T }
  }
}

/** @returns an access token of the sandbox's own */
export async function tokenFor(sandbox: Pick<Sandbox, 'baseUrl'>, user: SandboxUser): Promise<string> {
  const login = await fetch(`${sandbox.baseUrl}auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      email: user.email,
      password: user.password,
      scope: 'openid',
      codeChallenge: CHALLENGE,
      codeChallengeMethod: 'S256',
    }),
  })
  const { code } = (await login.json()) as { code: string }
  const granted = await fetch(`${sandbox.baseUrl}oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'authorization_code', code, code_verifier: VERIFIER }),
  })
  const { access_token: token } = (await granted.json()) as { access_token: string }
  return token
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
