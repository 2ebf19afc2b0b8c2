/**
 * `npm run test:clients`: third-party MCP clients sign in to the running Worker and work with it. docs/clients.md shows the result:
 * `-- --write` writes it there, otherwise a difference is a failure. `-- --only <name>` plays the clients whose name contains it.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { playAll } from './play-all.ts'
import { type Adapter, STEPS } from './scenario.ts'

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false }, only: { type: 'string' } } })
const HERE = fileURLToPath(new URL('.', import.meta.url))
const DOCUMENT = fileURLToPath(new URL('../../docs/clients.md', import.meta.url))
const [BEGIN, END] = ['<!-- clients: begin, by npm run test:clients -- --write -->', '<!-- clients: end -->']

install()
const files = [
  ...['sdk-1', 'client-2', 'inspector', 'mcp-remote', 'ai-sdk', 'langchain', 'openai-agents', 'mastra', 'mcporter'],
]
const modules = await Promise.all(
  files.map(async (file) => ((await import(`./${file}.ts`)) as { adapters: Adapter[] }).adapters),
)
const adapters = modules.flat().filter(({ name }) => name.includes(values.only ?? ''))

const { plays, failed } = await playAll(adapters, version)
const stale = values.only === undefined && failed === 0 && !shown()
if (stale) console.log('docs/clients.md shows another result: npm run test:clients -- --write')
process.exit(failed > 0 || stale ? 1 : 0)

/** Installs the clients, unless the installed packages match the lock file. */
function install(): void {
  const [lock, installed] = [`${HERE}package-lock.json`, `${HERE}node_modules/.matrix-lock.json`]
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(lock, 'utf8')) return
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: HERE,
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error('The clients could not be installed')
  writeFileSync(installed, readFileSync(lock))
}

function version(adapter: Adapter): string {
  const manifest = readFileSync(`${HERE}node_modules/${adapter.package}/package.json`, 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

/** Whether the document shows this result; writes it first, if requested. */
function shown(): boolean {
  const text = readFileSync(DOCUMENT, 'utf8')
  const [before = '', rest = ''] = text.split(BEGIN)
  const [, after = ''] = rest.split(END)
  const fresh = `${before}${BEGIN}\n${table()}\n${END}${after}`
  if (values.write) writeFileSync(DOCUMENT, fresh)
  return values.write || fresh === text
}

function table(): string {
  const rows = plays.map(({ adapter, outcomes }) => {
    const cells = STEPS.map((step) => outcomes[step].remark || 'yes')
    return `| ${[adapter.name, version(adapter), ...cells].join(' | ')} |`
  })
  return [`| client | version | ${STEPS.join(' | ')} |`, `|---|---|${'---|'.repeat(STEPS.length)}`, ...rows].join('\n')
}
