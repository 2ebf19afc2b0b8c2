// Signing in as people do: the Worker under wrangler, the sandbox behind it, a real browser and real clients.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, SignIn, WAYS, type Way } from '../../programs/clients.ts'
import { freePort, type RunningWorker, startWorker } from '../../programs/worker.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import type { Sandbox } from '../../sandbox/server.ts'
import { SANDBOX_CLIENT_ID } from '../../sandbox/world.ts'
import { examine } from '../../scripts/doctor/examine.ts'
import { isWithoutBrowser, launch, logIn } from './browser.ts'
import { type Running, startBoth } from './running.ts'

let both: Running
let sandbox: Sandbox
let worker: RunningWorker

beforeAll(async () => {
  both = await startBoth({ MAX_ACCESS: 'admin', CONFIRM: 'never' }, { control: true })
  ;({ sandbox, worker } = both)
}, 60_000)

afterAll(async () => {
  await both?.stop()
})

test.each(Object.keys(WAYS) as Way[])('%s: from the first 401 to an answer', async (way) => {
  const person = new SignIn(SANDBOX_USERS.alice)
  const client = await connect(way, worker.url, person)
  expect(person.person.visited[0]).toBe(`${worker.url}/authorize`)
  const answer = await client.call('fhir-request', { method: 'GET', path: 'Patient?_count=1', format: 'json' })
  expect(JSON.parse(answer.content[0]?.text ?? '')).toMatchObject({ resourceType: 'Bundle' })
  await client.close()
})

test('an SSE client gets the answer of a call that is longer than an idle object stays in memory', async () => {
  const client = await connect('HTTP+SSE 2024-11-05, SDK 1', worker.url, new SignIn(SANDBOX_USERS.alice))
  await fetch(`${sandbox.baseUrl}_sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ path: '^/fhir/R4/Patient', delayMs: 12_000 }]),
  })
  const answer = await client.call('fhir-request', { method: 'GET', path: 'Patient?_count=1', format: 'json' })
  expect(JSON.parse(answer.content[0]?.text ?? '')).toMatchObject({ resourceType: 'Bundle' })
  await client.close()
}, 60_000)

test.each([
  ['PUBLIC_URL', ''],
  ['MEDPLUM_BASE_URL', 'nonsense'],
  ['MEDPLUM_CLIENT_ID', ''],
])('%s = "%s" stops the start and is named', async (name, value) => {
  const vars = { MEDPLUM_BASE_URL: sandbox.baseUrl, MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID, [name]: value }
  await expect(startWorker({ port: await freePort(), vars })).rejects.toThrow(`Setting ${name}`)
})

test('a Medplum base with a path, as that of a project', async () => {
  const path = 'projects/cd9507ec-134f-4f56-aaaa-b1b7abba1ce9/'
  const project = await startBoth({ CONFIRM: 'never' }, { control: true, path })
  try {
    expect(project.sandbox.baseUrl).toMatch(new RegExp(`^http://localhost:\\d+/${path}$`))
    expect((await examine(project.worker.url)).filter(({ ok }) => !ok)).toEqual([])
    const client = await connect(
      'Streamable HTTP 2026-07-28, SDK 2',
      project.worker.url,
      new SignIn(SANDBOX_USERS.alice),
    )
    const ask = async (args: object) =>
      JSON.parse((await client.call('fhir-request', { format: 'json', method: 'GET', ...args })).content[0]?.text ?? '')
    const next = (bundle: { link: { relation: string; url: string }[] }) =>
      bundle.link.find(({ relation }) => relation === 'next')?.url ?? ''
    const first = await ask({ path: 'Patient?_count=1&_sort=_id' })
    expect(next(first)).toMatch(/^Patient\?/)
    const second = await ask({ path: next(first) })
    expect(second.entry[0].resource.id).not.toBe(first.entry[0].resource.id)
    expect((await ask({ path: `${project.sandbox.baseUrl}fhir/R4/Patient?_count=1` })).resourceType).toBe('Bundle')
    // With the server's own base, such a link means the same records.
    const server = new URL('/', project.sandbox.baseUrl).href
    const body = {
      resourceType: 'Bundle',
      link: [{ relation: 'next', url: `${server}fhir/R4/Task?_offset=1` }],
      entry: [],
    }
    await fetch(`${project.sandbox.baseUrl}_sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ path: '^/fhir/R4/Task', status: 200, body }]),
    })
    expect(next(await ask({ path: 'Task?_count=1' }))).toBe('Task?_offset=1')
    await client.close()
  } finally {
    await project.stop()
  }
}, 60_000)

describe.skipIf(isWithoutBrowser())('in a browser', () => {
  const REDIRECT_URI = 'http://127.0.0.1:33418/'
  let browser: Browser
  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(() => browser?.close())

  async function consentPage() {
    const registered = await fetch(`${worker.url}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'Browser test',
        redirect_uris: [REDIRECT_URI],
        token_endpoint_auth_method: 'none',
      }),
    })
    const { client_id } = (await registered.json()) as { client_id: string }
    const parameters = new URLSearchParams({
      response_type: 'code',
      client_id,
      redirect_uri: REDIRECT_URI,
      state: 'client-state',
      resource: `${worker.url}/mcp`,
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    })
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${worker.url}/authorize?${parameters}`)
    return page
  }

  test('consent, login at Medplum, and back with a code', async () => {
    const page = await consentPage()
    await page.getByRole('button', { name: 'Allow and sign in' }).click()
    const back = page.waitForRequest((request) => request.url().startsWith(REDIRECT_URI))
    await logIn(page, SANDBOX_USERS.alice)
    const callback = new URL((await back).url())
    expect(callback.searchParams.get('code')).toMatch(/^[^:]+:[^:]+:[^:]+$/)
    expect(callback.searchParams.get('state')).toBe('client-state')
    expect(callback.searchParams.get('iss')).toBe(worker.url)
    await page.context().close()
  })

  test('denied by keyboard alone', async () => {
    const page = await consentPage()
    const focused = () => page.evaluate<string>('document.activeElement.textContent')
    const passed: string[] = []
    for (let at = 0; at < 10 && (await focused()) !== 'Deny'; at++) {
      await page.keyboard.press('Tab')
      passed.push(await focused())
    }
    expect(passed.slice(-2)).toEqual(['Allow and sign in', 'Deny'])
    const back = page.waitForRequest((request) => request.url().startsWith(REDIRECT_URI))
    await page.keyboard.press('Enter')
    expect(new URL((await back).url()).searchParams.get('error')).toBe('access_denied')
    await page.context().close()
  })
})
