// What every page shares: layout, preview notice, and the headers that keep a page from being framed or scripted.
import type { FC, PropsWithChildren } from 'hono/jsx'
import { STYLE_PATH } from './style.ts'

/** What this deployment may be used for; it follows the word "Preview". */
export const PREVIEW =
  'for synthetic, de-identified or test data only. Not for protected health information (PHI); no uptime guarantee.'

interface LayoutProps {
  title: string
  /** Path of the only script that the page runs. */
  script?: string
  /** URL to which the browser continues automatically. */
  onward?: string
}

/** The layout of a page. */
export const Layout: FC<PropsWithChildren<LayoutProps>> = ({ title, script, onward, children }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{title}</title>
      <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
      <link rel="stylesheet" href={STYLE_PATH} />
      {onward && <meta http-equiv="refresh" content={`0; url=${onward}`} />}
      {script && <script src={script} defer />}
    </head>
    <body>
      <main>{children}</main>
    </body>
  </html>
)

export const Notice: FC = () => (
  <p class="notice" role="note">
    <strong>Preview</strong> {PREVIEW}
  </p>
)

/** {@link Notice} as fine print, on a page that warns of something else. */
export const SmallNotice: FC = () => (
  <small>
    <strong>Preview</strong> {PREVIEW}
  </small>
)

interface ProblemProps {
  title: string
  what: string
  advice: string
  /** Where its link leads, if anywhere. */
  home?: string | undefined
  homeName?: string
}

/** A page that says what went wrong and what to do. */
export const Problem: FC<ProblemProps> = ({ title, what, advice, home, homeName = 'Home page' }) => (
  <Layout title={`${title} · Medplum MCP`}>
    <h1>{title}</h1>
    {what && <p>{what}</p>}
    <p>{advice}</p>
    {home && (
      <p>
        <a href={home}>{homeName}</a>
      </p>
    )}
  </Layout>
)

/** What a page may do in addition to being shown. */
interface PagePolicy {
  /** Whether it runs a script of this server. */
  script?: boolean
  /** Whether its forms must say where they come from: under `no-referrer`, browsers send `Origin: null`. */
  sendsOrigin?: boolean
}

/** Sets the headers of a page. Existing ones are kept, such as the provider's, which forbid framing the consent page. */
export function setPageHeaders(headers: Headers, { script = false, sendsOrigin = false }: PagePolicy = {}): void {
  headers.set('content-type', 'text/html; charset=utf-8')
  headers.set(
    'content-security-policy',
    `default-src 'none'; ${script ? "script-src 'self'; " : ''}style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  )
  headers.set('x-frame-options', 'DENY')
  headers.set('x-content-type-options', 'nosniff')
  headers.set('referrer-policy', sendsOrigin ? 'same-origin' : 'no-referrer')
  headers.set('cache-control', 'no-store')
}

/** A page as an answer. */
export function pageResponse(
  page: ReturnType<FC>,
  { status = 200, headers = new Headers(), ...policy }: PagePolicy & { status?: number; headers?: Headers } = {},
): Response {
  setPageHeaders(headers, policy)
  return new Response(`<!doctype html>${page}`, { status, headers })
}
