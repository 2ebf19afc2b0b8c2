// The steps of a sign-in in the browser: authorization and consent here, login at Medplum, callback here, back to the client.

import {
  AuthorizationError,
  type AuthRequest,
  authorizationErrorRedirect,
  type ConsentDescription,
  type OAuthHelpers,
} from '@cloudflare/workers-oauth-provider'
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import { auditOAuth } from '../../audit/audit.ts'
import { type Bindings, readSettings, type Settings } from '../../config/settings.ts'
import { settingsAt } from '../../config/tenants.ts'
import { canonicalize } from '../../oauth/addresses.ts'
import { shownName } from '../../oauth/clients/client-name.ts'
import { isUsableRedirect, redirectPlace } from '../../oauth/clients/redirects.ts'
import { CLIENT_SCOPES, loginUrl, newLoginSecrets, UpstreamError } from '../../oauth/medplum.ts'
import { AUTHORIZE_PATH, createAuthorizationServer } from '../../oauth/provider.ts'
import { type Offer, offerFor, scopesFor, smartScopes } from '../../oauth/scopes.ts'
import { finishLogin, isBrowserLogin, StaleLoginError } from '../shared/browser-session.ts'
import { methodNotAllowed } from '../shared/error-pages.tsx'
import { pageResponse } from '../shared/layout.tsx'
import { markBrowser } from './browser-mark.ts'
import { complete, type LoginData } from './complete.ts'
import { Consent, Onward } from './consent.tsx'
import { closeForm, openForm } from './consent-form.ts'
import { type NarrowingForm, readNarrowing } from './narrowing-form.ts'
import { DocumentError, problemPage } from './problems.tsx'

type Ctx = Context<{ Bindings: Bindings }>

export const CALLBACK_PATH = '/oauth/callback'
const MAX_CLIENT_ID = 400

export const signIn = new Hono<{ Bindings: Bindings }>()
  .get(AUTHORIZE_PATH, showConsent)
  .post(AUTHORIZE_PATH, decide)
  .all(AUTHORIZE_PATH, methodNotAllowed('GET, HEAD, POST'))

/** The callback from Medplum; mounted for each tenant. */
export const callback = new Hono<{ Bindings: Bindings }>()
  .get(CALLBACK_PATH, finish)
  .all(CALLBACK_PATH, methodNotAllowed('GET, HEAD'))

for (const routes of [signIn, callback]) routes.onError((error, c) => answerTo(error, c as Ctx))

async function showConsent(c: Ctx): Promise<Response> {
  const { oauth, request, settings } = await askedFor(c)
  const page = await consentPage(c, settings, oauth, request, offerFor(request.scope, settings.maxAccess))
  await auditOAuth({ decision: 'consent_shown' }, request, c.env)
  return page
}

/** Parses the request in the URL. The form is sent to the same URL, so what is shown is also what is decided. */
async function askedFor(c: Ctx) {
  const oauth = api(c.env)
  const url = new URL(c.req.url)
  canonicalize(c.env, url.searchParams)
  const { redirect_uri: redirectUri = '', client_id: clientId = '' } = Object.fromEntries(url.searchParams)
  // Checked before the provider could send an error there.
  if (!isUsableRedirect(redirectUri)) throw wrong('Invalid redirect URI')
  // KV fails for a longer key.
  if (clientId.length > MAX_CLIENT_ID) throw wrong('Invalid client_id')
  if (!readSettings(c.env).clientDocuments && isDocument(clientId)) throw new DocumentError(clientId)
  const request = await oauth.parseAuthRequest(new Request(url, { headers: c.req.raw.headers }))
  return { oauth, request, settings: settingsOf(request, c.env) }
}

function wrong(description: string): AuthorizationError {
  return new AuthorizationError('invalid_request', { description })
}

/** Whether a client names itself by the address of a metadata document. */
function isDocument(clientId: string): boolean {
  return URL.parse(clientId)?.protocol === 'https:'
}

/** The client as the page shows it: by its id if no part of its name is visible. */
function shown(client: ConsentDescription): ConsentDescription {
  const { name, isThisComputer } = redirectPlace(client.redirectUri)
  const clientName = shownName(client.clientName) || shownName(client.clientId)
  return { ...client, clientName, redirectHost: name, redirectIsLoopback: isThisComputer }
}

