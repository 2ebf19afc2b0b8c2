// Routes of the connections page: a signed-in person sees and changes only their own connections, through forms of this page.
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import { covers, LEVELS } from '../../access/access.ts'
import { MINUTES } from '../../base/lives.ts'
import type { Bindings } from '../../config/settings.ts'
import { settingsAt } from '../../config/tenants.ts'
import { grantNameOf } from '../../oauth/grant-name.ts'
import { createAuthorizationServer } from '../../oauth/provider.ts'
import { browserUser, endSession, formToken, isOwnForm, redirectToLogin } from '../shared/browser-session.ts'
import { methodNotAllowed } from '../shared/error-pages.tsx'
import { Problem, pageResponse } from '../shared/layout.tsx'
import { type Connection, connectionsOf } from './connections.ts'
import {
  CONNECTIONS_PATH,
  Connections,
  DISCONNECT_PATH,
  DONE,
  type Done,
  LOGIN_PATH,
  LOWER_PATH,
  SIGN_OUT_PATH,
  SignedOut,
} from './page.tsx'

type Ctx = Context<{ Bindings: Bindings }>

export const connections = new Hono<{ Bindings: Bindings }>()
  .get(CONNECTIONS_PATH, show)
  .all(CONNECTIONS_PATH, methodNotAllowed('GET, HEAD'))
  .get(LOGIN_PATH, (c) => redirectToLogin(c, pathOf(c)))
  .all(LOGIN_PATH, methodNotAllowed('GET, HEAD'))

for (const [path, act] of [
  [LOWER_PATH, lowerOne],
  [DISCONNECT_PATH, disconnectOne],
  [SIGN_OUT_PATH, signOut],
] as const) {
  connections.post(path, (c) => ownForm(c, act)).all(path, methodNotAllowed('POST'))
}

async function show(c: Ctx): Promise<Response> {
  const done = doneOf(c.req.query('done'))
  const userId = await browserUser(c)
  if (userId === undefined) return signedOut(c, done)
  const { tenant, root } = settingsAt(c.env, c.req.path)
  const [own, token] = await Promise.all([ownConnections(c, userId), formToken(c)])
  return pageResponse(<Connections {...{ connections: own, tenant, root, token, done }} now={Date.now()} />, {
    sendsOrigin: true,
  })
}

function signedOut(c: Ctx, done: Done | undefined, status = 200): Response {
  const { tenant, root, medplum } = settingsAt(c.env, c.req.path)
  return pageResponse(<SignedOut {...{ tenant, root, done }} medplumHost={medplum.baseUrl.host} />, { status })
}

/** Accepts only forms from the page itself, in a valid session. */
async function ownForm(c: Ctx, act: (c: Ctx, userId: string, form: FormData) => Promise<Response>): Promise<Response> {
  const userId = await browserUser(c)
  if (userId === undefined) return signedOut(c, 'expired', 401)
  // A body that isn't a form has no token, and is refused for that.
  const form = await c.req.raw.formData().catch(() => new FormData())
  if (await isOwnForm(c, form.get('token'))) return act(c, userId, form)
  return refused(c, 403, 'This request did not come from the connections page of this server.')
}

async function lowerOne(c: Ctx, userId: string, form: FormData): Promise<Response> {
  const connection = await chosen(c, userId, form)
  if (!connection) return unknown(c)
  const level = LEVELS.find((one) => one === form.get('level'))
  if (level === undefined || covers(level, connection.level)) {
    return refused(c, 400, 'Access can only be reduced here. To give more, connect the application again.')
  }
  await Promise.all(grantObjects(c, userId, connection).map((grant) => grant.lower(level)))
  return done(c, 'lowered')
}

async function disconnectOne(c: Ctx, userId: string, form: FormData): Promise<Response> {
  const connection = await chosen(c, userId, form)
  if (!connection) return unknown(c)
  await Promise.all(grantObjects(c, userId, connection).map((grant) => grant.disconnect()))
  return done(c, 'disconnected')
}

async function signOut(c: Ctx): Promise<Response> {
  try {
    await endSession(c)
    return done(c, 'signed-out')
  } catch (error) {
    return stillSignedIn(c, error)
  }
}

/** Says that signing out failed: on a shared computer a person must know that the cookie is still valid. */
function stillSignedIn(c: Ctx, error: unknown): Response {
  const { name } = error instanceof Error ? error : { name: 'unknown' }
  console.error(JSON.stringify({ event: 'request_failed', method: c.req.method, path: c.req.path, error: name }))
  return pageResponse(
    <Problem
      title="You are still signed in"
      what={`Something failed on this server, so you were not signed out. Your sign-in will end ${MINUTES.pages} minutes after it began.`}
      advice="Go back to your connections and sign out again in a minute."
      home={pathOf(c)}
      homeName="Your connections"
    />,
    { status: 500 },
  )
}

/** The connection that a form names, if it is this person's. */
async function chosen(c: Ctx, userId: string, form: FormData): Promise<Connection | undefined> {
  return (await ownConnections(c, userId)).find(({ grantId }) => grantId === form.get('grant'))
}

function ownConnections(c: Ctx, userId: string): Promise<Connection[]> {
  return connectionsOf(userId, c.env, createAuthorizationServer(c.env).getOAuthApi(c.env))
}

/** The grant of a connection, and those of the earlier sign-ins folded into it. */
function grantObjects(c: Ctx, userId: string, { grantId, earlier }: Connection) {
  return [grantId, ...earlier].map((id) => c.env.GRANT.getByName(grantNameOf({ userId, grantId: id })))
}

function done(c: Ctx, what: Done): Response {
  c.header('cache-control', 'no-store')
  return c.redirect(`${pathOf(c)}?done=${what}`, 303)
}

/** The path of this tenant's page. */
function pathOf(c: Ctx): string {
  return `${settingsAt(c.env, c.req.path).root}${CONNECTIONS_PATH}`
}

function doneOf(what: string | undefined): Done | undefined {
  return what !== undefined && Object.hasOwn(DONE, what) ? (what as Done) : undefined
}

function unknown(c: Ctx): Response {
  return refused(c, 404, 'This application is no longer connected.')
}

function refused(c: Ctx, status: number, what: string): Response {
  return pageResponse(
    <Problem
      title="Nothing was changed"
      what={what}
      advice="Go back to your connections and load the page again."
      home={pathOf(c)}
      homeName="Your connections"
    />,
    { status },
  )
}
