/** A person at a browser, for programs: follows redirects, keeps cookies, and submits the real consent and login forms. */

export interface Credentials {
  email: string
  password: string
}

export type Fetch = (input: string, init?: RequestInit) => Promise<Response>

/** A page with no form that a person can answer here, such as an error page. */
export class UnexpectedPage extends Error {
  readonly status: number
  readonly html: string
  constructor(url: string, status: number, html: string) {
    super(`${url} answered ${status}: ${textOf(html)}`)
    this.status = status
    this.html = html
  }
}

const MAX_STEPS = 12

export class Person {
  readonly #fetch: Fetch
  readonly #cookies = new Map<string, Map<string, string>>()
  /** Addresses visited, without their query. */
  readonly visited: string[] = []

  constructor(fetch: Fetch = (input, init) => globalThis.fetch(input, init)) {
    this.#fetch = fetch
  }

  /**
   * Walks a sign-in from the authorization URL that a client opens to the client's redirect URI.
   *
   * @param redirectUri where the walk ends: the client's own address, which isn't fetched
   * @param level the access level to choose; by default the highest that is offered
   * @param narrowing what to fill in to narrow the connection: resource types, a patient
   * @returns the address of the client that would be opened, with `code`, or with `error` after a denial
   * @throws {UnexpectedPage} for an error page
   */
  async signIn(
    authorizeUrl: string,
    redirectUri: string,
    credentials: Credentials,
    decision: 'approve' | 'deny' = 'approve',
    level?: string,
    narrowing: Record<string, string> = {},
  ): Promise<URL> {
    let response = await this.visit(authorizeUrl)
    for (let step = 0; step < MAX_STEPS; step++) {
      const location = await whereTo(response)
      if (location !== null) {
        const next = new URL(location, response.url)
        if (next.href.startsWith(redirectUri)) return next
        response = await this.visit(next.href)
        continue
      }
      const html = await response.text()
      const form = readForm(html, response.url)
      if (!form || response.status !== 200) throw new UnexpectedPage(response.url, response.status, html)
      if (form.fields.has('handle')) {
        form.fields.set('decision', decision)
        const chosen = level ?? form.choices.at(-1)
        if (chosen !== undefined) form.fields.set('level', chosen)
        for (const [name, value] of Object.entries(narrowing)) form.fields.set(name, value)
      } else for (const [name, value] of Object.entries(credentials)) form.fields.set(name, value)
      response = await this.visit(form.action, form.fields)
    }
    throw new Error(`The sign-in did not finish within ${MAX_STEPS} steps`)
  }

  /** One request as a browser makes it: with cookies, without following the redirect. A body makes it a form post. */
  async visit(url: string, form?: URLSearchParams): Promise<Response> {
    const { origin, pathname } = new URL(url)
    this.visited.push(origin + pathname)
    const jar = this.#cookies.get(origin) ?? new Map<string, string>()
    this.#cookies.set(origin, jar)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await this.#fetch(url, {
      redirect: 'manual',
      headers: { accept: 'text/html', ...(cookie && { cookie }) },
      ...(form && { method: 'POST', body: form }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';')
      const [name = '', ...value] = pair.split('=')
      if (attributes.some((attribute) => /^\s*max-age=0\s*$/i.test(attribute))) jar.delete(name.trim())
      else jar.set(name.trim(), value.join('='))
    }
    if (response.url === '') Object.defineProperty(response, 'url', { value: url })
    return response
  }
}

/** Where an answer sends the browser: by a redirect, or by a page that continues automatically. */
export async function whereTo(response: Response): Promise<string | null> {
  const location = response.headers.get('location')
  if (location !== null || response.status !== 200) return location
  const [refresh] = /<meta http-equiv="refresh"[^>]*>/.exec(await response.clone().text()) ?? []
  return refresh ? (attribute(refresh, 'content')?.replace(/^0; url=/, '') ?? null) : null
}

export interface Form {
  action: string
  /** Hidden fields. */
  fields: URLSearchParams
  /** Values of the access levels offered, from the least. */
  choices: string[]
}

/** The first form of a page. */
export function readForm(html: string, pageUrl: string): Form | undefined {
  const form = /<form\b([^>]*)>([\s\S]*?)<\/form>/.exec(html)
  if (!form) return undefined
  const fields = new URLSearchParams()
  const choices: string[] = []
  for (const [input] of (form[2] ?? '').matchAll(/<input\b[^>]*>/g)) {
    const name = attribute(input, 'name')
    if (attribute(input, 'type') === 'hidden' && name !== undefined)
      fields.append(name, attribute(input, 'value') ?? '')
    if (attribute(input, 'type') === 'radio' && name === 'level') choices.push(attribute(input, 'value') ?? '')
  }
  return { action: new URL(attribute(form[1] ?? '', 'action') ?? '', pageUrl).href, fields, choices }
}

function attribute(tag: string, name: string): string | undefined {
  const match = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)
  return match?.[1]
    ?.replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}

function textOf(html: string): string {
  return html
    .replace(/<(style|script|head)[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}
