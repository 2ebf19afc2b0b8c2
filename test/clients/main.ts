/**
 * `npm run test:clients`: third-party MCP clients sign in to the running Worker and work with it. docs/clients.md shows the result:
 * `-- --write` writes it there, otherwise a difference is a failure. `-- --only <name>` plays the clients whose name contains it.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { freePort, startWorker } from '../../programs/worker.ts'
import { startSandbox } from '../../sandbox/server.ts'
import { SANDBOX_CLIENT_ID } from '../../sandbox/world.ts'
import { startFront } from './front.ts'
import { type Adapter, LONG_MS, Play, STEPS, together } from './scenario.ts'

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false }, only: { type: 'string' } } })
const HERE = fileURLToPath(new URL('.', import.meta.url))
const DOCUMENT = fileURLToPath(new URL('../../docs/clients.md', import.meta.url))
const [BEGIN, END] = ['<!-- clients: begin, by npm run test:clients -- --write -->', '<!-- clients: end -->']

install()
const files = [
  'sdk-1',
  'client-2',
  'inspector',
  'mcp-remote',
  'ai-sdk',
  'langchain',
  'openai-agents',
  'mastra',
  'mcporter',
]
const modules = await Promise.all(
  files.map(async (file) => ((await import(`./${file}.ts`)) as { adapters: Adapter[] }).adapters),
)
const adapters = modules.flat().filter(({ name }) => name.includes(values.only ?? ''))

const [port, target] = [await freePort(), await freePort()]
const sandbox = await startSandbox({ redirectUris: [`http://localhost:${port}/oauth/callback`], jobMs: LONG_MS })
const state = await mkdtemp(join(tmpdir(), 'medplum-mcp-clients-'))
const url = `http://localhost:${port}`
const vars = { MEDPLUM_BASE_URL: sandbox.baseUrl, MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID, PUBLIC_URL: url }
const start = () => startWorker({ port: target, state, vars })
let worker = await start()
const front = await startFront(port, target)
const plays = adapters.map((adapter) => new Play(adapter, { mcpUrl: `${url}/mcp`, expire: front.expire }))
try {
  await together(plays, (play) => play.begin())
  await worker.stop()
  worker = await start()
  await together(plays, (play) => play.end())
} finally {
  front.close()
  await worker.stop()
  await sandbox.close()
  await rm(state, { recursive: true, force: true })
}
for (const { adapter, outcomes } of plays) {
  console.log(`${adapter.name} ${version(adapter)}`)
  for (const step of STEPS) {
    const { passed, remark } = outcomes[step]
    console.log(`  ${step}: ${passed ? 'passed' : 'FAILED'}${remark && ` (${remark})`}`)
  }
}

const all = plays.flatMap(({ outcomes }) => Object.values(outcomes))
const failed = all.filter(({ passed }) => !passed).length
const stale = values.only === undefined && failed === 0 && !shown()
if (stale) console.log('docs/clients.md shows another result: npm run test:clients -- --write')
console.log(`${all.length - failed} passed, ${failed} failed`)
process.exit(failed > 0 || stale ? 1 : 0)

/** Installs the clients unless what is installed is what the lock says. */
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

/** Whether the document shows this result, after writing it if that was asked for. */
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
