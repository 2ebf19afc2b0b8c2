// Shows a view in a browser, by a host on the official bridge.
import { build } from 'esbuild'
import type { Frame, Page } from 'playwright-core'
import type { Shown } from '../../src/tools/show/shown.ts'

export const NARROW = { viewport: { width: 320, height: 640 } }

export interface Result {
  content: { type: string; text: string }[]
  structuredContent?: Shown
  isError?: boolean
}

interface Seen {
  page: Page
  view: Frame
  calls: { name: string; arguments: Record<string, unknown> }[]
  said: unknown[]
  opened: unknown[]
  /** What went wrong within: errors, dialogs, requests to anywhere. */
  wrong: string[]
}

/** Shows a result in the view of this HTML, in a host's page. */
export type Host = (page: Page, html: string, result: unknown, context?: object) => Promise<Seen>

/** @param callTool what a view's calls of tools lead to */
export async function buildHost(callTool: (name: string, args: object) => Promise<unknown>): Promise<Host> {
  const entry = new URL('view-host.ts', import.meta.url).pathname
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'iife',
    logLevel: 'error',
  })
  const script = outputFiles[0]?.text ?? ''
  return async (page, html, result, context = {}) => {
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
    await page.evaluate(([view, given, answer]) => window.show(view as string, given as never, answer as never), [
      html,
      context,
      result,
    ] as const)
    const view = page.frames()[1]
    if (!view) throw new Error('No frame')
    await view.waitForSelector('html:not([data-view=loading])')
    return { ...seen, view }
  }
}
