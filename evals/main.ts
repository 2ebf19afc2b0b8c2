/**
 * `npm run eval -- --model provider/name`: a model does the tasks in the sandbox's clinic; docs/evals.md explains the table.
 * `-- --only <text>` runs only the tasks whose name or kind contains the text; `-- --out <file>` writes the table to the file.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { table } from './outcome.ts'
import { openWorld, runAll } from './run.ts'
import { TASKS } from './tasks.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const { values } = parseArgs({
  options: { model: { type: 'string' }, only: { type: 'string', default: '' }, out: { type: 'string' } },
})
const tasks = TASKS.filter(({ id, kind }) => `${kind} ${id}`.includes(values.only))
if (values.model === undefined || tasks.length === 0) {
  console.error('npm run eval -- --model provider/name [--only text] [--out file]')
  process.exit(1)
}
install()
try {
  await run(values.model)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function run(name: string): Promise<void> {
  const { aiSdkModel } = await import('./ai-sdk.ts')
  const model = await aiSdkModel(name)
  const world = await openWorld()
  try {
    const outcomes = await runAll(model, tasks, world, (line) => console.log(line))
    const text = `${name}\n\n${table(outcomes)}\n`
    console.log(`\n${text}`)
    if (values.out !== undefined) writeFileSync(values.out, text)
  } finally {
    await world.close()
  }
}

/** Installs the AI SDK, unless the installed packages match the lock file. */
function install(): void {
  const [lock, installed] = [`${HERE}package-lock.json`, `${HERE}node_modules/.evals-lock.json`]
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(lock, 'utf8')) return
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: HERE,
    shell: process.platform === 'win32',
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
  writeFileSync(installed, readFileSync(lock))
}
