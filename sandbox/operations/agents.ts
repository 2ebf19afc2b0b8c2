/**
 * Agents: programs inside a clinic that pass messages on to its devices. Those that the world names are connected and really
 * send; to all others Medplum gives the same answers as to silence.
 */

import { allOk, badRequest, isOk, normalizeOperationOutcome, Operator, type WithId } from '@medplum/core'
import type { FhirRequest, FhirResponse, FhirRouter } from '@medplum/fhir-router'
import type { Agent, BundleEntry, Parameters, ParametersParameter } from '@medplum/fhirtypes'
import { fail } from '../ground/answers.ts'
import type { Agents } from '../ground/connected-agents.ts'

import { type Records, recordsOf } from '../records/repository.ts'

const UPGRADE_WAIT = 45_000
const DEFAULT_LOGS = 20

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

/** @returns the agent with this id or else with this identifier; throws if there is none */
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
