// Routes of the confirmation page. A signed-in person reaches only their own grants: the grant's object is named after them, so another
// person with the same link finds nothing. Viewing the page changes nothing.
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import { MINUTES } from '../../base/lives.ts'
import type { Bindings } from '../../config/settings.ts'
import { homeAt, settingsAt } from '../../config/tenants.ts'
import { CONFIRM_PATH, openWords, pageId, type Words } from '../../oauth/confirmations.ts'
import { grantNameOf } from '../../oauth/grant-name.ts'
import { browserUser, formToken, isOwnForm, redirectToLogin } from '../shared/browser-session.ts'
import { methodNotAllowed } from '../shared/error-pages.tsx'
import { Problem, pageResponse } from '../shared/layout.tsx'
import { Confirm, SignInToConfirm } from './page.tsx'

type Ctx = Context<{ Bindings: Bindings }>

export const confirmation = new Hono<{ Bindings: Bindings }>()
  .get(`${CONFIRM_PATH}/:page`, show)
  .post(`${CONFIRM_PATH}/:page`, decide)
  .all(`${CONFIRM_PATH}/:page`, methodNotAllowed('GET, HEAD, POST'))

/** The grant's id, and the key under which the words are sealed: base64url of 32 bytes. */
const PAGE = /^([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{43})$/

/** Query parameter: continue to the login. */
const LOGIN = 'sign-in'

async function show(c: Ctx): Promise<Response> {
  const userId = await browserUser(c)
  if (userId === undefined) return c.req.query(LOGIN) === undefined ? signInFirst(c) : redirectToLogin(c, c.req.path)
  const page = await pageOf(c, userId)
  if (!page) return nothingHere(c)
  const { clientName, lines } = page.words
  const token = await formToken(c)
  const { path } = c.req
  const given = { clientName, tenant: settingsAt(c.env, path).tenant, lines, path, home: homeAt(c.env, path), token }
  return pageResponse(<Confirm {...given} decision={page.decision} />, { sendsOrigin: true })
}

/** Explains the sign-in first: an unexplained redirect to another site's login would look like phishing. */
function signInFirst(c: Ctx): Response {
  const { medplum } = settingsAt(c.env, c.req.path)
  const loginPath = `${c.req.path}?${LOGIN}`
  return pageResponse(
    <SignInToConfirm medplumHost={medplum.baseUrl.host} loginPath={loginPath} home={homeAt(c.env, c.req.path)} />,
  )
}

async function decide(c: Ctx): Promise<Response> {
  const userId = await browserUser(c)
  if (userId === undefined) return refused(c, 401, `Your sign-in ended after ${MINUTES.pages} minutes.`)
  // A body that isn't a form has no token, and is refused for that.
  const form = await c.req.raw.formData().catch(() => new FormData())
  if (!(await isOwnForm(c, form.get('token')))) {
    return refused(c, 403, 'This request did not come from the confirmation page of this server.')
  }
  const page = await pageOf(c, userId)
  const decision = form.get('decision') === 'approved' ? 'approved' : 'declined'
  if (!page || !(await page.grant.decide(page.id, decision))) return nothingHere(c)
  await tellSession(c, page)
  c.header('cache-control', 'no-store')
  return c.redirect(c.req.path, 303)
}

/** The question of this person's page, and the grant's object that keeps the decision. */
async function pageOf(c: Ctx, userId: string) {
  const [, grantId, key] = PAGE.exec(c.req.param('page') ?? '') ?? []
  if (grantId === undefined || key === undefined) return undefined
  const owner = grantNameOf({ userId, grantId })
  const grant = c.env.GRANT.getByName(owner)
  const id = await pageId(key)
  const proposal = await grant.proposal(id)
  const words = proposal && (await openWords(key, proposal.words).catch(() => undefined))
  return words && { id, owner, grant, words, decision: proposal.decision }
}

/** Tells a client that waits for the page that it has been answered. If that fails, the decision is still valid. */
async function tellSession(
  { env }: Ctx,
  { id, owner, words: { session } }: { id: string; owner: string; words: Words },
) {
  if (session === undefined) return
  const sessions = env.MCP_SESSION
  await sessions
    .get(sessions.idFromString(session))
    .pageAnswered(owner, id)
    .catch(() => {})
}

function nothingHere(c: Ctx): Response {
  return pageResponse(
    <Problem
      title="There is nothing to confirm here"
      what={`The question was withdrawn or asked again, is older than ${MINUTES.question} minutes, or is for another person.`}
      advice="If your application is still waiting, tell it to ask again. It will give you a new link."
      home={homeAt(c.env, c.req.path)}
    />,
    { status: 404 },
  )
}

function refused(c: Ctx, status: number, what: string): Response {
  return pageResponse(
    <Problem
      title="Nothing was decided"
      what={what}
      advice="Open the link again and answer there."
      home={homeAt(c.env, c.req.path)}
    />,
    { status },
  )
}
