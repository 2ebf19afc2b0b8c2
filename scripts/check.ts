/** `npm run check`: everything that must hold, one step after the other. A step that hangs is stopped and named. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** The most minutes each step may take: several times what it needs on two cores. */
const STEPS: [minutes: number, command: string][] = [
  [5, 'npm run types'],
  [2, 'npm run lint'],
  [15, 'npm test -- --mode full'],
  [8, 'npm run test:e2e'],
  [4, 'npm run test:hostile'],
  [4, 'npm run test:conformance'],
  [2, 'npm run demo'],
  [4, 'npm run bench -- size'],
  [10, 'npm run test:clients'],
  [4, 'npm ci --prefix evals && tsc -p test/clients && tsc -p test/hosts && tsc -p evals'],
  // The rest of test:faults is part of npm test.
  [4, 'node test/faults/soak.ts --seed 1 --seconds 30'],
  [6, 'npm run bench -- load --brief'],
  [3, 'wrangler deploy --dry-run --outdir dist'],
]

let running: ChildProcess | undefined

/** Ends the running step and everything that it started. */
function stop(): void {
  if (running?.pid !== undefined) process.kill(-running.pid, 'SIGKILL')
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    stop()
    process.exit(1)
  })

for (const [minutes, command] of STEPS) {
  const began = performance.now()
  // In a process group of its own, so that it can be ended whole.
  running = spawn(command, { shell: true, detached: true, stdio: ['ignore', 'inherit', 'inherit'] })
  const timer = setTimeout(stop, minutes * 60_000)
  const [code, signal] = await once(running, 'exit')
  clearTimeout(timer)
  running = undefined
  const seconds = Math.round((performance.now() - began) / 1000)
  console.log(`check: ${command}: ${seconds} s`)
  if (code === 0) continue
  console.error(signal ? `check: ${command} hung: stopped after ${minutes} minutes` : `check: ${command} failed`)
  process.exit(1)
}
