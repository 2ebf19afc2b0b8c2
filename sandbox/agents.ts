/**
 * Agents: programs inside a clinic that pass messages on to its devices. Those that the world names are connected and really
 * send; to all others Medplum gives the same answers as to silence.
 */
import { setTimeout } from 'node:timers/promises'
import { allOk, badRequest, isOk, normalizeOperationOutcome, Operator, type WithId } from '@medplum/core'
import type { FhirRequest, FhirResponse, FhirRouter } from '@medplum/fhir-router'
import type { Agent, BundleEntry, Parameters, ParametersParameter } from '@medplum/fhirtypes'
import type { Listener } from './listener.ts'
import { fail } from './reading.ts'
import { type Records, recordsOf } from './repository.ts'

const DEFAULT_WAIT = 5000
const UPGRADE_WAIT = 45_000
const DEFAULT_LOGS = 20

export class Agents {
  /** How long at most to wait for an agent that isn't connected, in ms. */
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
  async await(agent: WithId<Agent>, timeout = DEFAULT_WAIT): Promise<void> {
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

type Work = (agent: WithId<Agent>, agents: Agents, req: FhirRequest) => Promise<FhirResponse>

/** Reports on one agent, or, without an id, on all of them. */
const OPERATIONS: Record<string, Work> = { 'fetch-logs': fetchLogs, 'reload-config': reloadConfig, upgrade, stats }

export function addAgentOperations(router: FhirRouter): void {
  const one = (path: string, work: Work) =>
    router.add('GET', path, async (req, repo) => {
      const records = recordsOf(repo)
      const { identifier } = req.query
      const agent = await agentFor(records, req.params.id, typeof identifier === 'string' ? identifier : null)
      return work(agent, records.ground.agents, req)
    })
  const all = (path: string, work: Work) => router.add('GET', path, (req, repo) => forAll(work, req, recordsOf(repo)))
  one('Agent/:id/$status', status)
  one('Agent/$status', status)
  all('Agent/$bulk-status', status)
  for (const [code, work] of Object.entries(OPERATIONS)) {
    one(`Agent/:id/$${code}`, work)
    all(`Agent/$${code}`, work)
  }
}

/** @returns the agent with this id or else with this identifier; throws if none of them leads to one */
export async function agentFor(
  records: Records,
  id: string | undefined,
  identifier: string | null,
): Promise<WithId<Agent>> {
  if (id) {
    return records.readResource<Agent>('Agent', id)
  }
  const filters = [{ code: 'identifier', operator: Operator.EXACT, value: identifier ?? '' }]
  const found = identifier ? await records.searchOne<Agent>({ resourceType: 'Agent', filters }) : undefined
  if (!found) {
    throw fail(badRequest('Must specify agent ID or identifier'))
  }
  return found
}

/** One entry for each agent that the caller sees, whether it answered or not. */
async function forAll(work: Work, req: FhirRequest, records: Records): Promise<FhirResponse> {
  const found = await records.searchResources<Agent>({ resourceType: 'Agent', count: 100 })
  if (found.length === 0) {
    return [badRequest('No agent(s) for given query')]
  }
  const entry = await Promise.all(
    found.map(async (agent): Promise<BundleEntry> => {
      const [outcome, parameters] = await work(agent, records.ground.agents, req).catch(
        (error): FhirResponse => [normalizeOperationOutcome(error)],
      )
      const result = isOk(outcome) && parameters ? parameters : outcome
      return {
        resource: answer([
          { name: 'agent', resource: agent },
          { name: 'result', resource: result },
        ]),
      }
    }),
  )
  return [allOk, { resourceType: 'Bundle', type: 'collection', entry }]
}

async function status(agent: WithId<Agent>, agents: Agents): Promise<FhirResponse> {
  const connected = agents.reaches(agent)
  const parameter = [
    { name: 'status', valueCode: connected ? 'connected' : 'unknown' },
    { name: 'version', valueString: connected ? agents.versionOf(agent) : 'unknown' },
  ]
  return [allOk, answer(parameter)]
}

async function fetchLogs(agent: WithId<Agent>, agents: Agents, { query }: FhirRequest): Promise<FhirResponse> {
  await agents.await(agent)
  const valueString = agents.logsOf(agent, Number(query.limit ?? DEFAULT_LOGS))
  return [allOk, answer([{ name: 'logs', valueString }])]
}

async function reloadConfig(agent: WithId<Agent>, agents: Agents): Promise<FhirResponse> {
  await agents.await(agent)
  agents.log(agent, 'Reloaded configuration')
  return [allOk]
}

async function upgrade(agent: WithId<Agent>, agents: Agents, { query }: FhirRequest): Promise<FhirResponse> {
  await agents.await(agent, Number(query.timeout ?? UPGRADE_WAIT))
  agents.upgrade(agent, String(query.version ?? agents.versionOf(agent)))
  return [allOk]
}

async function stats(agent: WithId<Agent>, agents: Agents): Promise<FhirResponse> {
  await agents.await(agent)
  const valueString = JSON.stringify({ live: true, hl7ConnectionsOpen: 0, hl7QueueDepth: 0, webSocketQueueDepth: 0 })
  return [allOk, answer([{ name: 'stats', valueString }])]
}

function answer(parameter: ParametersParameter[]): Parameters {
  return { resourceType: 'Parameters', parameter }
}
