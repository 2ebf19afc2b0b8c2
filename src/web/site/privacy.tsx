// What becomes of people's data at this server, in words for those who sign in. docs/architecture.md has the same with keys and forms.
import type { FC } from 'hono/jsx'
import type { Settings } from '../../config/settings.ts'
import { Layout, Notice } from '../shared/layout.tsx'

/** Each kind of data that is kept: what, how, for how long. */
const KEPT: [what: string, how: string, life: string][] = [
  [
    'Your Medplum sign-in, for each client that you connect',
    'encrypted under keys that only your client’s token opens',
    'until you disconnect, the client signs out, or Medplum ends the sign-in',
  ],
  [
    'Which clients you connected, what you allowed them, and when',
    'readable by the operator',
    'as long as the connection',
  ],
  [
    'The last 20 calls of each client: tool, type of record, outcome and time; no ids and no contents',
    'readable by the operator',
    'as long as the connection',
  ],
  [
    'Answers on their way to a client that may have lost its connection',
    'encrypted under your client’s key',
    '10 minutes',
  ],
  [
    'What you are asked to confirm',
    'encrypted under a key that is only in the link to the question',
    'until you decide, 10 minutes at most',
  ],
  [
    'Which browser and kind of device you allowed a client on',
    'a random mark in a cookie, and its hash with the connection',
    'the cookie for 400 days, the hash as long as the connection',
  ],
  ['That you are signed in at these pages', 'under the hash of a cookie', '30 minutes, or until you sign out'],
]

/** The privacy page of a deployment or tenant. */
export const Privacy: FC<{ settings: Settings }> = ({ settings: { root, medplum, auditKey } }) => (
  <Layout title="Privacy · Medplum MCP">
    <h1>Privacy</h1>
    <Notice />
    <p>
      This server passes requests between the AI client that you connect and <code>{medplum.baseUrl.host}</code>.
      Records pass through it and are not kept, apart from what the following list says.
    </p>
    <h2>What is kept</h2>
    <ul>
      {KEPT.map(([what, how, life]) => (
        <li>
          <strong>{what}</strong>: {how}; {life}.
        </li>
      ))}
    </ul>
    <h2>What is logged</h2>
    <p>
      Of each call: the tool, the type of record, the outcome, its duration and size, and the client’s host name. No
      network address, no contents, no names.{' '}
      {auditKey === undefined
        ? 'People are not told apart.'
        : 'People are told apart by a keyed hash, which only the operator can match to an account.'}
    </p>
    <h2>Who else sees it</h2>
    <p>
      Your AI client and its provider see what you let it read, under their own terms. Medplum sees each request as
      yours. The server runs on Cloudflare. It tells nobody else.
    </p>
    <h2>What you can do</h2>
    <p>
      See, limit and end each client’s access at <a href={`${root}/connections`}>your connections</a>. Ended access is
      forgotten at once. For anything else, ask the operator of this server.
    </p>
    <p>
      <a href={root || '/'}>Home page</a>
    </p>
  </Layout>
)
