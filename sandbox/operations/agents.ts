/**
 * Agents: programs inside a clinic that pass messages on to its devices. The agents that the world lists are connected and really
 * send; for any other the sandbox answers as Medplum does when an agent doesn't respond.
 */

import { allOk, badRequest, isOk, normalizeOperationOutcome, type WithId } from '@medplum/core'
import type { FhirRequest, FhirResponse, FhirRouter } from '@medplum/fhir-router'
import type { Agent, BundleEntry } from '@medplum/fhirtypes'
import { fail } from '../core/answers.ts'
import type { Agents } from '../core/connected-agents.ts'

import { type Records, recordsOf } from '../records/repository.ts'
import { parametersOf } from './parameters.ts'

const UPGRADE_WAIT_MS = 45_000
const DEFAULT_LOGS = 20

type AgentOperation = (agent: WithId<Agent>, agents: Agents, req: FhirRequest) => Promise<FhirResponse>

/** Operations on one agent, or, without an id, on all agents. */
const OPERATIONS: Record<string, AgentOperation> = {
  'fetch-logs': fetchLogs,
  'reload-config': reloadConfig,
  upgrade,
  stats,
}

export function addAgentOperations(router: FhirRouter): void {
  const one = (path: string, work: AgentOperation) =>
    router.add('GET', path, async (req, repo) => {
      const records = recordsOf(repo)
      const { identifier } = req.query
      const agent = await agentFor(records, req.params.id, typeof identifier === 'string' ? identifier : null)
      return work(agent, records.context.agents, req)
    })
  const all = (path: string, work: AgentOperation) =>
    router.add('GET', path, (req, repo) => forAll(work, req, recordsOf(repo)))
  one('Agent/:id/$status', status)
  one('Agent/$status', status)
  all('Agent/$bulk-status', status)
  for (const [code, work] of Object.entries(OPERATIONS)) {
    one(`Agent/:id/$${code}`, work)
    all(`Agent/$${code}`, work)
  }
}

/** @returns the agent with this id or else with this identifier; throws if there is none */
export async function agentFor(
  records: Records,
  id: string | undefined,
  identifier: string | null,
): Promise<WithId<Agent>> {
  const agent = await records.byIdOrIdentifier<Agent>('Agent', id, identifier)
  if (!agent) {
    throw fail(badRequest('Must specify agent ID or identifier'))
  }
  return agent
}

/** Runs an operation on every agent that the caller may see: one entry for each, even for those that don't respond. */
async function forAll(work: AgentOperation, req: FhirRequest, records: Records): Promise<FhirResponse> {
  const found = await records.searchResources<Agent>({ resourceType: 'Agent', count: 100 })
  if (found.length === 0) {
    return [badRequest('No agent(s) for given query')]
  }
  const entry = await Promise.all(
    found.map(async (agent): Promise<BundleEntry> => {
      const [outcome, parameters] = await work(agent, records.context.agents, req).catch(
        (error): FhirResponse => [normalizeOperationOutcome(error)],
      )
      const result = isOk(outcome) && parameters ? parameters : outcome
      return {
        resource: parametersOf([
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
  return [allOk, parametersOf(parameter)]
}

async function fetchLogs(agent: WithId<Agent>, agents: Agents, { query }: FhirRequest): Promise<FhirResponse> {
  await agents.waitFor(agent)
  const valueString = agents.logsOf(agent, Number(query.limit ?? DEFAULT_LOGS))
  return [allOk, parametersOf([{ name: 'logs', valueString }])]
}

async function reloadConfig(agent: WithId<Agent>, agents: Agents): Promise<FhirResponse> {
  await agents.waitFor(agent)
  agents.log(agent, 'Reloaded configuration')
  return [allOk]
}

async function upgrade(agent: WithId<Agent>, agents: Agents, { query }: FhirRequest): Promise<FhirResponse> {
  await agents.waitFor(agent, Number(query.timeout ?? UPGRADE_WAIT_MS))
  agents.upgrade(agent, String(query.version ?? agents.versionOf(agent)))
  return [allOk]
}

async function stats(agent: WithId<Agent>, agents: Agents): Promise<FhirResponse> {
  await agents.waitFor(agent)
  const valueString = JSON.stringify({ live: true, hl7ConnectionsOpen: 0, hl7QueueDepth: 0, webSocketQueueDepth: 0 })
  return [allOk, parametersOf([{ name: 'stats', valueString }])]
}
