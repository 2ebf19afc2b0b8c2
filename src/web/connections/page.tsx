// The connections page: a person's connected applications, their access and last activity, and how to take it back.

import type { FC, PropsWithChildren } from 'hono/jsx'
import { covers, LEVELS, type Level } from '../../access/access.ts'
import type { Kind } from '../../access/risk/risk.ts'
import { MINUTES } from '../../base/lives.ts'
import { isLoopback } from '../../base/loopback.ts'
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
  lowered: 'Access reduced. This takes effect immediately.',
  disconnected: 'Application disconnected. Its credentials no longer work.',
  'signed-out': 'You are signed out of these pages. Your connections are unchanged.',
  expired: `Your sign-in ended after ${MINUTES.pages} minutes. Nothing was changed. Sign in and try again.`,
} as const
export type Done = keyof typeof DONE

/** Props of both views. */
interface PageProps {
  /** Name of the tenant; undefined for the deployment's own. */
  tenant: string | undefined
  /** Prefix of the tenant's paths. */
  root: string
  done: Done | undefined
}

const Page: FC<PropsWithChildren<PageProps>> = ({ tenant, root, done, children }) => (
  <Layout title="Your connections · Medplum MCP">
    <h1>Your connections{tenant !== undefined && `: ${tenant}`}</h1>
    {done && (
      <p class={`notice ${done === 'expired' ? 'expired' : 'done'}`} role="status">
        {DONE[done]}
      </p>
    )}
    {children}
    <p>
      <a href={root || '/'}>Home page</a>
    </p>
  </Layout>
)

/** Shown to anyone who isn't signed in. */
export const SignedOut: FC<PageProps & { medplumHost: string }> = ({ medplumHost, ...page }) => (
  <Page {...page}>
    <p>
      See which applications can work with your records at <strong>{medplumHost}</strong> through this server, and what
      they did last. Reduce or end their access.
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
  /** The CSRF token of each form. */
  token: string
  /** Milliseconds since the epoch. */
  now: number
}

export const Connections: FC<ConnectionsProps> = ({ connections, token, now, ...page }) => (
  <Page {...page}>
    {connections.length === 0 ? (
      <p>No application is connected. To connect one, add this server’s address to it. The home page says how.</p>
    ) : (
      <p>These applications can work with your Medplum records through this server, as you.</p>
    )}
    {connections.map((connection) => (
      <Entry
        connection={connection}
        isOneOfMany={connections.some((one) => one !== connection && one.clientName === connection.clientName)}
        root={page.root}
        token={token}
        now={now}
      />
    ))}
    <form method="post" action={`${page.root}${SIGN_OUT_PATH}`}>
      <input type="hidden" name="token" value={token} />
      <div class="actions">
        <button type="submit">Sign out</button>
      </div>
    </form>
  </Page>
)

interface EntryProps extends Pick<ConnectionsProps, 'root' | 'token' | 'now'> {
  connection: Connection
  /** Whether another connection has the same name. */
  isOneOfMany: boolean
}

const Entry: FC<EntryProps> = ({ connection, isOneOfMany, root, token, now }) => {
  const { grantId, clientName, publisher, redirectHost, level, types, onePatient, since, activity } = connection
  const { device, earlier } = connection
  const narrowing = [
    ...(types.length > 0 ? [`the types ${types.join(', ')}`] : []),
    ...(onePatient ? ['the records of one patient'] : []),
  ]
  const heading = `connection-${grantId}`
  const name = isOneOfMany ? `${clientName}, connected ${ago(now - since)}` : clientName
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
        <dd>{isOnThisComputer(redirectHost) ? `a program on your computer (${redirectHost})` : redirectHost}</dd>
        <dt>It can</dt>
        <dd>
          <strong>{LEVEL_TEXT[level].name}:</strong> {MAY[level]}
        </dd>
        {narrowing.length > 0 && (
          <>
            <dt>Limited to</dt>
            <dd>{narrowing.join('; ')}</dd>
          </>
        )}
        <dt>Connected</dt>
        <dd>
          <When at={since} now={now} />
          {device !== undefined && `, on ${device}`}
          {earlier.length > 0 && ` (and ${earlier.length} earlier, not used since)`}
        </dd>
        <dt>Last activity</dt>
        <dd>{last ? <Deed event={last} now={now} /> : 'None yet'}</dd>
      </dl>
      {activity.length > 1 && (
        <details>
          <summary>Earlier activity</summary>
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
              aria-label={`Reduce to ${LEVEL_TEXT[one].name}: ${name}`}
            >
              Reduce to {LEVEL_TEXT[one].name}
            </button>
          ))}
          <button type="submit" aria-label={`Disconnect ${name}`}>
            Disconnect
          </button>
        </div>
      </form>
    </article>
  )
}

/** What each level allows, in full; on the consent page, each text builds on the one before. */
const MAY: Record<Level, string> = {
  read: 'View and search records you have access to. No changes.',
  write: 'View, search, create and change records. Cannot delete.',
  full: 'Everything you can do with records, including deleting them and running bots and operations.',
  admin: 'Everything you can do, including administering the project.',
}

const DEEDS: Record<Kind, string> = {
  read: 'Read',
  write: 'Write',
  delete: 'Delete',
  operate: 'Operation',
  admin: 'Administration',
}

/** What a tool did, for calls without a resource type. */
const TOOL_DEEDS: Record<string, string> = { whoami: 'Checked who is signed in', search: 'Searched by words' }

/** One call, such as `Read Patient, 3 minutes ago, by fhir-request`. */
const Deed: FC<{ event: Activity; now: number }> = ({ event, event: { at, tool, outcome }, now }) => (
  <>
    {deedOf(event)}
    <When at={at} now={now} />, by <code>{tool}</code>
    {outcome === 'error' && ': refused or failed'}
    {outcome === 'asked' && ': you were asked first'}
  </>
)

function deedOf({ tool, kind, type }: Activity): string {
  const deed = TOOL_DEEDS[tool]
  if (deed !== undefined) return `${deed}, `
  if (kind === undefined) return ''
  return `${DEEDS[kind]} ${type === undefined || type === '*' ? 'in a batch' : type}, `
}

function isOnThisComputer(host: string): boolean {
  return isLoopback(host.replace(/:\d+$/, ''))
}

const MINUTE = 60_000
const UNITS = [
  ['day', 24 * 60 * MINUTE],
  ['hour', 60 * MINUTE],
  ['minute', MINUTE],
] as const

/** A time as its distance from now; hovering shows the time itself (UTC). */
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
