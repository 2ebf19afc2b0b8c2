/**
 * `npm run test:hosts`: MCP host applications sign in to the running Worker and follow a scripted model. docs/hosts.md shows the result:
 * `-- --write` writes it there. `-- --only <name>` runs, and writes, those whose name contains it.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { playAll } from '../clients/play-all.ts'
import { Home } from '../clients/program.ts'
import { type Adapter, type Opened, STEPS, type Step } from '../clients/scenario.ts'
import { cloudflareAgents } from './cloudflare-agents.ts'
import { inspectorWeb } from './inspector-web.ts'
import { NOTHING, startModel } from './model.ts'
import { type Program, programs } from './programs.ts'
import { useMcp } from './use-mcp.ts'

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false }, only: { type: 'string' } } })
const HERE = fileURLToPath(new URL('.', import.meta.url))
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const DOCUMENT = fileURLToPath(new URL('../../docs/hosts.md', import.meta.url))
const [BEGIN, END] = ['<!-- hosts: begin, by npm run test:hosts -- --write -->', '<!-- hosts: end -->']

/** Hosts that this command does not test, and why. */
const NOT_TESTED = [
  [
    'Copilot CLI',
    '1.0.102',
    'by hand: yes; without a keychain, its next process is signed out, so nothing else can be tested here',
  ],
  ['Qwen Code', '0.24.4', 'by hand: `/mcp`, Authenticate starts the sign-in; the test cannot drive this terminal menu'],
]

install()
const ADAPTERS = [...programs.map(adapterOf), inspectorWeb, cloudflareAgents, useMcp]
const adapters = ADAPTERS.filter(({ name }) => name.includes(values.only ?? ''))
const { plays, failed } = await playAll(adapters, (adapter) => version(adapter.package))
if (values.write && failed === 0) {
  const [before = '', rest = ''] = readFileSync(DOCUMENT, 'utf8').split(BEGIN)
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n${table()}\n${END}${rest.split(END)[1]}`)
}
process.exit(failed > 0 ? 1 : 0)

function adapterOf(program: Program): Adapter {
  const { name, package: folder, asks } = program
  const noProgress = 'progress is not shown to its model'
  return { name, package: folder, noProgress, ...(asks && { asks }), open: (to) => open(program, to) }
}

/** Signs a host in; each call is a turn of its model. */
async function open(program: Program, mcpUrl: string): Promise<Opened> {
  const [home, model] = [await Home.create(), await startModel()]
  const running = { home, mcpUrl, modelUrl: model.url }
  const printed = await program.signIn(running)
  await home.kept().catch(() => {
    throw new Error(`not signed in: ${printed}`)
  })
  const call = async (tool: string, args: object) => {
    model.next = { tool, args }
    model.offered = []
    const text = await program.prompt(running)
    if (model.offered.length === 0) throw new Error(`the model was not asked: ${text}`)
    if (text.includes(NOTHING)) throw new Error(`${tool} was not offered to the model: ${text}`)
    return { isError: /HTTP 4\d\d/.test(text), text }
  }
  return {
    tools: async () => {
      await call('whoami', {})
      return model.offered.map((name) => /(?:fhir-|whoami|search|fetch)[a-z]*$/.exec(name)?.[0] ?? name)
    },
    call,
    ...(program.ages && { age: () => home.age() }),
    kept: () => home.kept(),
    close: async () => {
      model.close()
      await home.remove()
    },
  }
}

/**
 * Installs the hosts, unless the installed packages match the lock file. Not by `npm ci`: it refuses a lock without the optional packages
 * of other platforms, which registries don't all have.
 */
function install(): void {
  const [lock, installed] = [`${HERE}package-lock.json`, `${HERE}node_modules/.matrix-lock.json`]
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(lock, 'utf8')) return
  const { status } = spawnSync('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: HERE,
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error('The hosts could not be installed')
  writeFileSync(installed, readFileSync(lock))
}

function version(name: string): string {
  const folders = [HERE, ROOT].map((folder) => `${folder}node_modules/${name}/package.json`)
  const manifest = readFileSync(folders.find((path) => existsSync(path)) ?? '', 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

/** A row for each host; of one that isn't played now, the row that the document has. */
function table(): string {
  const written = readFileSync(DOCUMENT, 'utf8').split('\n')
  const rows = ADAPTERS.flatMap(({ name, package: folder }) => {
    const play = plays.find(({ adapter }) => adapter.name === name)
    if (!play) return written.find((line) => line.startsWith(`| ${name} |`)) ?? []
    return row(name, version(folder), (step) => play.outcomes[step].remark || 'yes')
  })
  for (const [name = '', version = '', reason = ''] of NOT_TESTED) {
    rows.push(row(name, version, (_, at) => (at === 0 ? reason : 'not tested')))
  }
  return [`| host | version | ${STEPS.join(' | ')} |`, `|---|---|${'---|'.repeat(STEPS.length)}`, ...rows].join('\n')
}

function row(name: string, version: string, cell: (step: Step, at: number) => string): string {
  return `| ${[name, version, ...STEPS.map(cell)].join(' | ')} |`
}