/** The page with a new handle, and the earlier input if that couldn't be granted. */
async function consentPage(
  c: Ctx,
  settings: Settings,
  oauth: OAuthHelpers,
  request: AuthRequest,
  offer: Offer,
  narrowing?: NarrowingForm,
): Promise<Response> {
  const client = shown(await oauth.describeConsent(request))
  const { search } = new URL(c.req.url)
  const { handle, cookie } = await openForm(c)
  const { tenant, medplum } = settings
  const given = { client, handle, search, tenant, medplumHost: medplum.baseUrl.host, offer }
  return pageResponse(<Consent {...given} {...(narrowing && { narrowing })} />, {
    status: narrowing ? 400 : 200,
    headers: new Headers({ 'set-cookie': cookie }),
  })
}

async function decide(c: Ctx): Promise<Response> {
  // A body that isn't a form has no handle, and is refused for that.
  const form = await c.req.raw
    .clone()
    .formData()
    .catch(() => new FormData())
  const headers = new Headers({ 'set-cookie': await closeForm(c, String(form.get('handle') ?? '')) })
  const { oauth, request: asked, settings } = await askedFor(c)
  if (form.get('decision') !== 'approve') {
    await auditOAuth({ decision: 'denied' }, { resource: asked.resource }, c.env)
    const to = authorizationErrorRedirect(asked, 'access_denied', 'The person denied access')
    return pageResponse(<Onward to={to} place="your application" />, { headers })
  }
  const { levels, preselected } = offerFor(asked.scope, settings.maxAccess)
  // A level that isn't offered counts as the lowest.
  const chosen = form.has('level') ? levels.find((level) => level === form.get('level')) : preselected
  const level = chosen ?? 'read'
  const narrowing = readNarrowing(form)
  if (Object.keys(narrowing.form.problems).length > 0) {
    return consentPage(c, settings, oauth, asked, { levels, preselected: level }, narrowing.form)
  }
  const { clientName } = shown(await oauth.describeConsent(asked))
  const request = { ...asked, scope: scopesFor(level) }
  const { mark, cookie } = await markBrowser(c)
  headers.append('set-cookie', cookie)
  const data: LoginData = { ...newLoginSecrets(), mark, clientName, narrowing: narrowing.asked }
  await auditOAuth({ decision: 'approved', level }, request, c.env)
  const { state } = await oauth.beginUpstream(request, { data, headers })
  const to = await loginUrl(settings, state, data, [...CLIENT_SCOPES, ...smartScopes(level)])
  return pageResponse(<Onward to={to} place="Medplum" />, { headers })
}

async function finish(c: Ctx): Promise<Response> {
  if (isBrowserLogin(c.req.query('state'))) return finishLogin(c)
  const settings = settingsAt(c.env, c.req.path)
  const oauth = api(c.env)
  const { request, data, headers } = await oauth.finishUpstream<LoginData>(c.req.raw)
  // Another Medplum's code must not be sent to this one (mix-up, RFC 9700 section 4.4).
  if (settingsOf(request, c.env) !== settings) throw new StaleLoginError('Begun at another tenant')
  const code = c.req.query('code')
  if (!code) {
    const description = 'The Medplum login ended without access'
    await auditOAuth({ decision: 'sign_in_failed', reason: 'denied' }, request, c.env)
    return redirect(authorizationErrorRedirect(request, 'access_denied', description), headers)
  }
  try {
    return redirect(await complete(settings, oauth, c.env, request, code, data), headers)
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    await auditOAuth({ decision: 'sign_in_failed', reason: error.kind }, request, c.env)
    const [kind, description] =
      error.kind === 'unavailable'
        ? (['temporarily_unavailable', 'Medplum could not be reached. Try again.'] as const)
        : (['access_denied', 'Medplum did not accept the login. Try again.'] as const)
    return redirect(authorizationErrorRedirect(request, kind, description), headers)
  }
}

/** The answer to a failure: a redirect only to a verified client's redirect URI; otherwise a page. */
function answerTo(error: Error, c: Ctx): Response {
  if (!(error instanceof AuthorizationError) || !error.redirectTo) return problemPage(error, c)
  if (c.req.method === 'POST') return pageResponse(<Onward to={error.redirectTo} place="your application" />)
  return redirect(error.redirectTo, new Headers())
}

function redirect(location: string, headers: Headers): Response {
  headers.set('location', location)
  headers.set('cache-control', 'no-store')
  headers.set('referrer-policy', 'no-referrer')
  return new Response(null, { status: 302, headers })
}

function api(env: Bindings): OAuthHelpers {
  return createAuthorizationServer(env).getOAuthApi(env)
}

/** The settings of the tenant whose resource a sign-in requests. */
function settingsOf({ resource }: AuthRequest, env: Bindings): Settings {
  return resource === undefined ? readSettings(env) : settingsAt(env, new URL(resource).pathname)
}
