// The views in a real browser, shown by a host on the official bridge: from the sandbox's records, with their calls, in all looks.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, SignIn } from '../../programs/clients.ts'
import { PATIENT_IDS } from '../../sandbox/clinic/people.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import type { Shown, Table } from '../../src/tools/show/shown.ts'
import { inNewPage, isWithoutBrowser, launch } from './browser.ts'
import { judge, LOOKS } from './look.ts'
import { type Running, startBoth } from './running.ts'
import { buildHost, type Host, NARROW, type Result } from './viewing.ts'

const MARISOL = `Patient/${PATIENT_IDS.diabetic}`
const APP = 'http://localhost:3000/'

const VIEWS: Record<Shown['view'], Record<string, unknown>> = {
  trend: { view: 'trend', patient: MARISOL, codes: ['4548-4', '85354-9', '29463-7'], medications: true, since: '2021' },
  timeline: { view: 'timeline', patient: MARISOL },
  summary: { view: 'summary', patient: MARISOL },
  table: {
    view: 'table',
    path: 'Task?_sort=-_lastUpdated&_count=20',
    select: ['description', 'status', 'priority', 'for.display', 'authoredOn'],
  },
}

const ALL_LOOKS: typeof LOOKS = [...LOOKS, ['narrow, dark', { ...NARROW, colorScheme: 'dark' }]]

