// The consent page: shown always, before anything goes to Medplum, because every client reaches Medplum through this one
// server (confused deputy). All that describes the client is the client's own text: rendered by JSX, which escapes it.

import type { ConsentDescription } from '@cloudflare/workers-oauth-provider'
import type { FC } from 'hono/jsx'
import { AUTHORIZE_PATH } from '../../oauth/provider.ts'
import type { Offer } from '../../oauth/scopes.ts'
import { Layout, Notice } from '../shared/layout.tsx'
import { LEVEL_TEXT } from '../shared/levels.ts'
import { type NarrowingForm, UNFILLED } from './narrowing-form.ts'

interface ConsentProps {
  client: ConsentDescription
  handle: string
  /** Query of the address that this is shown at, and sent to. */
  search: string
  /** Name of the tenant; undefined for the deployment's own. */
  tenant: string | undefined
  medplumHost: string
  offer: Offer
  /** As it was filled in before, where that couldn't be granted. */
  narrowing?: NarrowingForm
}

export const Consent: FC<ConsentProps> = ({
  client,
  handle,
  search,
  tenant,
  medplumHost,
  offer,
  narrowing = UNFILLED,
}) => (
  <Layout title="Allow access to Medplum">
    <h1>
      Allow <bdi>{client.clientName}</bdi> to work with your Medplum records?
    </h1>
    <p>
      It will act as you at <strong>{medplumHost}</strong>, within the access that you choose here and never beyond your
      own. You sign in to Medplum next.
    </p>
    <dl>
      {tenant !== undefined && (
        <>
          <dt>Tenant</dt>
          <dd>{tenant}</dd>
        </>
      )}
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
    <form method="post" action={`${AUTHORIZE_PATH}${search}`}>
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
      <Narrow {...narrowing} />
      <div class="actions">
        <button class="primary" type="submit" name="decision" value="approve">
          Allow and sign in
        </button>
        <button type="submit" name="decision" value="deny">
          Deny
        </button>
      </div>
    </form>
    <p>
      <a href={tenant === undefined ? '/privacy' : `/t/${tenant}/privacy`}>What is kept of you here</a>
    </p>
  </Layout>
)

/** What the level leaves open can be narrowed: to kinds of records, and to one patient's. */
const Narrow: FC<NarrowingForm> = ({ types, patient, problems }) => (
  <details open={types !== '' || patient !== ''}>
    <summary>Narrow it further (optional)</summary>
    <Field
      name="types"
      label="Only these resource types"
      hint="Names such as Observation, MedicationRequest, with commas or spaces between them. Empty: all types."
      value={types}
      problem={problems.types}
    />
    <Field
      name="patient"
      label="Only this patient’s records"
      hint="The id of the patient in Medplum, with or without Patient/ before it. Empty: all patients."
      value={patient}
      problem={problems.patient}
    />
  </details>
)

const Field: FC<{ name: string; label: string; hint: string; value: string; problem: string | undefined }> = ({
  name,
  label,
  hint,
  value,
  problem,
}) => (
  <p>
    <label for={name}>{label}</label>
    <input
      type="text"
      id={name}
      name={name}
      value={value}
      autocomplete="off"
      autocapitalize="off"
      aria-describedby={problem === undefined ? `${name}-hint` : `${name}-problem ${name}-hint`}
      aria-invalid={problem === undefined ? undefined : 'true'}
    />
    {problem !== undefined && (
      <strong id={`${name}-problem`} role="alert">
        {problem} Nothing was allowed yet.
      </strong>
    )}
    <small id={`${name}-hint`}>{hint}</small>
  </p>
)
