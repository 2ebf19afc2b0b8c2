// The content of the definitions that an answer depends on: requested once from the server and cached for a while.

import { aboutContent, codeSystemsBehind } from '../../advice/replies/terminology.ts'
import { isRecord, records, scalarText, textList } from '../../base/json.ts'
import { Latest } from '../../base/latest.ts'
import type { FhirResponse } from '../../client/request.ts'
import { criterion, formatPlace, parsePlace, type QueryParameter } from '../../fhir/query.ts'
import type { ToolContext } from '../kit/tool.ts'
import type { Prepared } from '../request/prepare.ts'

/** Sentences about code systems that aren't loaded; none, and no request, where an answer doesn't stand on any. */
export async function unloadedCodes(
  request: Prepared['asked'],
  answer: Pick<FhirResponse, 'status' | 'body'>,
  context: ToolContext,
): Promise<string[]> {
  return about(codeSystemsBehind(request, answer), async (system) => {
    const id = /^CodeSystem\/(.+)$/.exec(system)?.[1]
    const search = [
      id === undefined ? criterion('url', escaped(system)) : criterion('_id', id),
      // As Medplum chooses where there are several.
      criterion('_sort', '-version,-date'),
    ]
    const found = await first('CodeSystem', search, 'content', context)
    if (found === 'unknown')
      return `Whether the codes of ${system} are loaded on this server could not be found out: don't rely on this answer.`
    return aboutContent(system, found?.value)
  })
}

/** Sentences about the profiles of a record that Medplum checks nothing by, because it doesn't have them. */
export async function unknownProfiles(resource: unknown, context: ToolContext): Promise<string[]> {
  const meta = isRecord(resource) && isRecord(resource.meta) ? resource.meta : {}
  const profiles = [...new Set(textList(meta.profile))].slice(0, MAX_PROFILES)
  return about(profiles, async (profile) => {
    const found = await first('StructureDefinition', [criterion('url', escaped(profile))], 'url', context)
    if (found !== undefined && found !== 'unknown') return undefined
    const why =
      found === undefined ? 'this server does not have it' : 'whether this server has it could not be found out'
    return `Not checked by the profile ${profile}: ${why}. "All OK" and "Valid" speak of plain FHIR R4.`
  })
}

/** The record of a `$validate`. */
export function validatedIn({ method, path, body }: Prepared['asked']): unknown {
  return method === 'POST' && parsePlace(path).segments.at(-1) === '$validate' ? body : undefined
}

const MAX_PROFILES = 10

async function about(names: readonly string[], say: (name: string) => Promise<string | undefined>): Promise<string[]> {
  return (await Promise.all(names.map(say))).filter((one) => one !== undefined)
}

type Found = { value: string } | undefined
const KEPT_MS = 600_000
const MAX_KEPT = 1000
/** By who asks and for what: what one person has, another may not see. */
const kept = new Latest<{ at: number; found: Found }>(MAX_KEPT)

/** An element of what a search finds first; undefined if it finds nothing. */
async function first(
  type: string,
  search: readonly QueryParameter[],
  element: string,
  { caller, fhir, signal }: ToolContext,
): Promise<Found | 'unknown'> {
  const parameters = [...search, criterion('_elements', element), criterion('_count', '1')]
  const path = formatPlace({ segments: [type], parameters })
  const { fhirBase, project, profile } = caller.medplum
  const key = [fhirBase.href, project, profile, caller.grantId, path].join(' ')
  const known = kept.get(key)
  if (known && Date.now() - known.at < KEPT_MS) return known.found
  try {
    const { body } = await fhir.send({ method: 'GET', path, repeatable: true, signal })
    const [entry] = records(body, 'entry')
    const found = entry && { value: isRecord(entry.resource) ? scalarText(entry.resource[element]) : '' }
    kept.set(key, { at: Date.now(), found })
    return found
  } catch {
    // The answer is complete without knowing what it is based on.
    return 'unknown'
  }
}

/** A value of a search in which a comma doesn't separate (FHIR R4, section 3.1.1.4.0.3). */
const escaped = (value: string) => value.replaceAll(/[\\$,|]/g, String.raw`\$&`)
