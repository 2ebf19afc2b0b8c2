// The page where a person agrees to a change that their client can't ask them about, or refuses it.
import type { FC } from 'hono/jsx'
import { Layout } from '../shared/layout.tsx'

interface ConfirmProps {
  /** The client's own name for itself. */
  clientName: string
  /** Name of the tenant; undefined for the deployment's own. */
  tenant: string | undefined
  /** What would be done. */
  lines: readonly string[]
  /** Where the form goes: the page itself. */
  path: string
  home: string
  /** What the form carries (CSRF). */
  token: string
  decision: 'approved' | 'declined' | undefined
}

const DECIDED = {
  approved:
    'You approved this. Go back to your application and tell it to go on: it is carried out once, when it asks again.',
  declined: 'You refused this. Nothing was changed. You can close this page.',
} as const

export const Confirm: FC<ConfirmProps> = ({ clientName, tenant, lines, path, home, token, decision }) => (
  <Layout title="Confirm a change · Medplum MCP">
    <h1>Do you agree to this change?</h1>
    {decision && (
      <p class="notice" role="status">
        {DECIDED[decision]}
      </p>
    )}
    {tenant !== undefined && (
      <dl>
        <dt>Tenant</dt>
        <dd>{tenant}</dd>
      </dl>
    )}
    <p>
      The application <strong dir="auto">{clientName}</strong>, which you connected, asks to do this in Medplum, as you:
    </p>
    <pre>{lines.join('\n')}</pre>
    {!decision && (
      <>
        <p>If you did not expect this question, refuse it. Until you approve, nothing is changed.</p>
        <form method="post" action={path}>
          <input type="hidden" name="token" value={token} />
          <div class="actions">
            <button class="primary" type="submit" name="decision" value="approved">
              Approve
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