describe.skipIf(isWithoutBrowser())('the views', () => {
  let both: Running
  let browser: Browser
  let html: string
  let host: Host
  let token: string

  async function rpc(method: string, params: object): Promise<unknown> {
    const response = await fetch(`${both.worker.url}/mcp`, {
      method: 'POST',
      headers: {
        ...{ accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
        ...{ authorization: `Bearer ${token}`, 'mcp-protocol-version': '2025-11-25' },
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    const text = await response.text()
    const message = JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text) as { result?: unknown }
    return message.result
  }
  const callTool = async (name: string, args: object) => (await rpc('tools/call', { name, arguments: args })) as Result

  beforeAll(async () => {
    both = await startBoth({ MEDPLUM_APP_URL: APP })
    browser = await launch()
    const signIn = new SignIn(SANDBOX_USERS.alice)
    const client = await connect('Streamable HTTP 2025-11-25, SDK 2', both.worker.url, signIn)
    await client.close()
    token = signIn.tokenSet?.access_token ?? ''
    const read = (await rpc('resources/read', { uri: 'ui://medplum-mcp/show.html' })) as {
      contents: { text: string }[]
    }
    html = read.contents[0]?.text ?? ''
    host = await buildHost(callTool)
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await both?.stop()
  })

  const shown = (page: Page, result: unknown, context: object = {}) => host(page, html, result, context)

  describe.each(Object.entries(VIEWS))('a %s', (name, args) => {
    test.each(ALL_LOOKS)('is readable and reachable by all in the look %s', async (look, options) => {
      const result = await callTool('show', args)
      expect(result.isError, result.content[0]?.text).not.toBe(true)
      await inNewPage(
        browser,
        async (page) => {
          const { view, wrong } = await shown(page, result, {
            theme: look.endsWith('dark') ? 'dark' : 'light',
            locale: 'en-GB',
            timeZone: 'UTC',
          })
          expect(await view.getAttribute('html', 'data-view')).toBe(name)
          if (process.env.SCREENSHOTS) {
            const folder = look === 'light' ? new URL('../../docs/images/', import.meta.url).pathname : '/tmp/views/'
            const height = await view.evaluate(() => Math.ceil(document.body.getBoundingClientRect().height))
            await page.setViewportSize({ width: page.viewportSize()?.width ?? 720, height })
            await page.screenshot({
              path: `${folder}view-${name}${look === 'light' ? '' : `-${look}`}.png`,
              fullPage: true,
            })
          }
          await view.evaluate(() => {
            for (const one of document.querySelectorAll('details')) one.open = true
          })
          await judge(view, `${name} ${look}`)
          expect(wrong).toEqual([])
        },
        look.startsWith('narrow') ? options : { ...options, viewport: { width: 720, height: 900 } },
      )
    })
  })

  test('a result can be reached by the keyboard, is read out, and can be asked about and opened', async () => {
    const result = await callTool('show', VIEWS.trend)
    await inNewPage(browser, async (page) => {
      const { view, said, opened, calls } = await shown(page, result, { locale: 'de-DE', timeZone: 'Europe/Berlin' })
      await view.locator('.marks circle[tabindex="0"]').first().focus()
      const status = view.locator('section').first().getByRole('status')
      const last = await status.textContent()
      expect(last).toMatch(/HbA1c \d+,\d %, high, \d\d\.\d\d\.2026/)
      await page.keyboard.press('ArrowLeft')
      expect(await status.textContent()).not.toBe(last)
      await view.getByRole('button', { name: 'Ask about it' }).first().click()
      await view.getByRole('button', { name: 'Open in Medplum' }).first().click()
      await view.getByRole('button', { name: 'Details' }).first().click()
      await view.locator('pre.record').first().getByText('Value').waitFor()
      const [{ id = '' } = {}] = calls.map(({ arguments: { id } }) => ({ id: String(id) }))
      expect(id).toMatch(/^Observation\//)
      expect(calls).toEqual([{ name: 'fetch', arguments: { id } }])
      expect(said).toEqual([{ role: 'user', content: [{ type: 'text', text: `Tell me more about ${id}.` }] }])
      expect(opened).toEqual([{ url: `${APP}${id}` }])
    })
  })

  test('a timeline can be enlarged, and an event says what it is', async () => {
    await inNewPage(browser, async (page) => {
      const { view } = await shown(page, await callTool('show', VIEWS.timeline), { locale: 'en-GB' })
      const marks = () => view.locator('.marks circle, .marks rect').count()
      const all = await marks()
      await view.getByRole('button', { name: '1 year' }).click()
      expect(await marks()).toBeLessThan(all)
      await view.getByRole('button', { name: 'All' }).click()
      expect(await marks()).toBe(all)
      await view.locator('.marks [role=button]').last().click()
      expect(await view.locator('.chosen [role=status]').textContent()).toMatch(/20\d\d/)
    })
  })

  test('a table can be sorted, filtered and paged through the host', async () => {
    const result = await callTool('show', VIEWS.table)
    await inNewPage(browser, async (page) => {
      const { view, calls } = await shown(page, result)
      const column = () => view.locator('tbody td:first-child').allInnerTexts()
      await view.getByRole('button', { name: 'description' }).click()
      const up = await column()
      expect(up).toEqual(up.toSorted(new Intl.Collator(undefined, { numeric: true }).compare))
      await view.getByRole('button', { name: 'description' }).click()
      expect(await column()).toEqual(up.toReversed())
      const [some = ''] = up
      await view.getByRole('searchbox').fill(some)
      expect(new Set(await column())).toEqual(new Set([some]))
      await view.getByRole('button', { name: 'Next page' }).click()
      const { next } = result.structuredContent as Table
      await view.waitForFunction((before) => document.querySelector('tbody td')?.textContent !== before, some)
      expect(calls).toEqual([{ name: 'show', arguments: { view: 'table', path: next, select: VIEWS.table.select } }])
    })
  })

  test('a view follows the host’s theme, colours and fonts, also when they change', async () => {
    await inNewPage(browser, async (page) => {
      const variables = { '--color-text-primary': 'rgb(1, 2, 3)', '--font-sans': 'monospace' }
      const { view } = await shown(page, await callTool('show', VIEWS.summary), {
        theme: 'light',
        styles: { variables },
      })
      const style = (property: string) =>
        view.evaluate((name) => getComputedStyle(document.body).getPropertyValue(name), property)
      expect([await style('color'), await style('font-family')]).toEqual(['rgb(1, 2, 3)', 'monospace'])
      await page.evaluate(() => window.change({ theme: 'dark' }))
      await view.waitForFunction(() => document.documentElement.style.colorScheme === 'dark')
    })
  })

  test('each view can be used with the keyboard alone', async () => {
    await inNewPage(browser, async (page) => {
      const seen = await shown(page, await callTool('show', VIEWS.timeline), { locale: 'en-GB' })
      const focused = () =>
        seen.view.evaluate(
          () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent,
        )
      const tabTo = async (wanted: RegExp) => {
        for (let at = 0; at < 40 && !wanted.test((await focused()) ?? ''); at++) await page.keyboard.press('Tab')
        expect(await focused()).toMatch(wanted)
      }
      const shownAgain = async (args: object) => {
        const result = await callTool('show', args)
        await page.evaluate((answer) => window.showAgain(answer as never), result)
        const { view } = result.structuredContent ?? {}
        await seen.view.waitForSelector(`html[data-view=${view}]`)
      }
      await tabTo(/^Zoom in$/)
      const stretch = () => seen.view.locator('p[role=status]').first().textContent()
      const before = await stretch()
      await page.keyboard.press('Enter')
      expect(await stretch()).not.toBe(before)
      await tabTo(/20\d\d/)
      const last = await focused()
      await page.keyboard.press('Home')
      expect(await focused()).not.toBe(last)
      expect(await seen.view.locator('.chosen [role=status]').textContent()).toBe(await focused())
      await shownAgain(VIEWS.summary)
      await tabTo(/^Type 2 diabetes/)
      await page.keyboard.press('Enter')
      await page.keyboard.press('Tab')
      expect(await focused()).toBe('Ask about it')
      await page.keyboard.press('Enter')
      await expect.poll(() => seen.said.length).toBe(1)
      await shownAgain(VIEWS.table)
      await tabTo(/^status$/)
      await page.keyboard.press('Enter')
      expect(await seen.view.locator('th[aria-sort=ascending]').textContent()).toBe('status')
      await tabTo(/^Actions for Task/)
      await page.keyboard.press('Enter')
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await expect.poll(() => seen.said.length).toBe(2)
    })
  })

  test('a message that is not from the host is ignored', async () => {
    const result = await callTool('show', VIEWS.summary)
    await inNewPage(browser, async (page) => {
      const { view } = await shown(page, result)
      const forged = { jsonrpc: '2.0', method: 'ui/notifications/tool-cancelled', params: {} }
      // Messages come in order: once `done` is there, the forged one was as well.
      await view.evaluate((message) => {
        const heard = new Promise<void>((resolve) => {
          window.addEventListener('message', ({ data }) => data === 'done' && resolve())
        })
        window.postMessage(message, '*')
        window.postMessage('done', '*')
        return heard
      }, forged)
      expect(await view.getAttribute('html', 'data-view')).toBe('summary')
    })
  })

  test('an error of the call is shown as text', async () => {
    await inNewPage(browser, async (page) => {
      const result = await callTool('show', { view: 'trend', patient: MARISOL })
      const { view } = await shown(page, result)
      expect(await view.getByRole('alert').textContent()).toContain('`codes`')
    })
  })
})
