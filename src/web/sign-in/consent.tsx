// The consent page. It is always shown before the browser goes to Medplum, because all clients share this server's one Medplum client
// (confused deputy). Everything it says about the client is the client's own text; JSX escapes it.

import type { ConsentDescription } from '@cloudflare/workers-oauth-provider'
import type { FC } from 'hono/jsx'
import { AUTHORIZE_PATH } from '../../oauth/provider.ts'
import type { Offer } from '../../oauth/scopes.ts'
import { Layout, Notice, SmallNotice } from '../shared/layout.tsx'
import { LEVEL_TEXT } from '../shared/levels.ts'
import { type NarrowingForm, UNFILLED } from './narrowing-form.ts'

interface ConsentProps {
  client: ConsentDescription
  handle: string
  /** Query of the page's URL, to which the form is also sent. */
  search: string
  /** Name of the tenant; undefined for the deployment's own. */
  tenant: string | undefined
  medplumHost: string
  offer: Offer
  /** The earlier input, if it couldn't be granted. */
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
  <Layout title={`${isRefused(narrowing) ? 'Error: ' : ''}Allow access to Medplum`}>
    <h1>
      Allow <bdi>{client.clientName}</bdi> to work with your Medplum records?
    </h1>
    <p>
      It will act as you at <strong>{medplumHost}</strong>, with the access that you choose here and never more than
      your own. Next, you sign in to Medplum.
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
      <dd>{client.clientDomain ?? 'Unverified: the application supplied this name'}</dd>
      <dt>Access goes to</dt>
      <dd>
        <strong>{client.redirectHost}</strong>
      </dd>
    </dl>
    {client.redirectIsLoopback ? (
      <p class="notice" role="note">
        Access goes to a program on this computer. Continue only if you just started to connect it yourself.
      </p>
    ) : (
      <Notice />
    )}
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
      <a href={tenant === undefined ? '/privacy' : `/t/${tenant}/privacy`}>What we store about you</a>
    </p>
    {client.redirectIsLoopback && <SmallNotice />}
  </Layout>
)

function isRefused({ problems }: NarrowingForm): boolean {
  return Object.keys(problems).length > 0
}

/** A connection can also be limited to some types or to one patient. */
const Narrow: FC<NarrowingForm> = ({ types, patient, problems }) => (
  <details open={types !== '' || patient !== ''}>
    <summary>Limit it further (optional)</summary>
    <Field
      name="types"
      label="Only these resource types"
      hint="Names such as Observation or MedicationRequest, separated by commas or spaces. Leave empty for all types."
      value={types}
      problem={problems.types}
      isFirst
    />
    <Field
      name="patient"
      label="Only this patient’s records"
      hint="The patient’s id in Medplum, with or without Patient/ before it. Leave empty for all patients."
      value={patient}
      problem={problems.patient}
      isFirst={problems.types === undefined}
    />
  </details>
)

interface FieldProps {
  name: string
  label: string
  hint: string
  value: string
  problem: string | undefined
  /** Whether it is the first field with a problem: it then gets the focus, so that a screen reader says what is wrong. */
  isFirst?: boolean
}

const Field: FC<FieldProps> = ({ name, label, hint, value, problem, isFirst = false }) => (
  <p>
    <label for={name}>{label}</label>
    {problem !== undefined && (
      <span id={`${name}-problem`} class="error" role="alert">
        {problem}
        {isFirst && ' Nothing has been allowed yet.'}
      </span>
    )}
    <input
      type="text"
      id={name}
      name={name}
      value={value}
      autocomplete="off"
      autocapitalize="off"
      aria-describedby={problem === undefined ? `${name}-hint` : `${name}-problem ${name}-hint`}
      aria-invalid={problem === undefined ? undefined : 'true'}
      autofocus={problem !== undefined && isFirst}
    />
    <small id={`${name}-hint`}>{hint}</small>
  </p>
)

/**
 * The answer to the consent form: a page that continues by itself. Chromium applies `form-action` to each redirect that follows a form,
 * and Medplum redirects to its App, whose origin this server needn't know. With a page in between, the next steps no longer belong to
 * the form.
 */
export const Onward: FC<{ to: string; place: string }> = ({ to, place }) => (
  <Layout title={`To ${place}`} onward={to}>
    <h1>Taking you to {place}…</h1>
    <p>
      <a href={to}>Continue</a> if nothing happens.
    </p>
  </Layout>
)
