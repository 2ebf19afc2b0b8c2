/// <reference lib="dom" />
// A deletion is agreed to by a person: on the page, in a real browser, where a link or a real client led them; and by a real client that asks
// over HTTP+SSE in Node.

import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { connect, SignIn } from '../../programs/clients.ts'
import type { RunningWorker } from '../../programs/worker.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'

import { isWithoutBrowser, launch } from './browser.ts'
import { type Running, startBoth } from './running.ts'

const { alice } = SANDBOX_USERS
const TASK = { resourceType: 'Task', status: 'requested', intent: 'order', description: 'Call back' }
let both: Running
let worker: RunningWorker

beforeAll(async () => {
  both = await startBoth()
  worker = both.worker
}, 60_000)

afterAll(async () => {
  await both?.stop()
})

/** A client that shows no forms, and a Task to delete. */
async function withTask() {
  const signIn = new SignIn(alice)
  const client = await connect('Streamable HTTP 2025-11-25, SDK 1', worker.url, signIn)
  const call = async (args: Record<string, unknown>) => {
    const { content } = await client.call('fhir-request', { format: 'json', ...args })
    return content.map(({ text }) => text ?? '').join('\n')
  }
  const { id } = JSON.parse(await call({ method: 'POST', path: 'Task', body: TASK })) as { id: string }
  const path = `Task/${id}`
  return { signIn, client, call, path, deletion: { method: 'DELETE', path } }
}

/** What a person does on the page that was opened for them. */
async function signInAndDecide(page: Page, button: string, asked = 'Delete Task/'): Promise<void> {
  const link = page.url()
  await page.getByRole('link', { name: 'Sign in with Medplum' }).click()
  await page.getByLabel('Email').fill(alice.email)
  await page.getByLabel('Password').fill(alice.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(link)
  expect(await page.textContent('main')).toContain(asked)
  await page.getByRole('button', { name: button }).click()
  await page.getByRole('status').waitFor()
}

describe.skipIf(isWithoutBrowser())('in a browser', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await launch()
  }, 60_000)

  afterAll(() => browser?.close())

  test.each([
    ['Delete', 'You approved this', 'HTTP 410'],
    ['Refuse', 'You refused this', 'Call back'],
  ])('a link: %s', async (button, says, after) => {
    const { client, call, path, deletion } = await withTask()
    const [link = ''] = /http:\S+\/confirm\/\S+/.exec(await call(deletion)) ?? []
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(link)
    expect(await page.textContent('main')).not.toContain(path)
    await signInAndDecide(page, button, `Delete ${path} "Call back"`)
    expect(await page.textContent('main')).toContain(says)
    expect(await page.getByRole('button').count()).toBe(0)
    await call(deletion)
    expect(await call({ method: 'GET', path })).toContain(after)
    await context.close()
    await client.close()
  })

  test.each([
    ['a session of 2025-11-25', {}],
    ['2026-07-28', { versionNegotiation: { mode: { pin: '2026-07-28' } } }],
  ])('a client that opens the page waits until its person has confirmed there, and deletes: %s', async (_, options) => {
    const { signIn, client, call, path, deletion } = await withTask()
    const opening = new Client(
      { name: 'opening', version: '1' },
      { capabilities: { elicitation: { url: {} } }, ...options },
    )
    const context = await browser.newContext()
    const page = await context.newPage()
    const opened: string[] = []
    const completed: string[] = []
    opening.setNotificationHandler('notifications/elicitation/complete', ({ params }) => {
      completed.push(params.elicitationId)
    })
    let confirmed: Promise<void> | undefined
    opening.setRequestHandler('elicitation/create', async ({ params }) => {
      if (params.mode !== 'url') return { action: 'decline' }
      opened.push(params.message)
      await page.goto(params.url)
      confirmed = signInAndDecide(page, 'Delete')
      return { action: 'accept' }
    })
    await opening.connect(new StreamableHTTPClientTransport(new URL('/mcp', worker.url), { authProvider: signIn }))
    const { isError } = await opening.callTool({ name: 'fhir-request', arguments: deletion })
    await confirmed
    expect(isError ?? false).toBe(false)
    expect(opened).toEqual([expect.stringContaining(`Delete ${path} "Call back"`)])
    expect(await call({ method: 'GET', path })).toContain('HTTP 410')
    if (!('versionNegotiation' in options)) await vi.waitFor(() => expect(completed).toHaveLength(1), 5_000)
    await context.close()
    await opening.close()
    await client.close()
  })
})

test('a client that shows forms over HTTP+SSE asks once, and deletes', async () => {
  const { signIn, client, call, path, deletion } = await withTask()
  const asked: string[] = []
  const asking = new Client({ name: 'asking', version: '1' }, { capabilities: { elicitation: {} } })
  asking.setRequestHandler('elicitation/create', async ({ params }) => {
    asked.push(params.message)
    return { action: 'accept', content: {} }
  })
  await asking.connect(new SSEClientTransport(new URL('/mcp/sse', worker.url), { authProvider: signIn }))
  const { isError } = await asking.callTool({ name: 'fhir-request', arguments: deletion })
  expect(isError ?? false).toBe(false)
  expect(asked).toEqual([`Delete ${path} "Call back"`])
  expect(await call({ method: 'GET', path })).toContain('HTTP 410')
  await asking.close()
  await client.close()
})
