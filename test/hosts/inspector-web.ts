/** The MCP Inspector's web page, in Chromium: its person signs in, chooses a tool, writes its arguments and presses the button. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { freePort } from '../../programs/worker.ts'
import { PATIENT_IDS } from '../../sandbox/clinic/people.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'

import { Home } from '../clients/program.ts'
import type { Adapter } from '../clients/scenario.ts'
import { launch, logIn } from '../e2e/browser.ts'

const PACKAGE = '@modelcontextprotocol/inspector'
const SCRIPT = fileURLToPath(new URL(`node_modules/${PACKAGE}/clients/launcher/build/index.js`, import.meta.url))

export const inspectorWeb: Adapter = {
  name: 'MCP Inspector, web',
  package: PACKAGE,
  noProgress: 'progress is not shown beside the result',
  asks: true,
  async open(mcpUrl) {
    const home = await Home.create()
    const ports = { CLIENT_PORT: String(await freePort()), MCP_SANDBOX_PORT: String(await freePort()) }
    const env = { ...home.env(), MCP_AUTO_OPEN_ENABLED: 'false', ...ports }
    const child = spawn(process.execPath, [SCRIPT, '--web', '--transport', 'http', '--server-url', mcpUrl], {
      cwd: home.path,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const address = await printedAddress(child)
    const browser = await launch()
    const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } })
    await page.goto(address)
    await page.getByRole('switch', { name: /^Connect or disconnect/ }).click({ force: true })
    await page.getByRole('radio').last().check()
    await page.getByRole('button', { name: 'Allow and sign in' }).click()
    await logIn(page, SANDBOX_USERS.alice)
    await page.getByText('Connected', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Close monitoring sidebar' }).click()
    await openTab(page, 'Tools')
    return {
      tools: () => page.locator('main button p:nth-of-type(2)').allInnerTexts(),
      async call(name, args) {
        const closing = page.getByRole('button', { name: 'Close results' })
        if (await closing.isVisible()) await closing.click()
        await page.getByRole('button', { name }).last().click()
        const execute = page.getByRole('button', { name: 'Execute Tool' })
        await execute.waitFor()
        if (Object.keys(args).length > 0) await writeArguments(page, args)
        await execute.click()
        const results = page.getByRole('heading', { name: 'Results' })
        const question = page.getByRole('dialog').getByRole('button', { name: /^(Submit|Accept)/ })
        await results.or(question).first().waitFor({ timeout: 30_000 })
        if (await question.isVisible()) {
          await question.click()
          await results.waitFor()
        }
        const text = ((await page.locator('main').textContent()) ?? '').split('Results').at(-1) ?? ''
        return { isError: /HTTP 4\d\d/.test(text), text }
      },
      draw: () => draw(page),
      kept: () => home.kept(),
      async close() {
        await browser.close()
        child.kill()
        await home.remove()
      },
    }
  },
}

async function writeArguments(page: Page, args: object): Promise<void> {
  const asJson = page.getByRole('switch', { name: 'Edit as JSON' })
  if (!(await asJson.isChecked())) await page.locator('label', { hasText: 'Edit as JSON' }).click()
  await page.getByRole('textbox', { name: /^Arguments JSON/ }).focus()
  await page.keyboard.press('Control+A')
  await page.keyboard.insertText(JSON.stringify(args))
}

/** Opens a view among the page's apps, in its sandbox, and clicks in it: the click calls a tool. */
async function draw(page: Page): Promise<string> {
  try {
    await openTab(page, 'Apps')
    // Among the tools, which fade away, it has no description.
    await page.getByRole('button', { name: /^Show records as a view Draws/ }).click()
    await writeArguments(page, { view: 'trend', patient: `Patient/${PATIENT_IDS.diabetic}`, codes: ['4548-4'] })
    await page.getByTestId('open-app').click()
    await page.locator('[data-testid=apps-form][data-app-status=ready]').waitFor()
    // The page puts a frame of another origin around the view's.
    const view = page.getByTestId('apps-form').locator('iframe').contentFrame().locator('iframe').contentFrame()
    await view.getByRole('heading', { name: 'Trend Marisol Vega-Castillo' }).waitFor()
    await view.locator('.marks circle').last().click()
    await view.getByText(/^HbA1c [\d.,]+ %, high/).waitFor()
    await view.getByRole('button', { name: 'Details' }).click()
    await view.locator('pre.record').getByText('Value: ').waitFor()
    await openTab(page, 'Protocol')
    await page.locator('main').getByText('fetch', { exact: true }).waitFor()
    return 'yes; draws `show`'
  } finally {
    await openTab(page, 'Tools')
  }
}

async function openTab(page: Page, name: string): Promise<void> {
  await page.locator('label', { hasText: new RegExp(`^${name}$`) }).click()
}

/** The page's address, with the token that lets a browser in. */
async function printedAddress(child: ChildProcess): Promise<string> {
  let printed = ''
  for (;;) {
    const [address] = /http:\/\/127\.0\.0\.1:\d+\?MCP_INSPECTOR_API_TOKEN=\w+(?=\s)/.exec(printed) ?? []
    if (address !== undefined) return address
    if (!child.stdout) throw new Error('The Inspector prints nothing')
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
    printed += chunk
  }
}
