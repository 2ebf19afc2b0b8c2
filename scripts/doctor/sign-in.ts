// Checks the start of a sign-in, as a client and its browser would make it: the consent page, and whether Medplum accepts this deployment's
// client and redirect URI. Nobody signs in, so nothing is granted.
import { type Answer, ask } from './ask.ts'
import { authorizationUrl, type Client, newPkce } from './client.ts'
import type { Endpoint } from './endpoint.ts'
import { brief, type Finding, fault, SEE_LOG, verdict } from './finding.ts'

/** @param client whose sign-in is started and abandoned */
export async function checkSignIn(endpoint: Endpoint, client: Client): Promise<Finding[]> {
  const { verifier, challenge } = newPkce()
  const open = (method: 'S256' | 'plain') => {
    const code_challenge = method === 'plain' ? verifier : challenge
    const url = authorizationUrl(endpoint, client, { state: 'doctor', code_challenge, code_challenge_method: method })
    return ask(url, { headers: { accept: 'text/html' } })
  }
  const [plain, consent] = [await open('plain'), await open('S256')]
  return [
    verdict('pkce-enforced', !isConsent(plain), {
      right: 'PKCE without S256 is refused',
      wrong: 'a sign-in with the PKCE method plain reaches the consent page',
      fix: 'This is an old version: run npm run deploy.',
    }),
    ...(await afterConsent(endpoint, consent)),
  ]
}

function isConsent({ status, text }: Answer): boolean {
  return status === 200 && handleIn(text) !== undefined
}

function handleIn(html: string): string | undefined {
  const [input = ''] = /<input\b[^>]*name="handle"[^>]*>/.exec(html) ?? []
  return /value="([^"]+)"/.exec(input)?.[1]
}

/** A piece of a page's markup, as text. */
function unescaped(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
}

/** The address to which a page continues automatically. */
function onwardIn(html: string): string {
  const [, address = ''] = /<meta http-equiv="refresh" content="0; url=([^"]*)"/.exec(html) ?? []
  return unescaped(address)
}

async function afterConsent(endpoint: Endpoint, page: Answer): Promise<Finding[]> {
  const handle = handleIn(page.text)
  if (page.status !== 200 || handle === undefined)
    return [fault('consent', `the consent page answered ${page.status}`, SEE_LOG)]
  const framed = page.headers.get('content-security-policy') ?? ''
  const found = [
    verdict('consent', /frame-ancestors 'none'/.test(framed), {
      right: 'the consent page is shown, and cannot be framed',
      wrong: "the consent page may be framed: its Content-Security-Policy has no frame-ancestors 'none'",
      fix: 'Remove the rule in front of the Worker that changes its headers (Cloudflare dashboard, Rules).',
    }),
  ]
  const cookie = page.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const [, action = ''] = /<form\b[^>]*action="([^"]*)"/.exec(page.text) ?? []
  const approved = await ask(new URL(unescaped(action), endpoint.origin), {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: endpoint.origin, cookie },
    body: new URLSearchParams({ handle, decision: 'approve' }).toString(),
  })
  const redirected = approved.headers.get('location')
  const location = redirected ?? onwardIn(approved.text)
  if (URL.canParse(location)) {
    found.push(
      verdict('way-to-login', redirected === null, {
        right: 'the consent form leads to a page, from which browsers continue to Medplum and its App',
        wrong: 'the consent form leads to a redirect, which browsers block when Medplum redirects to its App',
        fix: 'This is an old version, or something in front of the Worker changes its answers: run npm run deploy, and remove the rule.',
      }),
    )
  } else
    return [
      ...found,
      fault(
        'medplum',
        `consent did not lead to a login at Medplum (${approved.status})`,
        `A rule in front of the Worker may drop cookies or the form. ${SEE_LOG}`,
      ),
    ]
  return [...found, ...(await atMedplum(endpoint, new URL(location)))]
}

async function atMedplum(endpoint: Endpoint, login: URL): Promise<Finding[]> {
  const { callback } = endpoint
  const asked = login.searchParams.get('redirect_uri')
  const found = [
    verdict('callback', asked === callback, {
      right: `Medplum is asked to return to ${callback}`,
      wrong: `Medplum is asked to return to ${asked}`,
      fix: `Set PUBLIC_URL to ${endpoint.origin} and run npm run deploy.`,
    }),
  ]
  const server = login.origin
  const answer = await ask(login).catch((error: Error) => error)
  if (answer instanceof Error)
    return [
      ...found,
      fault(
        'medplum',
        `${server} does not respond`,
        `Check ${settingsOf(endpoint).baseUrl}, and that the Medplum server is running.`,
      ),
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
      fix: fixAt(error ?? answer.text, endpoint, client),
    }),
    ...(onward ? [await loginPage(new URL(next, login))] : []),
  ]
}

/** Medplum's App, with the login page, has its own origin. */
async function loginPage(page: URL): Promise<Finding> {
  const answer = await ask(page, { headers: { accept: 'text/html' } }).catch(() => undefined)
  return verdict('login-page', answer !== undefined && answer.status < 400, {
    right: `the login page at ${page.origin} answers`,
    wrong: `the login page at ${page.origin} ${answer === undefined ? 'does not respond' : `answered ${answer.status}`}`,
    fix: 'Check that the Medplum App is running, and check appBaseUrl in the configuration of the Medplum server.',
  })
}

function fixAt(words: string, endpoint: Endpoint, client: string | null): string {
  const { baseUrl, clientId, isOwn } = settingsOf(endpoint)
  if (/redirect/i.test(words))
    return `Add the redirect URI ${endpoint.callback} to the ClientApplication ${client} in Medplum${isOwn ? ' (npm run setup does it)' : ''}.`
  if (/client|not found/i.test(words))
    return `This Medplum server has no ClientApplication ${client}: check ${clientId} and ${baseUrl}${isOwn ? ', or run npm run setup' : ''}.`
  return `${baseUrl} is not the address of a Medplum server: correct it and run npm run deploy.`
}

/** The names of the settings for Medplum's address and the client. Setup creates no clients for tenants. */
function settingsOf({ tenant }: Endpoint) {
  return tenant === undefined
    ? { baseUrl: 'MEDPLUM_BASE_URL', clientId: 'MEDPLUM_CLIENT_ID', isOwn: true }
    : { baseUrl: `baseUrl of ${tenant} in TENANTS`, clientId: `clientId of ${tenant} in TENANTS`, isOwn: false }
}
