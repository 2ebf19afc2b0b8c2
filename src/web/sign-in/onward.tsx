// The answer to the consent form: a page that continues by itself. Chromium applies `form-action` to each redirect that follows a form,
// and Medplum redirects to its App, whose origin this server needn't know. With a page in between, the next steps no longer belong to
// the form.
import type { FC } from 'hono/jsx'
import { Layout } from '../shared/layout.tsx'

export const Onward: FC<{ to: string; place: string }> = ({ to, place }) => (
  <Layout title={`To ${place}`} onward={to}>
    <h1>Taking you to {place}…</h1>
    <p>
      <a href={to}>Continue</a> if nothing happens.
    </p>
  </Layout>
)
