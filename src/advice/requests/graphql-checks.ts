// Searches within a GraphQL document: the same parameters as in a path, so the same checks. They can't be rewritten there, and a
// parameter occurs only once.

import { type FieldNode, parse, visit } from 'graphql'
import { isRecord } from '../../base/json.ts'
import type { Capability } from '../../fhir/capability.ts'
import { criterion, type QueryParameter } from '../../fhir/query.ts'
import type { Findings } from './control-checks.ts'
import { checkSearch } from './search-checks.ts'

const MAX_TOKENS = 50_000

/** Checks every search of a request to `$graphql`. Medplum refuses a document that can't be parsed. */
export function checkGraphql(body: unknown, capability: Capability | undefined, base: string | undefined): Findings {
  const all: Findings = { refusals: [], notes: [], warnings: [] }
  if (!isRecord(body) || typeof body.query !== 'string') return all
  const variables = isRecord(body.variables) ? body.variables : {}
  for (const field of searchesIn(body.query)) {
    const name = field.name.value
    const types = [name.replace(/(?:List|Connection)$/, '')]
    const parameters = parametersOf(field, variables)
    const { refusals, notes, warnings } = checkSearch({ types, parameters, capability, base })
    const told = (texts: string[]) => texts.map((text) => `GraphQL ${name}: ${text}`)
    all.refusals.push(...told(refusals), ...told(notes.map(asDemand)))
    all.warnings.push(...told(warnings))
  }
  return all
}

function asDemand(note: string): string {
  return `${note.replace(' was sent as ', ' must be ')} In GraphQL, a range is written _filter: "date ge 2026-01-01 and date lt 2026-01-02".`
}

function searchesIn(document: string): FieldNode[] {
  const found: FieldNode[] = []
  try {
    visit(parse(document, { noLocation: true, maxTokens: MAX_TOKENS }), {
      Field(field) {
        if (/^[A-Z][A-Za-z]*(?:List|Connection)$/.test(field.name.value)) found.push(field)
      },
    })
  } catch {
    return []
  }
  return found
}

/** Arguments as search parameters: GraphQL's names have underscores for hyphens. */
function parametersOf(field: FieldNode, variables: Record<string, unknown>): QueryParameter[] {
  return (field.arguments ?? []).flatMap(({ name, value }) => {
    // Which reference of the searched type leads back; no search parameter.
    if (name.value === '_reference') return []
    const given =
      value.kind === 'Variable' ? variables[value.name.value] : 'value' in value ? (value.value as unknown) : undefined
    const key = name.value.replace(/(?!^)_/g, '-')
    return ['string', 'number', 'boolean'].includes(typeof given) ? [criterion(key, String(given))] : []
  })
}
