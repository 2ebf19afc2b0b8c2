/// <reference lib="dom" />
// The public pages in a real browser: by keyboard, on a narrow screen, in the dark, without scripts.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, type RunningWorker, startWorker } from '../../programs/worker.ts'
import { inNewPage, isWithoutBrowser, launch } from './browser.ts'
import { measureContrast } from './contrast.ts'

describe.skipIf(isWithoutBrowser())('in a browser', () => {
  let worker: RunningWorker
  let browser: Browser
  let mcpUrl: string

  beforeAll(async () => {
    // Nothing here calls Medplum, so there need not be one.
    const vars = { MEDPLUM_BASE_URL: 'https://medplum.invalid/', MEDPLUM_CLIENT_ID: 'client' }
    worker = await startWorker({ port: await freePort(), vars })
    mcpUrl = `${worker.url}/mcp`
    browser = await launch()
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await worker?.stop()
  })

  interface Visit {
    page: Page
    /** What the browser asked for. */
    requested: string[]
    /** The browser's complaints, including refusals by the Content-Security-Policy. */
    complaints: string[]
  }

  /** A separate browser for each look at a page. */
  function look<T>(path: string, options: BrowserContextOptions, at: (visit: Visit) => Promise<T>): Promise<T> {
    const visited = async (page: Page) => {
      const visit: Visit = { page, requested: [], complaints: [] }
      page.on('request', (request) => visit.requested.push(request.url()))
      page.on('console', (message) => visit.complaints.push(message.text()))
      page.on('pageerror', (error) => visit.complaints.push(error.message))
      await page.goto(worker.url + path, { waitUntil: 'load' })
      return at(visit)
    }
    return inNewPage(browser, visited, options)
  }

  const PAGES = ['/', '/privacy', '/nowhere', '/mcp', '/oauth/callback?state=old']

  test.each(PAGES)('%s fits a screen 320 pixels wide', async (path) => {
    await look(path, { viewport: { width: 320, height: 640 } }, async ({ page }) => {
      const { width, wide } = await page.evaluate(() => ({
        width: document.documentElement.scrollWidth,
        wide: [...document.querySelectorAll('body *')]
          .filter((element) => element.getBoundingClientRect().right > innerWidth || element.scrollWidth > innerWidth)
          .map((element) => element.outerHTML),
      }))
      expect(width).toBe(320)
      expect(wide).toEqual([])
    })
  })

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    test.each(PAGES)('all text of %s can be read', async (path) => {
      await look(path, { colorScheme }, async ({ page }) => {
        const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor !== 'rgb(255, 255, 255)')
        expect(dark).toBe(colorScheme === 'dark')
        const { measured, faint } = await page.evaluate(measureContrast)
        expect(faint).toEqual([])
        expect(measured).toBeGreaterThanOrEqual(path === '/' ? 60 : 4)
      })
    })

    test('the keyboard reaches everything in order, and the focus is visible', async () => {
      await look('/', { colorScheme }, async ({ page }) => {
        const reachable = await page.locator('a[href], button').allTextContents()
        expect(reachable.slice(0, 3)).toEqual(['Copy', 'Add to Cursor', 'Add to VS Code'])
        const reached: (string | null)[] = []
        for (const _ of reachable) {
          await page.keyboard.press('Tab')
          reached.push(await page.locator(':focus').textContent())
          const { faint } = await page.evaluate(measureContrast)
          expect(faint).toEqual([])
        }
        expect(reached).toEqual(reachable)
      })
    })
  })

  test('the contrast check finds faint text', async () => {
    await look('/', { bypassCSP: true }, async ({ page }) => {
      await page.addStyleTag({ content: 'h1 { color: #bbb } :focus-visible { outline: none !important }' })
      await page.keyboard.press('Tab')
      const { faint } = await page.evaluate(measureContrast)
      expect(faint.map(({ text }) => text)).toEqual(['Medplum for AI assistants', 'focus on Copy'])
    })
  })

  test('the home page loads nothing from other origins, and nothing of it is blocked', async () => {
    await look('/', {}, async ({ page, requested, complaints }) => {
      await page.waitForLoadState('networkidle')
      expect(requested).toContain(`${worker.url}/style.css`)
      expect(requested).toContain(`${worker.url}/copy.js`)
      expect(requested.filter((url) => new URL(url).origin !== worker.url)).toEqual([])
      expect(complaints).toEqual([])
    })
  })

  test('a button copies the address, also by keyboard, and says so', async () => {
    await look('/', { permissions: ['clipboard-read', 'clipboard-write'] }, async ({ page }) => {
      const button = page.getByRole('button', { name: `Copy ${mcpUrl}`, exact: true })
      await button.focus()
      await page.keyboard.press('Enter')
      await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor()
      expect(await button.textContent()).toBe('Copied')
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(mcpUrl)
      await button.filter({ hasText: 'Copy' }).waitFor()
      expect(await page.getByRole('status').textContent()).toBe('')
    })
  })

  test('each button copies its own command, as one line', async () => {
    await look('/', { permissions: ['clipboard-read', 'clipboard-write'] }, async ({ page }) => {
      await page.getByRole('button', { name: 'Copy claude mcp add' }).click()
      await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor()
      const copied = await page.evaluate(() => navigator.clipboard.readText())
      expect(copied).toBe(`claude mcp add --transport http medplum ${mcpUrl}`)
    })
  })

  test('if copying is not allowed, the button selects', async () => {
    await look('/', {}, async ({ page }) => {
      await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }))
      await page.getByRole('button', { name: 'Copy claude mcp add' }).click()
      await page.getByRole('status').filter({ hasText: 'Selected' }).waitFor()
      const selected = await page.evaluate(() => getSelection()?.toString())
      expect(selected).toBe(`claude mcp add --transport http medplum ${mcpUrl}`)
    })
  })

  test('without scripts everything works except the buttons that need them', async () => {
    await look('/', { javaScriptEnabled: false }, async ({ page }) => {
      const copyable = page.locator('pre')
      expect(await copyable.getByText(mcpUrl).first().isVisible()).toBe(true)
      expect(await page.getByText('Not for protected health information').isVisible()).toBe(true)
      expect(await copyable.allTextContents()).toContain(`gemini mcp add -s user --transport http medplum ${mcpUrl}`)
      expect(await page.getByRole('button').count()).toBe(0)
      const link = await page.getByRole('link', { name: 'Add to Cursor' }).getAttribute('href')
      expect(link).toContain('https://cursor.com/en/install-mcp?name=medplum&config=')
    })
  })

  test('an error page links to the home page, also under another host name', async () => {
    const other = worker.url.replace('localhost', '127.0.0.1')
    await look('/nowhere', {}, async ({ page }) => {
      for (const address of [`${worker.url}/nowhere`, `${other}/`]) {
        await page.goto(address)
        expect(await page.evaluate(() => getComputedStyle(document.querySelector('main') as Element).maxWidth)).toBe(
          '608px',
        )
        await page.keyboard.press('Tab')
        await page.keyboard.press('Enter')
        await page.waitForURL(`${worker.url}/`)
      }
    })
  })

  test('the page has names and structure for screen readers', async () => {
    await look('/', {}, async ({ page }) => {
      expect(await page.title()).toBe('Medplum MCP')
      expect(await page.locator('html').getAttribute('lang')).toBe('en')
      expect(await page.getByRole('main').count()).toBe(1)
      expect(await page.getByRole('heading', { level: 1 }).allTextContents()).toEqual(['Medplum for AI assistants'])
      const levels = await page.locator('h1, h2, h3').evaluateAll((all) => all.map(({ tagName }) => Number(tagName[1])))
      expect(levels.every((level, index) => level <= (levels[index - 1] ?? 0) + 1)).toBe(true)
      expect(await page.locator('img:not([alt])').count()).toBe(0)
    })
  })
})
