// What every page shares: the frame, the preview notice, and the headers that keep a page from being framed or scripted.
import type { FC, PropsWithChildren } from 'hono/jsx'
import { STYLE_PATH } from './style.ts'

export const Layout: FC<PropsWithChildren<{ title: string }>> = ({ title, children }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{title}</title>
      <link rel="stylesheet" href={STYLE_PATH} />
    </head>
    <body>
      <main>{children}</main>
    </body>
  </html>
)

export const Notice: FC = () => (
  <p class="notice" role="note">
    <strong>Preview</strong> for synthetic, de-identified or test data only. Not for protected health information (PHI);
    no uptime is promised.
  </p>
)

/** A page that says what went wrong and what to do. */
export const Problem: FC<{ title: string; what: string; cure: string }> = ({ title, what, cure }) => (
  <Layout title={`${title} · Medplum MCP`}>
    <h1>{title}</h1>
    <p>{what}</p>
    <p>{cure}</p>
  </Layout>
)

/**
 * Sets the headers of a page, keeping those that are there (the provider's consent headers forbid framing already).
 *
 * @param formTargets origins that a form of this page may lead to, redirects included
 */
export function setPageHeaders(headers: Headers, formTargets: string[] = []): void {
  headers.set('content-type', 'text/html; charset=utf-8')
  headers.set(
    'content-security-policy',
    `default-src 'none'; style-src 'self'; img-src 'self'; form-action ${["'self'", ...formTargets].join(' ')}; base-uri 'none'; frame-ancestors 'none'`,
  )
  headers.set('x-frame-options', 'DENY')
  headers.set('x-content-type-options', 'nosniff')
  headers.set('referrer-policy', 'no-referrer')
  headers.set('cache-control', 'no-store')
}
