// Checks a complete sign-in, by a person in a browser: the code, the token, calls with it, and its revocation.
import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, ask } from './ask.ts'
import { authorizationUrl, type Client, newPkce } from './client.ts'
import type { Endpoint } from './endpoint.ts'
import { brief, type Finding, fault, SEE_LOG, verdict } from './finding.ts'
import type { Loopback } from './loopback.ts'
import { callMcp } from './mcp.ts'

/** The lowest level, since the examination changes nothing. */
const SCOPE = 'fhir:read'
const WAIT_MS = 300_000
/** How long a revocation may take to be known everywhere. */
const REVOCATION_TRIES = 8
const REVOCATION_PAUSE_MS = 500

export interface PersonWishes {
  /** Called with the address that the person must open. */
  show: (url: string) => void
  /** How long to wait for the person; five minutes by default. */
  waitMs?: number
}

/** @param client with the redirect URI of the loopback */
export async function checkSignedIn(
  endpoint: Endpoint,
  client: Client,
  loopback: Loopback,
  { show, waitMs = WAIT_MS }: PersonWishes,
): Promise<Finding[]> {
  const { verifier, challenge } = newPkce()
  const asked = {
    state: loopback.state,
    scope: SCOPE,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  } as const
  show(authorizationUrl(endpoint, client, asked).href)
  const back = await loopback.back(waitMs)
  const returned = returnOf(endpoint, back, waitMs)
  const code = back?.get('code')
  if (!returned.ok || !code) return [returned]
  const answer = await send(endpoint, {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: client.redirectUri,
    client_id: client.id,
    resource: endpoint.resource,
  })
  const { access_token: token, scope } = answer.json
  if (answer.status !== 200 || typeof token !== 'string')
    return [returned, fault('token', `the code is refused (${answer.status}): ${brief(answer.text)}`, SEE_LOG)]
  const granted = verdict('token', scope === SCOPE, {
    right: `the code is exchanged for a token with ${SCOPE}`,
    wrong: `the token has the scope ${scope}, not ${SCOPE}`,
    fix: 'More was granted than requested: this is an old version. Run npm run deploy.',
  })
  const calls = [await checkTools(endpoint, token), await checkWhoami(endpoint, token)]
  return [returned, granted, ...calls, await checkRevocation(endpoint, token, client)]
}

/** Checks the parameters with which the browser returned. */
function returnOf({ origin, tenant }: Endpoint, back: URLSearchParams | undefined, waitMs: number): Finding {
  const issuer = back?.get('iss') ?? origin
  if (back?.has('code'))
    return verdict('authorization', issuer === origin, {
      right: 'a person allowed access and signed in',
      wrong: `the code comes from the issuer ${issuer}, not ${origin}`,
      fix: `Clients refuse another issuer (RFC 9207). Set PUBLIC_URL to ${origin} and run npm run deploy.`,
    })
  if (!back)
    return fault(
      'authorization',
      `nobody signed in within ${Math.ceil(waitMs / 1000)} s`,
      'Open the address in a browser on this machine, allow access and sign in. If a page shows an error, follow its advice.',
    )
  const words = back.get('error_description') ?? back.get('error') ?? 'no code came back'
  const secret = tenant === undefined ? 'the secret MEDPLUM_CLIENT_SECRET' : `the secret of ${tenant} in TENANT_SECRETS`
  return fault(
    'authorization',
    brief(words),
    /not accept/.test(words)
      ? `If the ClientApplication needs a secret, check ${secret}; otherwise remove the secret here. ${SEE_LOG}`
      : 'Run this again, allow access on the consent page, and sign in as somebody who may use this Medplum server.',
  )
}

function checkTools({ resource }: Endpoint, token: string): Promise<Finding> {
  return attempted('tools', async () => {
    const { tools } = await callMcp(resource, token, 'tools/list')
    const count = Array.isArray(tools) ? tools.length : 0
    return verdict('tools', count > 0, {
      right: `${count} tools are offered`,
      wrong: 'no tool is offered',
      fix: 'This is another version: run npm run deploy.',
    })
  })
}

/** The answer names the person, so it isn't shown. */
function checkWhoami({ resource }: Endpoint, token: string): Promise<Finding> {
  return attempted('whoami', async () => {
    const { isError, content } = await callMcp(resource, token, 'tools/call', { name: 'whoami', arguments: {} })
    const text = JSON.stringify(content ?? '')
    const told = isError !== true && !/Medplum gave no more details/.test(text)
    return verdict('whoami', told, {
      right: 'Medplum answers for the person',
      wrong: isError === true ? `the tool failed: ${brief(text)}` : 'Medplum does not answer for the person',
      fix: `Check that the Medplum server is running, and that this person's access policy lets them read. ${SEE_LOG}`,
    })
  })
}

async function checkRevocation(endpoint: Endpoint, token: string, { id }: Client): Promise<Finding> {
  return attempted('revocation', async () => {
    const answer = await send(endpoint, { token, client_id: id })
    const ended = answer.status === 200 && (await isRefused(endpoint, token))
    return verdict('revocation', ended, {
      right: 'the token is revoked and then refused',
      wrong: `the token is still accepted after its revocation (${answer.status})`,
      fix: `End the connection "medplum-mcp doctor" at ${endpoint.origin}${endpoint.root}/connections. ${SEE_LOG}`,
    })
  })
}

/** Whether the token is refused, at the latest after a moment: isolates may remember it for a second. */
async function isRefused({ resource }: Endpoint, token: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  for (let left = REVOCATION_TRIES; left > 0; left--) {
    const { status } = await ask(resource, { method: 'POST', headers, body: '{}' })
    if (status === 401) return true
    if (left > 1) await pause(REVOCATION_PAUSE_MS)
  }
  return false
}

/** Turns an error of a step into a finding, so that the token is revoked in any case. */
function attempted(name: string, check: () => Promise<Finding>): Promise<Finding> {
  return check().catch((error: Error) => fault(name, brief(error.message), SEE_LOG))
}

/** Posts to the token endpoint, which also revokes tokens. */
function send({ origin }: Endpoint, form: Record<string, string>): Promise<Answer> {
  return ask(`${origin}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  })
}
