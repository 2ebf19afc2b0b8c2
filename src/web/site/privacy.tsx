// What happens to people's data on this server, for those who sign in. docs/architecture.md has the technical details.
import type { FC } from 'hono/jsx'
import { BROWSER_DAYS, MINUTES } from '../../base/lives.ts'
import type { Settings } from '../../config/settings.ts'
import { Layout, Notice } from '../shared/layout.tsx'

/** Each kind of data that is kept: what, how, for how long. */
const kept = (sessionHours: number): [what: string, how: string, life: string][] => [
  [
    'Your Medplum sign-in, for each application that you connect',
    'encrypted under keys that only the application’s token opens',
    'until you disconnect it, it signs out, or Medplum ends the sign-in',
  ],
  [
    'Which applications you connected, what you allowed them, and when',
    'readable by the operator',
    'as long as the connection',
  ],
  [
    'Each application’s last 20 calls: tool, record type, outcome and time, but no ids and no contents',
    'readable by the operator',
    'as long as the connection',
  ],
  [
    'Each application’s sessions: that they are yours, and how the application introduced itself',
    'readable by the operator',
    `until the application ends them, or has not used them for ${sessionHours} hours`,
  ],
  [
    'Answers to an application that may have lost its connection',
    'encrypted under the application’s key',
    `at least ${MINUTES.stream} minutes, at most as long as the session`,
  ],
  [
    'Changes that need your confirmation',
    'encrypted under a key that is only in the link to the question',
    `at most ${MINUTES.question} minutes`,
  ],
  [
    'Which browser and kind of device you allowed an application on',
    'a random mark in a cookie, and its hash with the connection',
    `the cookie for ${BROWSER_DAYS} days, the hash as long as the connection`,
  ],
  [
    'A sign-in that is not finished yet',
    'encrypted under a key that only the sign-in has',
    `${MINUTES.signIn} minutes`,
  ],
  ['Your sign-in to these pages', 'under the hash of a cookie', `${MINUTES.pages} minutes, or until you sign out`],
]

/** The privacy page of a deployment or tenant. */
export const Privacy: FC<{ settings: Settings }> = ({ settings: { root, medplum, auditKey, sessionIdleMs } }) => (
  <Layout title="Privacy · Medplum MCP">
    <h1>Privacy</h1>
    <Notice />
    <p>
      This server passes requests between the AI application that you connect and <code>{medplum.baseUrl.host}</code>.
      Records pass through it. It stores only what is listed here.
    </p>
    <h2>What we store</h2>
    <ul>
      {kept(sessionIdleMs / 3_600_000).map(([what, how, life]) => (
        <li>
          <strong>{what}</strong>: {how}; {life}.
        </li>
      ))}
    </ul>
    <h2>What we log</h2>
    <p>
      For each call: the tool, the kind of request, the record type, the access level, the outcome, its duration and
      size, and the application’s host name. For each sign-in and renewal: its outcome, the access level and the
      application’s host name. No network addresses, no contents, no names.{' '}
      {auditKey === undefined
        ? 'The log does not show which person made a call.'
        : 'Each person appears as a keyed hash, which only the operator can match to an account.'}
    </p>
    <h2>Who else sees it</h2>
    <p>
      Your AI application and its provider see what you let it read, under their own terms. Medplum sees each request as
      yours. The server runs on Cloudflare. Nobody else gets your data.
    </p>
    <h2>What you can do</h2>
    <p>
      See, reduce and end each application’s access at <a href={`${root}/connections`}>your connections</a>. What we
      store for an application is deleted when you disconnect it. Its sessions stop working, and are deleted when they
      expire. For anything else, ask the operator of this server.
    </p>
    <p>
      <a href={root || '/'}>Home page</a>
    </p>
  </Layout>
)
