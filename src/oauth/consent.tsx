// The consent page: shown always, before anything goes to Medplum, because every client reaches Medplum through this one
// server (confused deputy). All that describes the client is the client's own text: rendered by JSX, which escapes it.
import type { ConsentDescription } from '@cloudflare/workers-oauth-provider'
import type { FC } from 'hono/jsx'
import { Layout, Notice } from '../pages/layout.tsx'
import { AUTHORIZE_PATH } from './provider.ts'

export const Consent: FC<{ client: ConsentDescription; handle: string; medplumHost: string }> = ({
  client,
  handle,
  medplumHost,
}) => (
  <Layout title="Allow access to Medplum">
    <h1>Allow {client.clientName} to work with your Medplum records?</h1>
    <p>
      It will be able to read, change and delete whatever you can, as you, at <strong>{medplumHost}</strong>, and run
      the bots and operations that you can run. You sign in to Medplum next.
    </p>
    <dl>
      <dt>Application</dt>
      <dd>{client.clientName}</dd>
      <dt>Published by</dt>
      <dd>{client.clientDomain ?? 'unknown: the application named itself'}</dd>
      <dt>Access goes to</dt>
      <dd>
        <strong>{client.redirectHost}</strong>
      </dd>
    </dl>
    {client.redirectIsLoopback && (
      <p class="notice">
        Access goes to a program on this computer. Continue only if you just started to connect it yourself.
      </p>
    )}
    <Notice />
    <form method="post" action={AUTHORIZE_PATH}>
      <input type="hidden" name="handle" value={handle} />
      <div class="actions">
        <button class="primary" type="submit" name="decision" value="approve">
          Allow and sign in
        </button>
        <button type="submit" name="decision" value="deny">
          Deny
        </button>
      </div>
    </form>
  </Layout>
)
