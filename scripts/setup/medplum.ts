// What setup must find out about Medplum: whether it is one, who signs in, and whether they may manage ClientApplications.
import { createHash, randomBytes } from 'node:crypto'
import * as z from 'zod'
import { Stop } from './stop.ts'

const TIMEOUT_MS = 20_000

export type Credentials =
  | { kind: 'person'; email: string; password: string; project?: string | undefined }
  | { kind: 'client'; clientId: string; clientSecret: string }

export interface Admin {
  baseUrl: string
  accessToken: string
  projectName: string
}

interface Answer {
  status: number
  body: unknown
}

/** One call of Medplum's API. A status is no error. @throws {Stop} when nothing answers */
async function callMedplum(url: URL, init: RequestInit = {}): Promise<Answer> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
    const text = await response.text()
    return { status: response.status, body: parse(text) }
  } catch {
    throw new Stop(`${url.origin} does not respond`, 'Check the Medplum base URL, and that the server is running.')
  }
}

/** A call with the access token of a login. @throws {Stop} also when the token is no longer accepted */
export async function callAs(accessToken: string, url: URL, init: RequestInit = {}): Promise<Answer> {
  const headers = new Headers(init.headers)
  headers.set('authorization', `Bearer ${accessToken}`)
  const answer = await callMedplum(url, { ...init, headers })
  if (answer.status !== 401) return answer
  throw new Stop(
    'Medplum no longer accepts the login: it expired or was revoked',
    'Run npm run setup again to sign in again. If this continues, check the clock of the Medplum server.',
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const discovery = z.object({ issuer: z.string(), token_endpoint: z.string() })
const capability = z.object({ software: z.object({ name: z.string().regex(/^medplum$/i) }) })

/** @returns the base URL with a trailing slash. @throws {Stop} when it isn't the root of a Medplum server */
export async function checkMedplum(address: string): Promise<string> {
  if (!/^https?:\/\//.test(address) || !URL.canParse(address))
    throw new Stop(`${address} is not a URL`, 'Enter the complete Medplum base URL, such as https://api.medplum.com/.')
  const baseUrl = address.endsWith('/') ? address : `${address}/`
  const [openid, metadata] = await Promise.all([
    callMedplum(new URL('.well-known/openid-configuration', baseUrl)),
    callMedplum(new URL('fhir/R4/metadata', baseUrl)),
  ])
  const found = discovery.safeParse(openid.body)
  if (!found.success || !capability.safeParse(metadata.body).success)
    throw new Stop(
      `${baseUrl} is not a Medplum server`,
      'Enter the API base URL (MEDPLUM_BASE_URL of the server, or https://api.medplum.com/ for hosted Medplum), not the address of the Medplum App.',
    )
  if (found.data.issuer !== baseUrl)
    throw new Stop(`This Medplum server calls itself ${found.data.issuer}`, `Use ${found.data.issuer} as the base URL.`)
  return baseUrl
}

const WRONG = 'Check the e-mail address and password, or the client id and secret, and run npm run setup again.'
const tokens = z.object({ access_token: z.string() })
const login = z.object({ login: z.string(), code: z.string().optional(), memberships: z.array(z.unknown()).optional() })
const choice = z.object({
  id: z.string(),
  project: z.object({ reference: z.string(), display: z.string().optional() }),
})
const me = z.object({
  project: z.object({ name: z.string().optional() }),
  membership: z.object({ admin: z.boolean().optional() }),
})

/** Signs in and checks that this is an administrator of the project. @throws {Stop} */
export async function signIn(baseUrl: string, credentials: Credentials): Promise<Admin> {
  const accessToken =
    credentials.kind === 'person' ? await byPassword(baseUrl, credentials) : await bySecret(baseUrl, credentials)
  const { body } = await callAs(accessToken, new URL('auth/me', baseUrl))
  const who = me.safeParse(body)
  if (!who.success || who.data.membership.admin !== true)
    throw new Stop(
      'This login may not create a ClientApplication: it is not an administrator of the project',
      'Sign in as a project administrator, or have one make the ProjectMembership an admin (Medplum App, Project, Users).',
    )
  return { baseUrl, accessToken, projectName: who.data.project.name ?? 'the project' }
}

async function bySecret(baseUrl: string, { clientId, clientSecret }: Credentials & { kind: 'client' }) {
  return exchange(baseUrl, { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret })
}

async function byPassword(baseUrl: string, { email, password, project }: Credentials & { kind: 'person' }) {
  const verifier = randomBytes(32).toString('base64url')
  const codeChallenge = createHash('sha256').update(verifier).digest('base64url')
  const begun = await post(baseUrl, 'auth/login', {
    ...{ email, password, scope: 'openid', codeChallenge, codeChallengeMethod: 'S256' },
    ...(project && { projectId: project }),
  })
  const found = login.safeParse(begun.body)
  if (!found.success) throw new Stop(`Medplum refused the login (${begun.status})`, WRONG)
  return exchange(baseUrl, {
    grant_type: 'authorization_code',
    code: found.data.code ?? (await codeOf(found.data.memberships ?? [])),
    code_verifier: verifier,
  })
}

/** Without a code, Medplum asks for a second factor or for the project. */
async function codeOf(memberships: unknown[]): Promise<string> {
  const choices = z.array(choice).catch([]).parse(memberships)
  if (choices.length === 0)
    throw new Stop(
      'Medplum asks for a second factor',
      'Use the client credentials of an administrator instead: --admin-client ID, with the secret in MEDPLUM_ADMIN_SECRET.',
    )
  const names = choices.map(({ project }) => `${project.reference.replace('Project/', '')} (${project.display ?? ''})`)
  throw new Stop('This login belongs to several projects', `Choose one with --project: ${names.join(', ')}.`)
}

async function exchange(baseUrl: string, form: Record<string, string>): Promise<string> {
  const url = new URL('oauth2/token', baseUrl)
  const { status, body } = await callMedplum(url, { method: 'POST', body: new URLSearchParams(form) })
  const found = tokens.safeParse(body)
  if (!found.success) throw new Stop(`Medplum refused the login (${status})`, WRONG)
  return found.data.access_token
}

function post(baseUrl: string, path: string, body: object): Promise<Answer> {
  const headers = { 'content-type': 'application/json' }
  return callMedplum(new URL(path, baseUrl), { method: 'POST', headers, body: JSON.stringify(body) })
}
