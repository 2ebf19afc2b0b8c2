// The views in a real browser with records that mean harm, with very many of them or none, and with what is no view at all.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { page as viewPage } from '../../views/page.ts'
import { inNewPage, isWithoutBrowser, launch } from './browser.ts'
import { buildHost, type Host, NARROW } from './viewing.ts'

describe.skipIf(isWithoutBrowser())('a view', () => {
  let browser: Browser
  let html: string
  let host: Host
  beforeAll(async () => {
    browser = await launch()
    html = await viewPage()
    host = await buildHost(async (name) => {
      throw new Error(`A view called ${name}`)
    })
  }, 60_000)
  afterAll(() => browser?.close())

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

  interface Named {
    id: string
  }

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
  ])('with a %s draws it as text, or not at all, within 320 pixels', async (_what, structuredContent) => {
    await inNewPage(
      browser,
      async (page) => {
        const content = [
          { type: 'text', text: EVIL },
          { type: 'text', text: EVIL },
        ]
        const { view, wrong, said } = await host(page, html, { content, structuredContent })
        expect(await view.getAttribute('html', 'data-view')).toBe((structuredContent as { view: string }).view)
        await view.evaluate(() => {
          const isShort = (one: Element) => one.querySelectorAll('tr').length < 1000
          const all = document.querySelectorAll<HTMLDetailsElement>('details:not(.scroll details)')
          for (const one of all) one.open = isShort(one)
        })
        expect(await view.evaluate(beyondThePage)).toEqual([])
        expect(await view.locator('img, body script:not([type=module]), iframe, a, link').count()).toBe(0)
        const { sections = [], rows = [] } = structuredContent as { sections?: { items: Named[] }[]; rows?: Named[] }
        const named = [...sections.flatMap(({ items }) => items), ...rows].filter(({ id }) => /^\w+\/[\w.-]+$/.test(id))
        expect(await view.locator('button', { hasText: 'Ask about it' }).count()).toBe(named.length)
        expect([wrong, said]).toEqual([[], []])
      },
      NARROW,
    )
  })

  test.each([undefined, null, 'text', [], {}, { view: 'constructor' }, { view: 'trend' }])(
    'says of %j that there is nothing to draw',
    async (structuredContent) => {
      await inNewPage(browser, async (page) => {
        const { view } = await host(page, html, {
          content: [{ type: 'text', text: 'words' }],
          ...(structuredContent !== undefined && { structuredContent }),
        })
        expect(await view.getAttribute('html', 'data-view')).toBe('error')
      })
    },
  )
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
