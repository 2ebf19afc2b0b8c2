/** A person at work in a sandbox: signs in without a browser and sends requests to the FHIR API. */
import type { Sandbox } from '../../sandbox/server.ts'

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

/** Who signs in; which membership, for a person with several. */
export interface Login {
  email: string
  password: string
  membershipId?: string
  /** For a person who exists only in that project. */
  projectId?: string
  /** `openid` by default. */
  scope?: string
}

/** @returns a function that sends a request below `/fhir/R4/`; an object is sent as FHIR JSON */
export async function signedIn(server: Pick<Sandbox, 'baseUrl'>, login: Login): Promise<Send> {
  return sendAs(server, await tokenFor(server, login))
}

/** The same with an existing token. */
export function sendAs({ baseUrl }: Pick<Sandbox, 'baseUrl'>, token: string): Send {
  return async <T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const raw = typeof body === 'string' || body instanceof Uint8Array
    const response = await fetch(new URL(path, `${baseUrl}fhir/R4/`), {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json', ...headers },
      ...(body === undefined ? {} : { body: raw ? (body as NonNullable<RequestInit['body']>) : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: parsed(text) as T }
  }
}

/** @returns an access token of Medplum's own, as its login page would get it */
export async function tokenFor({ baseUrl }: Pick<Sandbox, 'baseUrl'>, login: Login): Promise<string> {
  const { email, password, projectId, scope = 'openid' } = login
  const challenge = { codeChallenge: CHALLENGE, codeChallengeMethod: 'S256' }
  const begun = await post(`${baseUrl}auth/login`, { email, password, projectId, scope, ...challenge })
  const { code } = begun.code
    ? begun
    : await post(`${baseUrl}auth/profile`, { login: begun.login, profile: login.membershipId })
  const granted = await fetch(`${baseUrl}oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'authorization_code', code: code ?? '', code_verifier: VERIFIER }),
  })
  const { access_token: token } = (await granted.json()) as { access_token?: string }
  if (token === undefined) throw new Error(`Medplum gave ${email} no token (${granted.status})`)
  return token
}

async function post(url: string, body: unknown): Promise<Record<string, string>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return response.json() as Promise<Record<string, string>>
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
