// The start of a sign-in, as a client and its browser would make it: registration, consent page, and Medplum's own word on
// this deployment's client and redirect URI. Nobody signs in, so nothing is granted.
import { createHash, randomBytes } from 'node:crypto'
import { type Answer, ask } from './ask.ts'
import { brief, type Finding, fault, healthy, verdict } from './finding.ts'

const REDIRECT_URI = 'http://127.0.0.1:33418/callback'

export async function checkSignIn(origin: URL): Promise<Finding[]> {
  const registered = await ask(`${origin.origin}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'medplum-mcp doctor',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }),
  })
  const clientId = registered.json.client_id
  if (registered.status !== 201 || typeof clientId !== 'string')
    return [
      fault(
        'register',
        `registration answered ${registered.status}: ${brief(registered.text)}`,
        registered.status === 429
          ? 'Wait a minute and run this again.'
          : 'Check the binding OAUTH_KV (npx wrangler kv namespace list) and the log (npx wrangler tail).',
      ),
    ]
  const authorize = (challenge: Record<string, string>) => {
    const url = new URL('/authorize', origin)
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: REDIRECT_URI,
      resource: `${origin.origin}/mcp`,
      state: 'doctor',
      ...challenge,
    }).toString()
    return ask(url, { headers: { accept: 'text/html' } })
  }
  const verifier = randomBytes(32).toString('base64url')
  const s256 = createHash('sha256').update(verifier).digest('base64url')
  const [plain, consent] = [
    await authorize({ code_challenge: verifier, code_challenge_method: 'plain' }),
    await authorize({ code_challenge: s256, code_challenge_method: 'S256' }),
  ]
  return [
    healthy('register', 'a client can register'),
    verdict('pkce-enforced', !isConsent(plain), {
      right: 'PKCE without S256 is refused',
      wrong: 'a sign-in with the PKCE method plain gets as far as the consent page',
      cure: 'An old version answers: run npm run deploy.',
    }),
    ...(await afterConsent(origin, consent)),
  ]
}

function isConsent({ status, text }: Answer): boolean {
  return status === 200 && handleIn(text) !== undefined
}

function handleIn(html: string): string | undefined {
  const [input = ''] = /<input\b[^>]*name="handle"[^>]*>/.exec(html) ?? []
  return /value="([^"]+)"/.exec(input)?.[1]
}

async function afterConsent(origin: URL, page: Answer): Promise<Finding[]> {
  const handle = handleIn(page.text)
  if (page.status !== 200 || handle === undefined)
    return [fault('consent', `the consent page answered ${page.status}`, 'See the log: npx wrangler tail.')]
  const framed = page.headers.get('content-security-policy') ?? ''
  const found = [
    verdict('consent', /frame-ancestors 'none'/.test(framed), {
      right: 'the consent page is shown, and in no frame',
      wrong: "the consent page may be framed: its Content-Security-Policy has no frame-ancestors 'none'",
      cure: 'Remove the rule in front of the Worker that changes its headers (Cloudflare dashboard, Rules).',
    }),
  ]
  const cookie = page.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const approved = await ask(`${origin.origin}/authorize`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: origin.origin, cookie },
    body: new URLSearchParams({ handle, decision: 'approve' }).toString(),
  })
  const location = approved.headers.get('location') ?? ''
  if (!URL.canParse(location))
    return [
      ...found,
      fault(
        'medplum',
        `consent led nowhere (${approved.status})`,
        'A rule in front may drop cookies or the form. See the log: npx wrangler tail.',
      ),
    ]
  return [...found, ...(await atMedplum(origin, new URL(location)))]
}

async function atMedplum(origin: URL, login: URL): Promise<Finding[]> {
  const callback = `${origin.origin}/oauth/callback`
  const asked = login.searchParams.get('redirect_uri')
  const found = [
    verdict('callback', asked === callback, {
      right: `Medplum is asked to come back to ${callback}`,
      wrong: `Medplum is asked to come back to ${asked}`,
      cure: `Set PUBLIC_URL to ${origin.origin} and run npm run deploy.`,
    }),
  ]
  const server = login.origin
  const answer = await ask(login).catch((error: Error) => error)
  if (answer instanceof Error)
    return [
      ...found,
      fault('medplum', `${server} does not answer`, 'Check MEDPLUM_BASE_URL, and that the Medplum server runs.'),
    ]
  const next = answer.headers.get('location') ?? ''
  const error = URL.canParse(next, login.href) ? new URL(next, login.href).searchParams.get('error_description') : null
  const onward = answer.status >= 300 && answer.status < 400 && next !== '' && error === null
  const client = login.searchParams.get('client_id')
  return [
    ...found,
    verdict('medplum', onward, {
      right: `${server} accepts the client and shows its login`,
      wrong: `${server} answered ${answer.status}: ${brief(error ?? answer.text)}`,
      cure: cureAt(error ?? answer.text, { callback, client }),
    }),
  ]
}

function cureAt(words: string, { callback, client }: { callback: string; client: string | null }): string {
  if (/redirect/i.test(words))
    return `Add the redirect URI ${callback} to the ClientApplication ${client} in Medplum (npm run setup does it).`
  if (/client|not found/i.test(words))
    return `There is no ClientApplication ${client} at this Medplum: check MEDPLUM_CLIENT_ID and MEDPLUM_BASE_URL, or run npm run setup.`
  return 'MEDPLUM_BASE_URL leads to something that is no Medplum: correct it and run npm run deploy.'
}
