/** The MCP Inspector's web page, in Chromium: its person signs in, chooses a tool, writes its arguments and presses the button. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../programs/worker.ts'
import { SANDBOX_USERS } from '../../sandbox/ground/people.ts'

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
    const env = { ...home.env(), MCP_AUTO_OPEN_ENABLED: 'false', CLIENT_PORT: String(await freePort()) }
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
    await page.locator('label', { hasText: /^Tools$/ }).click()
    return {
      tools: () => page.locator('main button p:nth-of-type(2)').allInnerTexts(),
      async call(name, args) {
        const closing = page.getByRole('button', { name: 'Close results' })
        if (await closing.isVisible()) await closing.click()
        await page.getByRole('button', { name }).last().click()
        const asJson = page.getByRole('switch', { name: 'Edit as JSON' })
        const execute = page.getByRole('button', { name: 'Execute Tool' })
        await execute.waitFor()
        if (Object.keys(args).length > 0) {
          if (!(await asJson.isChecked())) await page.locator('label', { hasText: 'Edit as JSON' }).click()
          await page.getByRole('textbox', { name: /^Arguments JSON/ }).focus()
          await page.keyboard.press('Control+A')
          await page.keyboard.insertText(JSON.stringify(args))
        }
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
      kept: () => home.kept(),
      async close() {
        await browser.close()
        child.kill()
        await home.remove()
      },
    }
  },
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
