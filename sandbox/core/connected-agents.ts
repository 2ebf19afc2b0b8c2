/** The agents that are connected, what they received, and what they log. */
import { setTimeout } from 'node:timers/promises'
import { badRequest, type WithId } from '@medplum/core'
import type { Agent } from '@medplum/fhirtypes'
import { fail } from './answers.ts'
import type { Listener } from './listener.ts'

const DEFAULT_WAIT_MS = 5000

export class Agents {
  /** Maximum wait for an agent that isn't connected, in ms. */
  waitMs: number
  private readonly listener: Listener
  private readonly now: () => number
  private readonly connected: string[]
  private versions = new Map<string, string>()
  private logs: { agent: string; level: 'INFO' | 'ERROR'; timestamp: string; msg: string }[] = []

  constructor(listener: Listener, now: () => number, connected: string[], waitMs: number) {
    this.listener = listener
    this.now = now
    this.connected = connected
    this.waitMs = waitMs
  }

  clear(): void {
    this.listener.messages.length = 0
    this.versions.clear()
    this.logs = []
  }

  get received(): Listener['messages'] {
    return this.listener.messages
  }

  reaches({ id }: WithId<Agent>): boolean {
    return this.connected.includes(id)
  }

  /** Waits for an agent as Medplum does; throws "Timeout" if it isn't connected. */
  async waitFor(agent: WithId<Agent>, timeout = DEFAULT_WAIT_MS): Promise<void> {
    if (!this.reaches(agent)) {
      await setTimeout(Math.min(timeout, this.waitMs))
      throw fail(badRequest('Timeout'))
    }
  }

  log({ id }: WithId<Agent>, msg: string, level: 'INFO' | 'ERROR' = 'INFO'): void {
    this.logs.push({ agent: id, level, timestamp: new Date(this.now()).toISOString(), msg })
  }

  logsOf({ id }: WithId<Agent>, limit: number): string {
    const own = this.logs.filter((one) => one.agent === id).slice(-limit)
    return own.map(({ agent: _, ...line }) => JSON.stringify(line)).join('\n')
  }

  versionOf({ id }: WithId<Agent>): string {
    return this.versions.get(id) ?? '5.1.17'
  }

  upgrade(agent: WithId<Agent>, version: string): void {
    this.versions.set(agent.id, version)
    this.log(agent, `Upgraded to ${version}`)
  }
}
