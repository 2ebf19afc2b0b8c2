/// <reference lib="dom" />
// The connections page as people use it: sign in, see, reduce and disconnect in a real browser by keyboard alone, with a real client.

import type { BrowserContextOptions, Page } from 'playwright-core'
import { describe, expect, test, vi } from 'vitest'
import { type ConnectedClient, connect, SignIn } from '../../programs/clients.ts'
import type { Credentials } from '../../programs/person.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'

import { inNewPage, isWithoutBrowser } from './browser.ts'
import { LOOKS, look } from './look.ts'
import { startAll } from './running.ts'

const READ = { method: 'GET', path: 'Patient?_count=1' }
const WRITE = { method: 'POST', path: 'Task', body: { resourceType: 'Task', status: 'requested', intent: 'order' } }

/** A client with its own name. */
class Named extends SignIn {
  readonly #name: string
  constructor(name: string, credentials: Credentials) {
    super(credentials)
    this.#name = name
  }
  override get clientMetadata() {
    return { ...super.clientMetadata, client_name: this.#name }
  }
}

describe.skipIf(isWithoutBrowser())('in a browser', () => {
  const running = startAll()

  /** A page of this server about which the browser has no complaint. */
  function withPage<T>(use: (page: Page) => Promise<T>, options?: BrowserContextOptions): Promise<T> {
    const watched = async (page: Page) => {
      const complaints: string[] = []
      page.on('console', (message) => {
        if (message.location().url.startsWith(running.worker.url)) complaints.push(message.text())
      })
      const result = await use(page)
      expect(complaints).toEqual([])
      return result
    }
    return inNewPage(running.browser, watched, options)
  }

  /** Signs in from the page that is open, by keyboard alone. */
  async function signInByKeyboard(page: Page, { email, password }: Credentials): Promise<void> {
    await tabTo(page, 'Sign in with Medplum')
    await page.keyboard.press('Enter')
    await page.getByLabel('Email').waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.type(email)
    await page.keyboard.press('Tab')
    await page.keyboard.type(password)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
  }

  /** Over a transport whose clients don't ask for more access by themselves. */
  const connected = (name: string, credentials: Credentials = SANDBOX_USERS.alice): Promise<ConnectedClient> =>
    connect('HTTP+SSE 2024-11-05, SDK 1', running.worker.url, new Named(name, credentials))

  test('sign in, see, reduce, disconnect and sign out, by keyboard alone', async () => {
    const mine = await connected('Claude')
    const other = await connected('Cursor')
    await mine.call('fhir-request', WRITE)
    await mine.call('fhir-request', READ)
    await withPage(async (page) => {
      await page.goto(running.worker.url)
      await tabTo(page, 'Your connections')
      await page.keyboard.press('Enter')
      await page.waitForURL(`${running.worker.url}/connections`)
      await signInByKeyboard(page, SANDBOX_USERS.alice)
      expect(page.url()).toBe(`${running.worker.url}/connections`)
      const claude = page.getByRole('article', { name: 'Claude' })
      await expectText(claude, 'Full: Everything you can do with records')
      await expectText(claude, 'Read Patient, just now, by fhir-request')

      await tabTo(page, 'Reduce to Read: Claude')
      await page.keyboard.press('Enter')
      await page.getByRole('status').waitFor()
      await expectText(page.getByRole('status'), 'Access reduced.')
      await expectText(claude, 'Read: View and search')
      await expectText(page.getByRole('article', { name: 'Cursor' }), 'Full: Everything you can do with records')
      await vi.waitFor(
        async () => expect(await said(mine, WRITE)).toContain('needs the access level "Read and write"'),
        {
          timeout: 3_000,
          interval: 100,
        },
      )
      expect(await said(other, WRITE)).toContain('Task')

      await tabTo(page, 'Disconnect Claude')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/connections?done=disconnected')
      expect(await claude.count()).toBe(0)
      await expect(mine.call('fhir-request', READ)).rejects.toThrow()
      expect(await said(other, READ)).toContain('Patient')

      await tabTo(page, 'Sign out')
      await page.keyboard.press('Enter')
      await page.getByText('You are signed out of these pages.').waitFor()
      await page.goto(`${running.worker.url}/connections`)
      await page.getByRole('link', { name: 'Sign in with Medplum' }).waitFor()
      expect(await page.getByRole('article').count()).toBe(0)
    })
    await other.close()
  }, 60_000)

  describe.each(LOOKS)('%s', (name, options) => {
    // Each look is for a different person, who sees only their own.
    const credentials = { light: SANDBOX_USERS.ada, dark: SANDBOX_USERS.rita }[name] ?? SANDBOX_USERS.sam
    test('the page can be read, and fits', async () => {
      const names = ['Claude', 'An application whose name is far longer than anybody would expect of one']
      const clients = await Promise.all(names.map((one) => connected(one, credentials)))
      for (const client of clients) {
        for (const path of ['Patient/none', 'Task', 'Patient?_count=1']) {
          await client.call('fhir-request', { method: 'GET', path })
        }
      }
      await withPage(async (page) => {
        await page.goto(`${running.worker.url}/connections`)
        await look(page)
        await signInByKeyboard(page, credentials)
        await tabTo(page, 'Earlier activity')
        await page.keyboard.press('Enter')
        await page.evaluate(() => (document.activeElement as HTMLElement).blur())
        await look(page, `connections-${name}`)
        await page.goto(`${running.worker.url}/connections?done=lowered`)
        await look(page)
      }, options)
      for (const client of clients) await client.close()
    }, 60_000)
  })

  async function said(client: ConnectedClient, ask: Record<string, unknown>): Promise<string> {
    return client.call('fhir-request', ask).then(
      ({ content }) => content[0]?.text ?? '',
      // A client that can't sign in again reports the answer.
      (error: Error) => error.message,
    )
  }
})

/** Presses Tab until the element with this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const focused = page.locator(':focus')
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab')
    const named =
      (await focused.count()) > 0 && ((await focused.getAttribute('aria-label')) ?? (await focused.textContent()))
    if (named === name) return
  }
  throw new Error(`The keyboard did not reach ${name}`)
}

async function expectText(at: ReturnType<Page['locator']>, text: string): Promise<void> {
  expect(((await at.textContent()) ?? '').replace(/\s+/g, ' ')).toContain(text)
}
