/** The FHIR operations that the sandbox knows. Every other `$…` is "Not found", as an unknown one is in Medplum. */
import { allOk, badRequest, forbidden, validateResource } from '@medplum/core'
import type { FhirRequest, FhirResponse, FhirRouter } from '@medplum/fhir-router'
import type { Bundle, Parameters, Patient, Resource } from '@medplum/fhirtypes'
import { addBinaryOperations } from './binary.ts'
import { addBotOperations } from './bots.ts'
import { addJobOperations } from './jobs.ts'
import { paramOf, type Records, recordsOf } from './repository.ts'

export function addOperations(router: FhirRouter): void {
  addBinaryOperations(router)
  addBotOperations(router)
  addJobOperations(router)
  router.add('POST', ':resourceType/$validate', (req) => validate(req))
  router.add('GET', 'Patient/:id/$everything', (req, repo) => everything(req, recordsOf(repo)))
  router.add('POST', 'Patient/:id/$everything', (req, repo) => everything(req, recordsOf(repo)))
  router.add('POST', ':resourceType/:id/$expunge', async (req, repo) => [
    recordsOf(repo).expunge(paramOf(req, 'resourceType'), paramOf(req, 'id')),
  ])
  router.add('POST', ':resourceType/:id/$reindex', async (_, repo) => [
    recordsOf(repo).access.caller.superAdmin ? allOk : forbidden,
  ])
}

async function validate(req: FhirRequest): Promise<FhirResponse> {
  const body = req.body as Resource
  const resource = body.resourceType === 'Parameters' ? namedResource(body, 'resource') : body
  if (!resource || resource.resourceType !== req.params.resourceType) {
    return [badRequest('Incorrect resource type')]
  }
  validateResource(resource)
  return [allOk]
}

function namedResource(parameters: Parameters, name: string): Resource | undefined {
  return parameters.parameter?.find((one) => one.name === name)?.resource
}

async function everything(req: FhirRequest, records: Records): Promise<FhirResponse> {
  const patient = await records.readResource<Patient>('Patient', paramOf(req, 'id'))
  const asked = req.method === 'POST' ? postedTypes(req.body) : req.query._type
  if (typeof asked === 'string') {
    // A single value in a GET breaks Medplum 5.1.17; two values work.
    return [badRequest('types.push is not a function')]
  }
  const found = records
    .everything(patient)
    .filter(({ resource }) => !asked?.length || resource === patient || asked.includes(resource?.resourceType ?? ''))
  const bundle: Bundle = {
    resourceType: 'Bundle',
    type: 'searchset',
    entry: found.slice(0, Number(req.query._count ?? 1000)),
  }
  return [allOk, bundle]
}

function postedTypes(body: Parameters): string[] {
  return (body?.parameter ?? []).flatMap((one) =>
    one.name === '_type' ? [one.valueCode ?? one.valueString ?? ''] : [],
  )
}
