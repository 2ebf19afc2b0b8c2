/**
 * `npm run check`: runs all checks. Steps that mostly wait run in parallel; each of these prints its output when it ends. A step that hangs
 * is stopped and named.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A command, and the minutes after which it is stopped: several times what it needs on two cores. */
type Step = [minutes: number, command: string]

/** The lines run one after the other; the steps of one line run in parallel. */
const STEPS: Step[][] = [
  [[5, 'npm run types']],
  [[2, 'npm run lint']],
  [[15, 'npm test -- --mode full']],
  [[8, 'npm run test:e2e']],
  [
    [4, 'npm run test:hostile'],
    [4, 'npm run test:conformance'],
  ],
  [[2, 'npm run demo']],
  [[4, 'npm run bench -- size']],
  [
    [10, 'npm run test:clients'],
    // The rest of test:faults is part of npm test.
    [4, 'node test/faults/soak.ts --seed 1 --seconds 30'],
    [4, 'npm ci --prefix evals'],
  ],
  // The clients and the evals are installed now.
  [[2, 'tsc -p test/clients && tsc -p test/hosts && tsc -p evals']],
  [[6, 'npm run bench -- load --brief']],
  [[3, 'wrangler deploy --dry-run --outdir dist']],
]

const running = new Set<ChildProcess>()

/** Ends a step and everything that it started. */
function stop({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL')
}

function end(): never {
  for (const child of running) stop(child)
  process.exit(1)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)

async function run([minutes, command]: Step, isAlone: boolean): Promise<void> {
  const began = performance.now()
  const output = isAlone ? 'inherit' : 'pipe'
  // In its own process group, so that all of it can be ended.
  const child = spawn(command, { shell: true, detached: true, stdio: ['ignore', output, output] })
  running.add(child)
  const said: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => said.push(chunk))
  const timer = setTimeout(stop, minutes * 60_000, child)
  const [code, signal] = await once(child, 'close')
  clearTimeout(timer)
  running.delete(child)
  process.stdout.write(Buffer.concat(said))
  const seconds = Math.round((performance.now() - began) / 1000)
  console.log(`check: ${command}: ${seconds} s`)
  if (code === 0) return
  console.error(signal ? `check: ${command} hung: stopped after ${minutes} minutes` : `check: ${command} failed`)
  end()
}

for (const line of STEPS) await Promise.all(line.map((step) => run(step, line.length === 1)))
