/** Operations that a project defines, as an OperationDefinition implemented by a Bot; and `Claim/$submit`, which runs one of them. */
import { allOk, badRequest, getExtension, isOperationOutcome, isResource } from '@medplum/core'
import type { FhirRequest, FhirResponse, FhirRouter } from '@medplum/fhir-router'
import type { Bot, Claim, OperationDefinition, Reference } from '@medplum/fhirtypes'
import { COST } from '../core/ratelimit.ts'
import { paramOf, type Records, recordsOf } from '../records/repository.ts'
import { runBot } from './bot-runtime.ts'
import { inputOf, requiredValue } from './parameters.ts'

const IMPLEMENTATION = 'https://medplum.com/fhir/StructureDefinition/operationDefinition-implementation'
const CLAIM_SETTING = 'CLAIM_SUBMIT_OPERATION'

export function addClaimSubmission(router: FhirRouter): void {
  router.add('GET', 'Claim/:id/$submit', async (req, repo) => {
    const records = recordsOf(repo)
    return submit(records, await records.readResource<Claim>('Claim', paramOf(req, 'id')), req)
  })
  router.add('POST', 'Claim/$submit', async (req, repo) =>
    submit(recordsOf(repo), requiredValue(inputOf(req), 'resource'), req),
  )
}

/** A project setting names the operation that takes claims. */
async function submit(records: Records, claim: unknown, { headers }: FhirRequest): Promise<FhirResponse> {
  const { setting } = records.access.caller.project
  const code = setting?.find((one) => one.name === CLAIM_SETTING)?.valueString
  if (!code) {
    return [badRequest('Claim submit is not configured: set the CLAIM_SUBMIT_OPERATION project setting.')]
  }
  const result = await customOperation(
    records,
    code,
    claim,
    String(headers?.['content-type'] ?? 'application/fhir+json'),
  )
  return (
    result ?? [
      badRequest(
        'Claim submit operation is not available. No claim processor is configured to handle claim submission.',
      ),
    ]
  )
}

/** @returns undefined if the project has no such operation */
export async function customOperation(
  records: Records,
  code: string,
  input: unknown,
  contentType: string | undefined,
): Promise<FhirResponse | undefined> {
  records.consume(COST.search)
  const definition = records.all<OperationDefinition>('OperationDefinition').find((one) => one.code === code)
  const bot = definition && getExtension(definition, IMPLEMENTATION)?.valueReference
  if (!bot?.reference?.startsWith('Bot/')) {
    return undefined
  }
  const value = await runBot(records, await records.readReference(bot as Reference<Bot>), { input, contentType })
  if (isOperationOutcome(value)) {
    return [value]
  }
  return isResource(value) ? [allOk, value] : [allOk]
}
