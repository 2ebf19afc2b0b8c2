import type { Page } from 'playwright-core'
import { SignIn } from '../../programs/clients.ts'
import type { Credentials } from '../../programs/person.ts'

/** A person who responds to a client's requests in a browser. */
export class InBrowser extends SignIn {
  readonly #page: Page
  readonly #answer: (page: Page) => Promise<void>
  /** Scopes of the last authorization request. */
  asked: string | null = null

  constructor(who: Credentials, page: Page, answer: (page: Page) => Promise<void>) {
    super(who)
    this.#page = page
    this.#answer = answer
  }

  override async redirectToAuthorization(url: URL) {
    this.asked = url.searchParams.get('scope')
    // Chromium reloads a page that could not be reached: the callback of the previous sign-in.
    const before = this.callback?.href
    const isBack = (address: string) => address.startsWith(this.redirectUrl) && address !== before
    const back = this.#page.waitForRequest((request) => isBack(request.url()))
    const answered = this.#page.goto(url.href).then(() => this.#answer(this.#page))
    const [request] = await Promise.all([back, answered])
    this.callback = new URL(request.url())
  }
}
