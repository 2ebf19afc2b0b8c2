// What the server offers, in short.

import { summarizeServer, summarizeType } from '../../advice/replies/capability-summary.ts'
import { quoted } from '../../base/text.ts'
import { UserError } from '../../base/told-error.ts'
import { loadCapability } from '../../client/load-capability.ts'
import { parsePlace } from '../../fhir/query.ts'
import type { ToolContext } from '../kit/tool.ts'
import type { Prepared } from '../request/prepare.ts'
import type { View } from '../request/view.ts'
import { profileShape, typeShape } from './shapes.ts'

/** A summary of the CapabilityStatement, or of one type in it: the whole is too large for any context. */
export async function serverSummary(
  { request }: Prepared,
  view: View,
  context: ToolContext,
): Promise<string | undefined> {
  const { caller, fhir, event } = context
  const { segments, parameters } = parsePlace(request.path)
  if (request.method !== 'GET' || segments.length !== 1 || segments[0] !== 'metadata') return undefined
  const type = parameters.find(({ key }) => /^_?type$/.test(key))?.value
  const profile = parameters.find(({ key }) => /^_?profile$/.test(key))?.value
  if (view.format === 'json' || view.columns) return undefined
  const capability = await loadCapability(caller.medplum.fhirBase, fhir)
  if (capability === undefined) return undefined
  event.status = 200
  if (profile !== undefined) {
    const shape = await profileShape(profile, context)
    if (shape !== undefined) return shape
    throw new UserError(
      `This server has no profile ${quoted(profile)}, or not its elements. GET StructureDefinition?derivation=constraint&_elements=url,name,type lists the profiles that it has.`,
    )
  }
  if (type === undefined) return summarizeServer(capability)
  if (!capability.types.has(type)) {
    throw new UserError(`There is no resource type ${quoted(type)} here. GET metadata lists them. Nothing was sent.`)
  }
  return [summarizeType(capability, type), await typeShape(type, context)].filter(Boolean).join('\n')
}
