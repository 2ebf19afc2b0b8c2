// The shape of a type or profile, from this server's definitions.
import { operationInputs } from '../../advice/replies/operation-inputs.ts'
import { isRecord, records, scalarText } from '../../base/json.ts'
import { criterion, formatPlace } from '../../fhir/query.ts'
import { type Shape, shapeOf, shapeText, valueSetsIn, withoutVersion } from '../../fhir/shape.ts'
import type { ToolContext } from '../kit/tool.ts'

const BASES = ['http://hl7.org/fhir/StructureDefinition/', 'https://medplum.com/fhir/StructureDefinition/']
const KEPT_MS = 3_600_000
/** Shapes of types, by server: public, and the same for everybody. Profiles belong to a project. */
const kept = new Map<string, { at: number; text: string }>()

/** A type's elements and its operations' inputs; undefined if the definition isn't available now. */
export async function typeShape(type: string, context: ToolContext): Promise<string> {
  const { fhirBase } = context.caller.medplum
  const key = `${fhirBase.href} ${type}`
  const known = kept.get(key)
  if (known && Date.now() - known.at < KEPT_MS) return known.text
  const [found] = await definitions(
    BASES.map((base) => base + type),
    context,
  ).catch(() => [])
  const shape = shapeOf(found)
  if (!shape) return operationLines(type, [])
  const codes = await codesOf(shape, context)
  const text = `${shapeText(shape, codes)}${operationLines(type, await ownOperations(context))}`
  kept.set(key, { at: Date.now(), text })
  return text
}

/** A profile's elements; undefined if the server lacks the profile or its snapshot. */
export async function profileShape(url: string, context: ToolContext): Promise<string | undefined> {
  const [found] = await definitions([withoutVersion(url)], context)
  const shape = shapeOf(found)
  return shape && shapeText(shape, await codesOf(shape, context))
}

function operationLines(type: string, defined: readonly unknown[]): string {
  const lines = operationInputs(type, defined)
  return lines.length === 0
    ? ''
    : `\nWhat operations take (! required):\n${lines.map((line) => `  ${line}`).join('\n')}`
}

async function definitions(urls: readonly string[], { fhir, signal }: ToolContext): Promise<unknown[]> {
  const escaped = urls.map((url) => url.replaceAll(/[\\,|$]/g, '\\$&'))
  const path = formatPlace({ segments: ['StructureDefinition'], parameters: [criterion('url', escaped.join(','))] })
  const { body } = await fhir.send({ method: 'GET', path, repeatable: true, signal })
  return records(body, 'entry').map(({ resource }) => resource)
}

async function ownOperations({ fhir, signal }: ToolContext): Promise<unknown[]> {
  const path = formatPlace({ segments: ['OperationDefinition'], parameters: [criterion('_count', '100')] })
  const answer = await fhir.send({ method: 'GET', path, repeatable: true, signal }).catch(() => undefined)
  return records(answer?.body, 'entry').map(({ resource }) => resource)
}

/** Maximum number of value sets to request, and of codes in each: otherwise the name is enough. */
const MOST_SETS = 15
const MOST_CODES = 21

/** The codes of required bindings that the definition names only in part. */
async function codesOf(shape: Shape, { fhir, signal }: ToolContext): Promise<Map<string, string[]>> {
  const found = valueSetsIn(shape)
    .slice(0, MOST_SETS)
    .map(async (url): Promise<[string, string[]][]> => {
      const parameters = [criterion('url', url), criterion('count', String(MOST_CODES))]
      const path = formatPlace({ segments: ['ValueSet', '$expand'], parameters })
      const answer = await fhir.send({ method: 'GET', path, repeatable: true, signal }).catch(() => undefined)
      const expansion = isRecord(answer?.body) ? answer.body.expansion : undefined
      const codes = records(expansion, 'contains')
        .map(({ code }) => scalarText(code))
        .filter(Boolean)
      return codes.length === 0 || codes.length >= MOST_CODES ? [] : [[url, codes]]
    })
  return new Map((await Promise.all(found)).flat())
}
