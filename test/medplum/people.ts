// People of the run at a browser: they sign in through this server's pages and the real Medplum App.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type ConnectedClient, connect, textOf, type Way } from '../../programs/clients.ts'
import type { Credentials } from '../../programs/person.ts'
import { InBrowser } from '../e2e/in-browser.ts'

export type Level = 'read' | 'write' | 'full' | 'admin'

interface Narrowing {
  types?: string
  patient?: string
}

export interface SignedIn {
  client: ConnectedClient
  person: InBrowser
  page: Page
  close(): Promise<void>
}

export const SESSION = 'Streamable HTTP 2025-11-25, SDK 2' satisfies Way
export const STATELESS = 'Streamable HTTP 2026-07-28, SDK 2' satisfies Way

/** Fills in the App's pages, from the e-mail address to the choice of scopes, until it sends the browser back to `origin`. */
export async function logInAtApp(page: Page, { email, password }: Credentials, origin: string): Promise<void> {
  const back = page.waitForRequest((request) => request.url().startsWith(`${origin}/oauth/callback`))
  // If an earlier step fails, that is the error to report.
  back.catch(() => {})
  await page.locator('input[name=email]').fill(email)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.locator('input[name=password]').fill(password)
  await page.getByRole('button', { name: 'Sign In' }).click()
  // The App asks which scopes to give unless there is only `openid`.
  const scopes = page.getByRole('button', { name: 'Set Scope' })
  const asked = await Promise.race([scopes.waitFor().then(() => true), back.then(() => false)])
  if (asked) await scopes.click()
  await back
}

/** A client of a person who has just signed in, at a level, with their own browser. */
export async function signInAt(
  browser: Browser,
  origin: string,
  who: Credentials,
  level: Level,
  { way = SESSION, narrowing = {} }: { way?: Way; narrowing?: Narrowing } = {},
): Promise<SignedIn> {
  const context: BrowserContext = await browser.newContext()
  try {
    const page = await context.newPage()
    const person = new InBrowser(who, page, async (open) => {
      await open.locator(`input[name=level][value=${level}]`).check()
      if (narrowing.types !== undefined || narrowing.patient !== undefined) {
        await open.getByText('Limit it further').click()
        await open.getByLabel('Only these resource types').fill(narrowing.types ?? '')
        await open.getByLabel('Only this patient’s records').fill(narrowing.patient ?? '')
      }
      await open.getByRole('button', { name: 'Allow and sign in' }).click()
      await logInAtApp(open, who, origin)
    })
    const client = await connect(way, origin, person)
    const close = async () => {
      await client.close().catch(() => {})
      await context.close()
    }
    return { client, person, page, close }
  } catch (error) {
    await context.close()
    throw error
  }
}

/** What a call says, whether it succeeded or not. */
export async function said(client: ConnectedClient, args: Record<string, unknown>): Promise<string> {
  return textOf(await client.call('fhir-request', args))
}

/** The answer, with which the call must have succeeded. */
export async function asked(client: ConnectedClient, args: Record<string, unknown>): Promise<string> {
  const result = await client.call('fhir-request', args)
  if (result.isError) throw new Error(`${JSON.stringify(args)} answered: ${textOf(result)}`)
  return textOf(result)
}

/** What a call that must not succeed says. */
export async function refused(client: ConnectedClient, args: Record<string, unknown>): Promise<string> {
  const result = await client.call('fhir-request', args).catch((error: Error) => error)
  if (result instanceof Error) return result.message
  if (!result.isError) throw new Error(`${JSON.stringify(args)} was carried out: ${textOf(result)}`)
  return textOf(result)
}
