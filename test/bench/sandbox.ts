// How long the sandbox takes to start: a fresh process that loads its definitions and seeds its clinic.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../programs/worker.ts'

const RUNS = 5
const GOAL_S = 5
const MAIN = fileURLToPath(new URL('../../programs/sandbox.ts', import.meta.url))

/** Prints the median time to ready. */
export async function sandbox(): Promise<void> {
  const times: number[] = []
  for (let run = 0; run < RUNS; run++) times.push(await timeToReady())
  const median = times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN
  console.log(`Sandbox ready   ${(median / 1000).toFixed(2)} s (goal: under ${GOAL_S} s; median of ${RUNS})`)
}

async function timeToReady(): Promise<number> {
  const started = performance.now()
  const child = spawn(process.execPath, [MAIN, '--port', String(await freePort())], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), exited.then(() => Promise.reject(new Error('The sandbox ended')))])
  const time = performance.now() - started
  child.kill()
  await exited
  return time
}
