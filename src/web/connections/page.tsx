// The connections page: what a person has connected, what each may do and did last, and the ways to take it back.

import type { FC, PropsWithChildren } from 'hono/jsx'
import { covers, LEVELS, type Level } from '../../access/access.ts'
import type { Kind } from '../../access/risk/risk.ts'
import { isLoopback } from '../../config/settings.ts'
import type { Activity } from '../../oauth/grant/activity.ts'
import { Layout } from '../shared/layout.tsx'
import { LEVEL_TEXT } from '../shared/levels.ts'

import type { Connection } from './connections.ts'

export const CONNECTIONS_PATH = '/connections'
export const LOGIN_PATH = `${CONNECTIONS_PATH}/sign-in`
export const LOWER_PATH = `${CONNECTIONS_PATH}/lower`
export const DISCONNECT_PATH = `${CONNECTIONS_PATH}/disconnect`
export const SIGN_OUT_PATH = `${CONNECTIONS_PATH}/sign-out`

/** What was just done, in the words of the page. */
export const DONE = {
  lowered: 'The access is lowered. It holds from the next second on.',
  disconnected: 'The application is disconnected. What it still holds works no more.',
  'signed-out': 'You are signed out here. Your connections go on.',
  expired: 'Your sign-in has ended after half an hour. Nothing was changed: sign in and try again.',
} as const
export type Done = keyof typeof DONE

/** What both views have. */
interface PageProps {
  /** Name of the tenant; undefined for the deployment's own. */
  tenant: string | undefined
  /** What the paths of the tenant begin with. */
  root: string
  done: Done | undefined
}

const Page: FC<PropsWithChildren<PageProps>> = ({ tenant, root, done, children }) => (
  <Layout title="Your connections · Medplum MCP">
    <h1>Your connections{tenant !== undefined && `: ${tenant}`}</h1>
    {done && (
      <p class="notice" role="status">
        {DONE[done]}
      </p>
    )}
    {children}
    <p>
      <a href={root || '/'}>Home page</a>
    </p>
  </Layout>
)

/** What is shown to whoever isn't signed in. */
export const SignedOut: FC<PageProps & { medplumHost: string }> = ({ medplumHost, ...page }) => (
  <Page {...page}>
    <p>
      See which applications may work with your records at <strong>{medplumHost}</strong> through this server, and what
      they did last. Lower their access, or end it.
    </p>
    <p class="actions">
      <a class="button" href={`${page.root}${LOGIN_PATH}`} rel="nofollow">
        Sign in with Medplum
      </a>
    </p>
  </Page>
)

interface ConnectionsProps extends PageProps {
  connections: Connection[]
  /** What each form carries (CSRF). */
  token: string
  /** Milliseconds since the epoch. */
  now: number
}

export const Connections: FC<ConnectionsProps> = ({ connections, token, now, ...page }) => (
  <Page {...page}>
    {connections.length === 0 ? (
      <p>No application is connected. To connect one, add the address of this server to it; the home page says how.</p>
    ) : (
      <p>These applications may work with your Medplum records through this server, as you.</p>
    )}
    {connections.map((connection) => (
      <Entry connection={connection} root={page.root} token={token} now={now} />
    ))}
    <form method="post" action={`${page.root}${SIGN_OUT_PATH}`}>
      <input type="hidden" name="token" value={token} />
      <div class="actions">
        <button type="submit">Sign out</button>
      </div>
    </form>
  </Page>
)

