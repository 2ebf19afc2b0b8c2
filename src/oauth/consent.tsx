// The consent page: shown always, before anything goes to Medplum, because every client reaches Medplum through this one
// server (confused deputy). All that describes the client is the client's own text: rendered by JSX, which escapes it.
import type { ConsentDescription } from '@cloudflare/workers-oauth-provider'
import type { FC } from 'hono/jsx'
import type { Level } from '../fhir/access.ts'
import { Layout, Notice } from '../pages/layout.tsx'
import type { Offer } from './access.ts'
import { AUTHORIZE_PATH } from './provider.ts'

/** What each level lets a client do, in a person's words. */
export const LEVEL_TEXT: Record<Level, { name: string; says: string }> = {
  read: { name: 'Read', says: 'See and search what you can see. It can change nothing.' },
  write: { name: 'Read and write', says: 'Also create and change records. It can delete nothing.' },
  full: {
    name: 'Full',
    says: 'Also delete records, run bots and agents, submit claims and start other operations.',
  },
  admin: {
    name: 'Admin',
    says: 'Also administer the project: members, access, bots, settings, irreversible deletion.',
  },
}

interface ConsentProps {
  client: ConsentDescription
  handle: string
  medplumHost: string
  offer: Offer
}

export const Consent: FC<ConsentProps> = ({ client, handle, medplumHost, offer }) => (
  <Layout title="Allow access to Medplum">
    <h1>Allow {client.clientName} to work with your Medplum records?</h1>
    <p>
      It will act as you at <strong>{medplumHost}</strong>, within the access that you choose here and never beyond your
      own. You sign in to Medplum next.
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
      <fieldset>
        <legend>What may it do?</legend>
        {offer.levels.map((level) => (
          <label class="choice">
            <input type="radio" name="level" value={level} checked={level === offer.preselected} />
            <span>
              <strong>{LEVEL_TEXT[level].name}</strong> {LEVEL_TEXT[level].says}
            </span>
          </label>
        ))}
      </fieldset>
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
