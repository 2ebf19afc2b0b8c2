// The pages for a sign-in that failed.
import { AuthorizationError, CimdFetchError } from '@cloudflare/workers-oauth-provider'
import type { Context } from 'hono'
import { MINUTES } from '../../base/lives.ts'
import type { Bindings } from '../../config/settings.ts'
import { homeAt } from '../../config/tenants.ts'
import { UpstreamError } from '../../oauth/medplum.ts'
import { AUTHORIZE_PATH } from '../../oauth/provider.ts'
import { isBrowserLogin, StaleLoginError } from '../shared/browser-session.ts'
import { Problem, pageResponse } from '../shared/layout.tsx'

type Ctx = Context<{ Bindings: Bindings }>

const STALE = `The sign-in expired after ${MINUTES.signIn} minutes, was already used, or was started in another browser.`

/** A client's id is a metadata document, and this deployment reads none. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError'
  readonly address: string
  constructor(address: string) {
    super('Client metadata documents are not read here')
    this.address = address
  }
}

/** The page about a failure during sign-in. */
export function problemPage(error: Error, c: Ctx): Response {
  if (error instanceof DocumentError || error instanceof CimdFetchError) return unverified(error, c)
  if (error instanceof AuthorizationError) {
    return pageResponse(
      <Problem
        title="This sign-in can’t continue"
        what={reasonOf(error, c)}
        advice="Nothing was allowed. Go back to your application and connect again. If that fails, remove this server there and add it again."
        home={homeAt(c.env, c.req.path)}
      />,
      { status: 400 },
    )
  }
  if (error instanceof StaleLoginError || error instanceof UpstreamError) return notSignedIn(error, c)
  console.error(JSON.stringify({ event: 'sign_in_failed', path: c.req.path, error: error.name }))
  // A client may send such a state too.
  const atPage = c.req.path !== AUTHORIZE_PATH && isBrowserLogin(c.req.query('state'))
  const again = atPage
    ? 'Go back to the page that you came from and sign in again in a minute.'
    : 'Try again in a minute from your application.'
  return pageResponse(
    <Problem
      title="Something failed on this server"
      what={atPage ? 'The sign-in was not finished.' : 'The sign-in was not finished, and nothing was allowed.'}
      advice={`${again} If this keeps happening, tell the operator of this server.`}
      home={homeAt(c.env, c.req.path)}
    />,
    { status: 500 },
  )
}

/** The page for an application whose metadata document isn't read here, or can't be. */
function unverified(error: DocumentError | CimdFetchError, c: Ctx): Response {
  const [what, advice] = error instanceof DocumentError ? unread(error) : unreadable(error)
  return pageResponse(
    <Problem
      title="This sign-in can’t continue"
      what={what}
      advice={`Nothing was allowed. ${advice}`}
      home={homeAt(c.env, c.req.path)}
    />,
    { status: 400 },
  )
}

function unread({ address }: DocumentError): [string, string] {
  return [
    `The application identifies itself by a document at ${address}, but this server doesn’t read such documents.`,
    'Remove this server in your application and add it again. The application then registers itself.',
  ]
}

function unreadable({ metadataUrl, detail }: CimdFetchError): [string, string] {
  // The field's name comes from the OAuth library: no text of the document reaches the page.
  const [, invalid, missing] = /^(?:Invalid ([a-z_]+):|([a-z_]+) is required)/.exec(detail) ?? []
  const field = invalid ?? missing
  if (field !== undefined) {
    return [
      `The application could not be verified: in the document at ${metadataUrl}, ${field} is missing or not valid.`,
      'Tell the application’s developer. A field without a value must be left out of the document, not set to null.',
    ]
  }
  return [
    `The application could not be verified: this server could not read ${metadataUrl}, or the document there is not the application’s.`,
    'Connect again in a minute. If this keeps happening, tell the operator of this server. If the server can’t reach that address, the operator can set CLIENT_DOCUMENTS to off; the application then registers itself.',
  ]
}

/** The page for a failed login to this server's own pages. */
function notSignedIn(error: StaleLoginError | UpstreamError, c: Ctx): Response {
  const kind = error instanceof UpstreamError ? error.kind : 'stale'
  console.warn(JSON.stringify({ event: 'sign_in_failed', kind }))
  const what = {
    stale: STALE,
    ended: 'Medplum did not accept the login.',
    unavailable: 'Medplum could not be reached.',
  }[kind]
  return pageResponse(
    <Problem
      title="You are not signed in"
      what={what}
      advice="Go back to the page that you came from and sign in again."
      home={homeAt(c.env, c.req.path)}
    />,
    { status: kind === 'unavailable' ? 503 : 400 },
  )
}

/** Why a sign-in failed, in words for the person: a client's mistake, or a step that is no longer valid. */
function reasonOf(error: AuthorizationError, c: Ctx): string {
  if (c.req.path === AUTHORIZE_PATH && c.req.method === 'GET') {
    return `The application sent a bad request: ${error.description}.`
  }
  return c.req.query('error') ? `Medplum ended the login without access. ${STALE}` : STALE
}