const Entry: FC<Pick<ConnectionsProps, 'root' | 'token' | 'now'> & { connection: Connection }> = ({
  connection,
  root,
  token,
  now,
}) => {
  const { grantId, clientName, publisher, redirectHost, level, types, onePatient, since, activity } = connection
  const { device, earlier } = connection
  const narrowing = [
    ...(types.length > 0 ? [`the types ${types.join(', ')}`] : []),
    ...(onePatient ? ['the records of one patient'] : []),
  ]
  const heading = `connection-${grantId}`
  const [last] = activity
  const below = LEVELS.filter((one) => one !== level && covers(level, one)).reverse()
  return (
    <article aria-labelledby={heading}>
      <h2 id={heading}>{clientName}</h2>
      <dl>
        {publisher !== undefined && (
          <>
            <dt>Published by</dt>
            <dd>{publisher}</dd>
          </>
        )}
        <dt>Access goes to</dt>
        <dd>{isLoopback(redirectHost) ? `a program on your computer (${redirectHost})` : redirectHost}</dd>
        <dt>It may</dt>
        <dd>
          <strong>{LEVEL_TEXT[level].name}:</strong> {MAY[level]}
        </dd>
        {narrowing.length > 0 && (
          <>
            <dt>Narrowed to</dt>
            <dd>{narrowing.join('; ')}</dd>
          </>
        )}
        <dt>Connected</dt>
        <dd>
          <When at={since} now={now} />
          {device !== undefined && `, on ${device}`}
          {earlier.length > 0 && ` (and ${earlier.length} earlier, not used since)`}
        </dd>
        <dt>Last did</dt>
        <dd>{last ? <Deed event={last} now={now} /> : 'Nothing yet'}</dd>
      </dl>
      {activity.length > 1 && (
        <details>
          <summary>What it did before</summary>
          <ol>
            {activity.slice(1).map((event) => (
              <li>
                <Deed event={event} now={now} />
              </li>
            ))}
          </ol>
        </details>
      )}
      <form method="post" action={`${root}${DISCONNECT_PATH}`}>
        <input type="hidden" name="token" value={token} />
        <input type="hidden" name="grant" value={grantId} />
        <div class="actions">
          {below.map((one) => (
            <button
              type="submit"
              formaction={`${root}${LOWER_PATH}`}
              name="level"
              value={one}
              aria-label={`Lower to ${LEVEL_TEXT[one].name}: ${clientName}`}
            >
              Lower to {LEVEL_TEXT[one].name}
            </button>
          ))}
          <button type="submit" aria-label={`Disconnect ${clientName}`}>
            Disconnect
          </button>
        </div>
      </form>
    </article>
  )
}

/** Each level by itself; on the consent page, one builds on the other. */
const MAY: Record<Level, string> = {
  read: 'See and search what you can see. It can change nothing.',
  write: 'See, search, create and change records. It can delete nothing.',
  full: 'All that you can do with records, also delete them and run bots and operations.',
  admin: 'All that you can do, also administer the project.',
}

const DEEDS: Record<Kind, string> = {
  read: 'Read',
  write: 'Write',
  delete: 'Delete',
  operate: 'Operation',
  admin: 'Administration',
}

/** One call, such as `Read Patient, 3 minutes ago, by fhir-request`. */
const Deed: FC<{ event: Activity; now: number }> = ({ event: { at, tool, kind, type, outcome }, now }) => (
  <>
    {kind ? `${DEEDS[kind]} ${type === undefined || type === '*' ? 'in a batch' : type}, ` : ''}
    <When at={at} now={now} />, by <code>{tool}</code>
    {outcome === 'error' && ': refused or failed'}
    {outcome === 'asked' && ': you were asked first'}
  </>
)

const MINUTE = 60_000
const UNITS = [
  ['day', 24 * 60 * MINUTE],
  ['hour', 60 * MINUTE],
  ['minute', MINUTE],
] as const

/** A time as its distance; the time itself (UTC) lies behind it. */
const When: FC<{ at: number; now: number }> = ({ at, now }) => {
  const iso = new Date(at).toISOString()
  return (
    <time datetime={iso} title={`${iso.slice(0, 16).replace('T', ' ')} UTC`}>
      {ago(now - at)}
    </time>
  )
}

function ago(ms: number): string {
  for (const [unit, length] of UNITS) {
    const count = Math.floor(ms / length)
    if (count > 0) return `${count} ${unit}${count > 1 ? 's' : ''} ago`
  }
  return 'just now'
}
