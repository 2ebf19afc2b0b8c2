/** The sandbox's FHIR operations. Any other `$…` is "Not found", as in Medplum. */
import { randomBytes } from 'node:crypto'
import { allOk, badRequest, forbidden } from '@medplum/core'
import type { FhirRequest, FhirResponse, FhirRouter } from '@medplum/fhir-router'
import type {
  ClientApplication,
  ParametersParameter,
  Project,
  ProjectMembership,
  Reference,
  Resource,
} from '@medplum/fhirtypes'
import { COST } from '../core/ratelimit.ts'
import { addBinaryOperations } from '../http/binary.ts'
import { addJobOperations } from '../http/jobs.ts'
import { paramOf, type Records, recordsOf } from '../records/repository.ts'
import { addAgentOperations } from './agents.ts'
import { addBotOperations } from './bots.ts'
import { addClaimSubmission } from './custom.ts'
import { addGraph } from './graph.ts'
import { inputOf, parametersOf } from './parameters.ts'
import { addPatientOperations } from './patients.ts'
import { addScheduling } from './scheduling.ts'
import { addTerminology } from './terminology.ts'

export function addOperations(router: FhirRouter): void {
  addBinaryOperations(router)
  addBotOperations(router)
  addJobOperations(router)
  addPatientOperations(router)
  addTerminology(router)
  addGraph(router)
  addScheduling(router)
  addClaimSubmission(router)
  addAgentOperations(router)
  router.add('POST', ':resourceType/$validate', (req, repo) => validate(req, recordsOf(repo)))
  router.add('POST', ':resourceType/:id/$expunge', async (req, repo) => {
    const everything = req.query.everything === 'true'
    return [recordsOf(repo).expunge(paramOf(req, 'resourceType'), paramOf(req, 'id'), everything)]
  })
  router.add('GET', 'Project/:id/$rate-limits', (req, repo) => rateLimits(req, recordsOf(repo)))
  router.add('POST', 'ClientApplication/:id/$rotate-secret', (req, repo) => rotateSecret(req, recordsOf(repo)))
  router.add('POST', ':resourceType/:id/$reindex', async (_, repo) => [
    recordsOf(repo).access.caller.superAdmin ? allOk : forbidden,
  ])
}

/** Replaces the secret, if the caller sends the current one, or removes the retiring secret, if the caller sends that one. */
async function rotateSecret(req: FhirRequest, records: Records): Promise<FhirResponse> {
  if (!records.access.administers) {
    return [forbidden]
  }
  const { secret, retiringSecret } = inputOf(req)
  if (!secret === !retiringSecret) {
    const what = secret ? 'Only one secret can be rotated at a time' : 'Secret to rotate must be provided'
    return [badRequest(what)]
  }
  const client = await records.readResource<ClientApplication>('ClientApplication', paramOf(req, 'id'))
  if (secret ? secret !== client.secret : retiringSecret !== client.retiringSecret) {
    return [badRequest('Provided secret does not match client')]
  }
  const { retiringSecret: _, ...rest } = client
  const rotated = { ...rest, secret: randomBytes(32).toString('hex'), retiringSecret: String(secret) }
  return [allOk, await records.updateResource<ClientApplication>(secret ? rotated : rest)]
}

/** The FHIR quota of a project and of those memberships that used any of it this minute. */
async function rateLimits(req: FhirRequest, records: Records): Promise<FhirResponse> {
  if (!records.access.administers) {
    return [forbidden]
  }
  const project = await records.readResource<Project>('Project', paramOf(req, 'id'))
  records.consume(COST.search)
  const members = records.all<ProjectMembership>('ProjectMembership').flatMap((membership) => {
    const state = records.context.limits.stateOf(project, membership.id)
    return state ? [{ membership, state }] : []
  })
  const consumed = members.reduce((sum, { state }) => sum + state.consumedPoints, 0)
  const limit = 10 * records.context.limits.quotaOf(project)
  const msBeforeReset = Math.max(...members.map(({ state }) => state.msBeforeReset))
  const parameter: ParametersParameter[] = [
    {
      name: 'project',
      part: [
        { name: 'id', valueString: project.id },
        ...numbers({ limit, consumedPoints: consumed, remainingPoints: limit - consumed, msBeforeReset }),
      ],
    },
    ...members.map(({ membership, state }) => ({
      name: 'membership',
      part: [
        { name: 'membershipId', valueString: membership.id },
        ...(membership.profile ? [{ name: 'profile', valueReference: membership.profile as Reference }] : []),
        ...numbers({ ...state }),
      ],
    })),
  ]
  return [allOk, parametersOf(parameter)]
}

function numbers(values: Record<string, number>): ParametersParameter[] {
  return Object.entries(values).map(([name, valueInteger]) => ({ name, valueInteger }))
}

/** As in Medplum, validates the body itself by its own type: the type in the path is ignored, and Parameters aren't unwrapped. */
async function validate(req: FhirRequest, records: Records): Promise<FhirResponse> {
  records.validate(req.body as Resource)
  return [allOk]
}
