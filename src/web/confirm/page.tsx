// The page where a person approves or refuses a change that their client doesn't ask about in a form.
import type { FC } from 'hono/jsx'
import { Layout } from '../shared/layout.tsx'

interface ConfirmProps {
  /** The client's own name for itself. */
  clientName: string
  /** Name of the tenant; undefined for the deployment's own. */
  tenant: string | undefined
  /** What would be done. */
  lines: readonly string[]
  /** The form's target: this page. */
  path: string
  home: string
  /** The form's CSRF token. */
  token: string
  decision: 'approved' | 'declined' | undefined
}

/** The heading and the approving button, by the first word of the question. */
const ACTS: Record<string, { heading: string; button: string; style: 'primary' | 'danger' }> = {
  Delete: { heading: 'Delete this record?', button: 'Delete', style: 'danger' },
  Change: { heading: 'Change this record?', button: 'Change', style: 'primary' },
  Create: { heading: 'Create this record?', button: 'Create', style: 'primary' },
}
const OTHER_ACT = { heading: 'Approve this change?', button: 'Approve', style: 'primary' } as const

const DECIDED = {
  approved: {
    heading: 'You approved this',
    says: 'Go back to your application. If it does not continue by itself, tell it to. The change will be made once.',
  },
  declined: { heading: 'You refused this', says: 'Nothing was changed. You can close this page.' },
} as const

export const Confirm: FC<ConfirmProps> = ({ clientName, tenant, lines, path, home, token, decision }) => {
  const act = ACTS[lines[0]?.split(' ')[0] ?? ''] ?? OTHER_ACT
  const heading = decision ? DECIDED[decision].heading : act.heading
  return (
    <Layout title={`${heading} · Medplum MCP`}>
      <h1 class={decision}>{heading}</h1>
      {decision && (
        <p class={`notice ${decision}`} role="status">
          {DECIDED[decision].says}
        </p>
      )}
      {tenant !== undefined && (
        <dl>
          <dt>Tenant</dt>
          <dd>{tenant}</dd>
        </dl>
      )}
      <p>
        <strong dir="auto">{clientName}</strong>, an application that you connected, {decision ? 'asked' : 'asks'} to do
        this in Medplum as you:
      </p>
      <pre>{lines.join('\n')}</pre>
      {!decision && (
        <>
          <p>If you did not expect this, refuse. Nothing is changed until you agree.</p>
          <form method="post" action={path}>
            <input type="hidden" name="token" value={token} />
            <div class="actions">
              <button class={act.style} type="submit" name="decision" value="approved">
                {act.button}
              </button>
              <button type="submit" name="decision" value="declined">
                Refuse
              </button>
            </div>
          </form>
        </>
      )}
      <p>
        <a href={home}>Home page</a>
      </p>
    </Layout>
  )
}

/** The page before sign-in, which says why the question isn't shown yet. */
export const SignInToConfirm: FC<{ medplumHost: string; loginPath: string; home: string }> = ({
  medplumHost,
  loginPath,
  home,
}) => (
  <Layout title="Sign in to confirm a change · Medplum MCP">
    <h1>Sign in to confirm a change</h1>
    <p>
      An application that you connected wants to change something in Medplum and needs your approval. Sign in at{' '}
      <strong>{medplumHost}</strong>, so that only you can see the change and decide. You come back to this page.
    </p>
    <p class="actions">
      <a class="button" href={loginPath} rel="nofollow">
        Sign in with Medplum
      </a>
    </p>
    <p>
      <a href={home}>Home page</a>
    </p>
  </Layout>
)
