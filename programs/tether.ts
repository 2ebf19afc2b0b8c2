/**
 * Loaded into wrangler's process (`--import`): when the process that started it ends, for whatever reason, the channel between them closes,
 * and wrangler ends with everything that it started. Works the same on every system.
 */
import type { ChildProcess } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'

/** Reported to the process that started this one, so that it can clean up if this one is killed. */
export interface Tethered {
  tethered: number[]
}

const children = new Set<ChildProcess>()

function tell(): void {
  const tethered = [...children].flatMap(({ pid }) => pid ?? [])
  if (process.connected) process.send?.({ tethered } satisfies Tethered)
}

subscribe('child_process', (message) => {
  const { process: child } = message as { process: ChildProcess }
  child.once('spawn', () => {
    children.add(child)
    tell()
  })
  child.once('exit', () => {
    children.delete(child)
    tell()
  })
})

process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})
process.once('disconnect', () => process.exit())
