// Debian's Chromium, driven by playwright-core. CI installs it; developers are told how to.
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Credentials } from '../../programs/person.ts'

const PATHS = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The browser's program, if this machine has one. */
const chromiumPath = PATHS.find((path) => path !== undefined && existsSync(path))

/** Whether browser tests are skipped, with a message: on a developer's machine without one, never in CI. */
export function isWithoutBrowser(): boolean {
  if (chromiumPath !== undefined || process.env.CI !== undefined) return false
  console.warn('Skipped: the tests in a browser, because no Chromium was found (CI installs one).')
  return true
}

export function launch(): Promise<Browser> {
  if (!chromiumPath) throw new Error('No Chromium found: `apt-get install chromium`, or set CHROMIUM_PATH')
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  })
}

/** A page in a fresh browser profile. */
export async function inNewPage<T>(
  browser: Browser,
  use: (page: Page) => Promise<T>,
  options: BrowserContextOptions = {},
): Promise<T> {
  const context = await browser.newContext(options)
  try {
    return await use(await context.newPage())
  } finally {
    await context.close()
  }
}

/** Fills in Medplum's login page. */
export async function logIn(page: Page, { email, password }: Credentials): Promise<void> {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}
