// What the code systems behind an answer hold: asked of the server once for each, and remembered for a while.

import { aboutContent, type Content, codeSystemsBehind } from '../../advice/replies/terminology.ts'
import { isRecord, records, scalarText } from '../../base/json.ts'
import type { FhirResponse } from '../../client/request.ts'
import { criterion, formatPlace } from '../../fhir/query.ts'
import type { ToolContext } from '../kit/tool.ts'
import type { Prepared } from '../request/prepare.ts'

const KEPT_MS = 600_000
const MAX_KEPT = 1000

/** By who asks and the code system: what one person has, another may not see. */
const kept = new Map<string, { at: number; content: Content }>()

/** Sentences about code systems that aren't loaded; none, and no request, where an answer doesn't stand on any. */
export async function unloadedCodes(
  request: Prepared['asked'],
  answer: Pick<FhirResponse, 'status' | 'body'>,
  context: ToolContext,
): Promise<string[]> {
  const about = await Promise.all(codeSystemsBehind(request, answer).map((system) => sentence(system, context)))
  return about.filter((one) => one !== undefined)
}

async function sentence(system: string, { caller, fhir, signal }: ToolContext): Promise<string | undefined> {
  const { fhirBase, project, profile } = caller.medplum
  const key = [fhirBase.href, project, profile, caller.grantId, system].join(' ')
  const known = kept.get(key)
  if (known && Date.now() - known.at < KEPT_MS) return aboutContent(system, known.content)
  try {
    const content = await contentOf(system, fhir, signal)
    if (kept.size >= MAX_KEPT) kept.clear()
    kept.set(key, { at: Date.now(), content })
    return aboutContent(system, content)
  } catch {
    // The answer is there; that nobody tells what it stands on now is no reason to withhold it.
    return `Whether the codes of ${system} are loaded on this server could not be found out: don't rely on this answer.`
  }
}

/** The one that Medplum takes where there are several: that of the highest version. */
async function contentOf(system: string, fhir: ToolContext['fhir'], signal: AbortSignal): Promise<Content> {
  const id = /^CodeSystem\/(.+)$/.exec(system)?.[1]
  const parameters = [
    id === undefined ? criterion('url', escaped(system)) : criterion('_id', id),
    criterion('_elements', 'url,content'),
    criterion('_sort', '-version,-date'),
    criterion('_count', '1'),
  ]
  const path = formatPlace({ segments: ['CodeSystem'], parameters })
  const { body } = await fhir.send({ method: 'GET', path, repeatable: true, signal })
  const [first] = records(body, 'entry')
  return first && (isRecord(first.resource) ? scalarText(first.resource.content) : '')
}

/** A value of a search in which a comma doesn't separate (FHIR R4, section 3.1.1.4.0.3). */
const escaped = (value: string) => value.replaceAll(/[\\$,|]/g, String.raw`\$&`)
