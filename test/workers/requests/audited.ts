// What is logged, line by line.
import { afterEach, beforeEach, vi } from 'vitest'
import { sandbox } from '../world/world.ts'

type Line = Record<string, unknown>

export let logged: string[]

export const lines = (event: string): Line[] =>
  logged
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []))
    .filter((one) => one.event === event)

/** Hooks for a file of these tests. */
export function setUp(): void {
  beforeEach(() => {
    logged = []
    for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      vi.spyOn(console, level).mockImplementation((...args) => {
        logged.push(args.map(String).join(' '))
      })
    }
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await sandbox.clearFaults()
  })
}
