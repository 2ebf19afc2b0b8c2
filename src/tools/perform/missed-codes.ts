// Looks for codes that exist when a search by code found nothing.
import { type Codeless, codelessOf, LOOKED_THROUGH, otherCodes } from '../../advice/replies/other-codes.ts'
import { isRecord, records, scalarText } from '../../base/json.ts'
import { readAll } from '../../client/read-all.ts'
import { type Asked, parsePlace } from '../../fhir/query.ts'
import type { ToolContext } from '../kit/tool.ts'

/** Maximum number of searches in a batch to help with. */
const MOST = 3

/** The codes that exist, for each search by code that found nothing. Errors are ignored, since this is only advice. */
export async function missedCodes(asked: Asked, body: unknown, context: ToolContext): Promise<string[]> {
  const told: string[] = []
  for (const { search, answer } of searchesOf(asked, body)) {
    const codeless = codelessOf(search, answer)
    if (codeless && told.length < MOST) told.push(...(await lookedFor(codeless, context)))
  }
  return told
}

async function lookedFor(codeless: Codeless, { fhir, signal }: ToolContext): Promise<string[]> {
  const progress = async () => {}
  try {
    const { entries, total } = await readAll(fhir, codeless.path, { cap: LOOKED_THROUGH, progress, signal })
    const resources = entries.flatMap(({ resource, search }) =>
      isRecord(resource) && !(isRecord(search) && search.mode !== 'match') ? [resource] : [],
    )
    return otherCodes(codeless, resources, total)
  } catch {
    return []
  }
}

/** The search itself, or those of a batch, with their answers. */
function searchesOf(asked: Asked, body: unknown): { search: Asked; answer: unknown }[] {
  if (asked.method === 'GET' || parsePlace(asked.path).segments[1] === '_search')
    return [{ search: asked, answer: body }]
  if (asked.method !== 'POST' || !isRecord(asked.body) || asked.body.resourceType !== 'Bundle') return []
  const answers = records(body, 'entry')
  return records(asked.body, 'entry').flatMap(({ request }, at) => {
    if (!isRecord(request) || request.method !== 'GET') return []
    return [{ search: { method: 'GET', path: scalarText(request.url) }, answer: answers[at]?.resource }]
  })
}
