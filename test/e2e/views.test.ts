// The views in a real browser, shown by a host on the official bridge: from the sandbox's records, with their calls, in all looks; and
// with records that mean harm.
import { build } from 'esbuild'
import type { Browser, Frame, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, SignIn } from '../../programs/clients.ts'
import { PATIENT_IDS } from '../../sandbox/clinic/people.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import type { Shown, Table } from '../../src/tools/show/shown.ts'
import { inNewPage, isWithoutBrowser, launch } from './browser.ts'
import { judge, LOOKS } from './look.ts'
import { type Running, startBoth } from './running.ts'

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

const NARROW = { viewport: { width: 320, height: 640 } }
const ALL_LOOKS: typeof LOOKS = [...LOOKS, ['narrow, dark', { ...NARROW, colorScheme: 'dark' }]]

interface Result {
  content: { type: string; text: string }[]
  structuredContent?: Shown
  isError?: boolean
}

describe.skipIf(isWithoutBrowser())('the views', () => {
  let both: Running
  let browser: Browser
  let html: string
  let script: string
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
    const entry = new URL('view-host.ts', import.meta.url).pathname
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: 'iife',
      logLevel: 'error',
    })
    script = outputFiles[0]?.text ?? ''
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await both?.stop()
  })

  interface Seen {
    page: Page
    view: Frame
    calls: { name: string; arguments: Record<string, unknown> }[]
    said: unknown[]
    opened: unknown[]
    /** What went wrong within: errors, dialogs, requests to anywhere. */
    wrong: string[]
  }

  /** Shows a result in a host's page. */
  async function shown(page: Page, result: unknown, context: object = {}): Promise<Seen> {
    const seen: Omit<Seen, 'view'> = { page, calls: [], said: [], opened: [], wrong: [] }
    page.on('pageerror', ({ message }) => seen.wrong.push(message))
    page.on('console', (message) => message.type() === 'error' && seen.wrong.push(message.text()))
    page.on('dialog', async (dialog) => {
      seen.wrong.push(`dialog ${dialog.message()}`)
      await dialog.dismiss()
    })
    page.on('request', (request) => /^https?:/.test(request.url()) && seen.wrong.push(request.url()))
    await page.exposeFunction('callTool', async (params: Seen['calls'][number]) => {
      seen.calls.push(params)
      return callTool(params.name, params.arguments)
    })
    await page.exposeFunction('say', (params: unknown) => seen.said.push(params))
    await page.exposeFunction('openLink', (params: unknown) => seen.opened.push(params))
    await page.setContent(
      '<!doctype html><html lang="en"><title>Host</title><style>body{margin:0}</style><body></body></html>',
    )
    await page.evaluate(script)
    await page.evaluate(([page, given, answer]) => window.show(page as string, given as never, answer as never), [
      html,
      context,
      result,
    ] as const)
    const view = page.frames()[1]
    if (!view) throw new Error('No frame')
    await view.waitForSelector('html:not([data-view=loading])')
    return { ...seen, view }
  }

  describe.each(Object.entries(VIEWS))('%s', (name, args) => {
    test.each(ALL_LOOKS)('%s', async (look, options) => {
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

  test('a result is reached by the keyboard, read out, asked about and opened', async () => {
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

  test('a timeline is brought closer, and an event tells of itself', async () => {
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

  test('a table is sorted, filtered and paged on through the host', async () => {
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

  test('follows the host’s theme, colours and fonts, also when they change', async () => {
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

  test('each view is worked by the keyboard alone', async () => {
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

  const EVIL = '</script><img src=x onerror=alert(1)><script>alert(2)</script>'
  const RTL = 'שלום עולם'
  const LONG = 'Pneumonoultramicroscopicsilicovolcanoconiosis'.repeat(3)
  const patient = { id: 'x', name: EVIL }
  const long = { id: 'x', name: LONG, identifier: LONG, replacedBy: LONG }
  const point = (at: string, value: number) => ({ id: `Observation/${EVIL}`, at, value })
  const series = (points: object[], name = EVIL, unit = '') => ({
    of: EVIL,
    code: EVIL,
    name,
    unit,
    total: points.length,
    points,
  })
  const many = Array.from({ length: 10_000 }, (_, at) => point(new Date(at * 86_400_000).toISOString(), Math.sin(at)))
  const event = (from: string, more = {}) => ({ id: EVIL, name: EVIL, from, status: EVIL, ...more })
  const lane = (events: object[]) => ({ type: EVIL, title: RTL, more: true, events })
  const trendOf = (all: object[], more = {}) => ({
    view: 'trend',
    patient,
    series: all,
    undrawn: [{ name: EVIL, reason: EVIL, count: 1 }],
    ...more,
  })

  test.each<[string, object]>([
    ['trend of markup', trendOf([series([point('2024-01-01', 1), point('2025', 2)])])],
    ['trend of 10,000 points', trendOf([series(many)])],
    ['trend of one point', trendOf([series([point('2024', 0)], RTL, RTL)])],
    ['trend of nothing', trendOf([])],
    [
      'trend of equal points',
      trendOf([series([point('2024', 5), point('2024', 5)])], {
        medications: [{ id: EVIL, name: EVIL, from: '2024', active: true }],
      }),
    ],
    ['trend of dates that are none', trendOf([series([point(EVIL, 1)])], { medications: [] })],
    [
      'timeline of markup',
      {
        view: 'timeline',
        patient,
        lanes: [lane([event('2024'), event('2023', { to: '2025' }), event('2020', { active: true })])],
      },
    ],
    ['timeline of 10,000 events', { view: 'timeline', patient, lanes: [lane(many.map(({ at }) => event(at)))] }],
    ['timeline of one event', { view: 'timeline', patient, lanes: [lane([event('2024')])] }],
    ['timeline of nothing', { view: 'timeline', patient, lanes: [lane([])] }],
    [
      'summary of markup',
      {
        view: 'summary',
        patient,
        sections: [{ title: EVIL, more: false, items: [{ id: EVIL, name: EVIL, details: RTL }] }],
        vitals: [series([point('2024', 1)])],
      },
    ],
    ['summary of nothing', { view: 'summary', patient: { id: 'x', name: '' }, sections: [], vitals: [series([])] }],
    [
      'table of markup',
      {
        view: 'table',
        path: EVIL,
        columns: [EVIL, RTL],
        rows: [
          { id: EVIL, cells: [EVIL, null] },
          { id: 'Task/1', cells: [1, true] },
        ],
        next: EVIL,
      },
    ],
    [
      'table of 10,000 rows',
      {
        view: 'table',
        path: 'Task',
        columns: ['a'],
        rows: many.map(({ value }) => ({ id: 'Task/1', cells: [value] })),
      },
    ],
    ['table of nothing', { view: 'table', path: 'Task', columns: [], rows: [] }],
    [
      'trend of long words',
      trendOf(
        [
          series([point('2024-01-01', 123_456_789), point('2025', 2)], LONG, LONG),
          series([point('2024', 1)], RTL, 'x'),
        ],
        {
          patient: long,
          undrawn: [{ name: LONG, reason: LONG, count: 1 }],
          medications: [{ id: 'MedicationRequest/1', name: LONG, from: '2024', active: true, remark: LONG }],
        },
      ),
    ],
    [
      'timeline of long words',
      {
        ...{ view: 'timeline', patient: long },
        lanes: [
          { ...lane([{ id: 'Condition/1', name: LONG, from: '2024', status: LONG, unreal: true }]), title: LONG },
        ],
      },
    ],
    [
      'summary of long words',
      {
        ...{ view: 'summary', patient: long },
        sections: [{ title: LONG, more: true, items: [{ id: 'Task/1', name: LONG, details: LONG }] }],
        vitals: [series([{ ...point('2024', 123_456_789), remark: LONG }], LONG, LONG)],
      },
    ],
    [
      'table of long words',
      {
        view: 'table',
        path: LONG,
        columns: [LONG, 'a'],
        rows: [{ id: 'Task/1', cells: [LONG, 123_456_789] }],
        next: 'Task',
      },
    ],
  ])('a %s is drawn as text, or not at all, within 320 pixels', async (_what, structuredContent) => {
    await inNewPage(
      browser,
      async (page) => {
        const content = [
          { type: 'text', text: EVIL },
          { type: 'text', text: EVIL },
        ]
        const { view, wrong, said } = await shown(page, { content, structuredContent })
        expect(await view.getAttribute('html', 'data-view')).toBe((structuredContent as { view: string }).view)
        await view.evaluate(() => {
          const isShort = (one: Element) => one.querySelectorAll('tr').length < 1000
          const all = document.querySelectorAll<HTMLDetailsElement>('details:not(.scroll details)')
          for (const one of all) one.open = isShort(one)
        })
        expect(await view.evaluate(beyondThePage)).toEqual([])
        expect(await view.locator('img, body script:not([type=module]), iframe, a, link').count()).toBe(0)
        expect(await view.getByRole('button', { name: 'Ask about it' }).count()).toBeLessThanOrEqual(1)
        expect([wrong, said]).toEqual([[], []])
      },
      NARROW,
    )
  })

  test.each([undefined, null, 'text', [], {}, { view: 'constructor' }, { view: 'trend' }])(
    'of %j it says that there is nothing to draw',
    async (structuredContent) => {
      await inNewPage(browser, async (page) => {
        const { view } = await shown(page, {
          content: [{ type: 'text', text: 'words' }],
          ...(structuredContent !== undefined && { structuredContent }),
        })
        expect(await view.getAttribute('html', 'data-view')).toBe('error')
      })
    },
  )

  test('a message that is not the host’s is not heard', async () => {
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

/** What can't be reached at the right or left: outside the page, and not in a part that scrolls. */
function beyondThePage(): string[] {
  const scrolling = '.scroll *, .unseen, .unseen *, [clip-path], [clip-path] *'
  const all = [...document.querySelectorAll(`body *:not(${scrolling})`)]
  const beyond = all.filter((one) => {
    const { left, right, width } = one.getBoundingClientRect()
    return width > 0 && (left < -0.5 || right > innerWidth + 0.5)
  })
  const scrolls = document.documentElement.scrollWidth > innerWidth ? ['the page scrolls'] : []
  return [...scrolls, ...beyond.map((one) => `${one.tagName}: ${one.textContent?.slice(0, 40)}`)]
}
