// The way of a sign-in through the browser: authorize and consent here, login at Medplum, callback here, back to the client.
import {
  AuthorizationError,
  type AuthRequest,
  authorizationErrorRedirect,
  CimdFetchError,
  type OAuthHelpers,
} from '@cloudflare/workers-oauth-provider'
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import type { GrantProps } from '../caller.ts'
import { type Bindings, readSettings, type Settings } from '../env.ts'
import { Problem, setPageHeaders } from '../pages/layout.tsx'
import { newKey } from '../seal.ts'
import { FULL_SCOPE } from './access.ts'
import { Consent } from './consent.tsx'
import { exchangeCode, type LoginSecrets, loginUrl, newLoginSecrets, UpstreamError } from './medplum.ts'
import { AUTHORIZE_PATH, createAuthorizationServer, grantOf } from './provider.ts'

type Ctx = Context<{ Bindings: Bindings }>

/** What is carried through Medplum's login besides the client's request. */
interface LoginData extends LoginSecrets {
  clientName: string
}

export const signIn = new Hono<{ Bindings: Bindings }>()
  .get(AUTHORIZE_PATH, showConsent)
  .post(AUTHORIZE_PATH, decide)
  .get('/oauth/callback', finish)

signIn.onError((error, c) => problemFor(error, c as Ctx))

async function showConsent(c: Ctx): Promise<Response> {
  const settings = readSettings(c.env)
  const oauth = api(c.env)
  const request = await oauth.parseAuthRequest(c.req.raw)
  const client = await oauth.describeConsent(request)
  const { handle, headers } = await oauth.beginConsent(request)
  setPageHeaders(headers, formTargets(settings, client.redirectUri))
  const page = <Consent client={client} handle={handle} medplumHost={settings.medplum.baseUrl.host} />
  return new Response(`<!doctype html>${page}`, { headers })
}

async function decide(c: Ctx): Promise<Response> {
  const settings = readSettings(c.env)
  const oauth = api(c.env)
  const form = await c.req.raw.clone().formData()
  const handle = String(form.get('handle') ?? '')
  if (form.get('decision') !== 'approve') {
    const { redirectTo, headers } = await oauth.denyConsent(c.req.raw, handle, {
      description: 'The person denied access',
    })
    return redirect(redirectTo, headers)
  }
  const approved = await oauth.approveConsent(c.req.raw, handle, { scope: [FULL_SCOPE] })
  const { clientName } = await oauth.describeConsent(approved.request)
  const data: LoginData = { ...newLoginSecrets(), clientName }
  const { state, headers } = await oauth.beginUpstream(approved.request, { data, headers: approved.headers })
  return redirect(await loginUrl(settings, state, data), headers)
}

async function finish(c: Ctx): Promise<Response> {
  const settings = readSettings(c.env)
  const oauth = api(c.env)
  const { request, data, headers } = await oauth.finishUpstream<LoginData>(c.req.raw)
  const code = c.req.query('code')
  if (!code) {
    const description = 'The Medplum login ended without access'
    return redirect(authorizationErrorRedirect(request, 'access_denied', description), headers)
  }
  try {
    return redirect(await grant(settings, oauth, c.env, request, code, data), headers)
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    console.warn(JSON.stringify({ event: 'sign_in_failed', kind: error.kind }))
    const [kind, description] =
      error.kind === 'unavailable'
        ? (['temporarily_unavailable', 'Medplum could not be reached. Try again.'] as const)
        : (['access_denied', 'Medplum did not accept the login. Try again.'] as const)
    return redirect(authorizationErrorRedirect(request, kind, description), headers)
  }
}

/** Completes the sign-in: the grant at the provider, and Medplum's tokens in the grant's object. */
async function grant(
  settings: Settings,
  oauth: OAuthHelpers,
  env: Bindings,
  request: AuthRequest,
  code: string,
  data: LoginData,
): Promise<string> {
  const login = await exchangeCode(settings, code, data)
  const props: GrantProps = {
    vaultKey: newKey(),
    accessToken: login.tokens.accessToken,
    accessExpiresAt: login.tokens.accessExpiresAt,
    profile: login.profile,
    project: login.project,
    clientName: data.clientName,
  }
  const { redirectTo } = await oauth.completeAuthorization({
    request,
    userId: login.userId,
    metadata: {},
    scope: request.scope,
    props,
  })
  const name = grantOf(new URL(redirectTo).searchParams)
  if (!name) throw new Error('The provider issued a code that names no grant')
  await env.GRANT.getByName(name).keep(props.vaultKey, login.tokens)
  return redirectTo
}

/**
 * Where the consent form may lead: by redirect to Medplum, whose login page has an origin of its own, or back to the
 * client. Browsers apply `form-action` to those redirects as well.
 */
function formTargets(settings: Settings, redirectUri: string): string[] {
  const origins = [settings.medplum.baseUrl.origin, new URL(redirectUri).origin]
  return ['https:', ...new Set(origins.filter((origin) => origin.startsWith('http:')))]
}

/** A failure on the way. Only a client and redirect URI that were verified are sent anything; all else is a page. */
function problemFor(error: Error, c: Ctx): Response {
  if (error instanceof AuthorizationError && error.redirectTo) return redirect(error.redirectTo, new Headers())
  const headers = new Headers()
  setPageHeaders(headers)
  if (error instanceof AuthorizationError || error instanceof CimdFetchError) {
    const what =
      error instanceof CimdFetchError
        ? 'The application could not be verified: its metadata could not be read.'
        : sentence(error.description)
    const cure =
      'Nothing was allowed. Go back to your application and connect it again; if that fails, remove it there and add it anew.'
    return new Response(`<!doctype html>${<Problem title="This sign-in can't continue" what={what} cure={cure} />}`, {
      status: 400,
      headers,
    })
  }
  console.error(JSON.stringify({ event: 'sign_in_failed', path: c.req.path, error: error.name }))
  const page = (
    <Problem
      title="Something failed on this server"
      what="The sign-in was not finished, and nothing was allowed."
      cure="Try again in a minute from your application. If it goes on, tell the operator of this server."
    />
  )
  return new Response(`<!doctype html>${page}`, { status: 500, headers })
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

function redirect(location: string, headers: Headers): Response {
  headers.set('location', location)
  headers.set('cache-control', 'no-store')
  headers.set('referrer-policy', 'no-referrer')
  return new Response(null, { status: 302, headers })
}

function api(env: Bindings): OAuthHelpers {
  return createAuthorizationServer(readSettings(env)).getOAuthApi(env)
}
