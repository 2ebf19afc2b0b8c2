// Checks a page's accessibility with axe-core, its contrast and its width, and, if SCREENSHOTS is set, takes a picture for docs/images.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { BrowserContextOptions, Frame, Page } from 'playwright-core'
import { expect } from 'vitest'
import { measureContrast } from './contrast.ts'

const SCREENS = new URL('../../docs/images/', import.meta.url)
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** How each page is looked at. */
export const LOOKS: [string, BrowserContextOptions][] = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['narrow', { viewport: { width: 320, height: 640 } }],
]

/** @param picture the picture's name, without its ending */
export async function look(page: Page, picture?: string): Promise<void> {
  if (picture !== undefined && process.env.SCREENSHOTS) {
    await page.screenshot({ path: new URL(`${picture}.png`, SCREENS).pathname, fullPage: true })
  }
  await judge(page, picture)
}

/** The same for a page within a page, without a picture. */
export async function judge(page: Page | Frame, picture?: string): Promise<void> {
  const { faint } = await page.evaluate(measureContrast)
  expect(faint, picture).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), picture).toBeLessThanOrEqual(0)
  await page.evaluate(axe)
  const violations = await page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ")))',
  )
  expect(violations, picture).toEqual([])
}
