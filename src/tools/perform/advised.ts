// Adds help to Medplum's errors: the person's rights, advice, an operation's inputs.

import type { Risk } from '../../access/risk/risk.ts'
import { advise } from '../../advice/replies/advise.ts'
import { inputsAt } from '../../advice/replies/operation-inputs.ts'
import { describeRights } from '../../advice/replies/rights.ts'
import { isRecord } from '../../base/json.ts'
import { FhirError } from '../../client/fhir-error.ts'
import { knownCapability, loadCapability } from '../../client/load-capability.ts'
import type { ToolContext } from '../kit/tool.ts'
import type { Prepared } from '../request/prepare.ts'
import { unloadedCodes } from './definitions.ts'

/** Runs the work of a request, and adds advice if Medplum answers with an error. */
export async function advised<T>(prepared: Prepared, context: ToolContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof FhirError) await addAdvice(error, prepared, context)
    throw error
  }
}

async function addAdvice(error: FhirError, { asked, risk }: Prepared, context: ToolContext): Promise<void> {
  const { caller, fhir } = context
  const base = caller.medplum.fhirBase
  const capability =
    error.status === 400 || error.status === 404 ? await loadCapability(base, fhir) : knownCapability(base)
  const { status, outcome, headers } = error
  const advice = advise(asked, { status, outcome, headers }, capability)
  const rights = status === 403 ? describeRights(await fhir.whoAmI(), resourceTypeOf(risk)) : undefined
  const unloaded = status === 404 ? await unloadedCodes(asked, { status, body: outcome }, context) : []
  const inputs = status === 400 || status === 422 ? [...inputsAt(asked.path), ...shapeOfWrite(asked, risk)] : []
  error.message = [error.message, rights, advice, ...unloaded, ...inputs].filter(Boolean).join('\n')
}

/** A hint on how to see the elements of a type, for a write that was refused. */
function shapeOfWrite({ method, path, body }: Prepared['asked'], risk: Risk): string[] {
  if (risk.kind === 'read' || !/^(?:POST|PUT|PATCH)$/.test(method) || path.includes('$')) return []
  const type = resourceTypeOf(risk)
  if (type === undefined || (isRecord(body) && body.resourceType === 'Bundle' && type !== 'Bundle')) return []
  return [`GET metadata?type=${type} lists the elements of ${type}, their types and codes.`]
}

/** The resource type that a request is about, if there is exactly one. */
function resourceTypeOf({ targets }: Risk): string | undefined {
  return targets.length === 1 ? /^[A-Z][A-Za-z]+/.exec(targets[0] ?? '')?.[0] : undefined
}
