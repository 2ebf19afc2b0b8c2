// Searches within a GraphQL document: the same parameters as in a path, so the same checks. They can't be rewritten there, and a
// parameter occurs only once.

import { type FieldNode, visit } from 'graphql'
import { graphqlDocument } from '../../base/graphql.ts'
import { isRecord } from '../../base/json.ts'
import type { Capability } from '../../fhir/capability.ts'
import { criterion, type QueryParameter } from '../../fhir/query.ts'
import type { Findings } from './control-checks.ts'
import { checkSearch } from './search-checks.ts'

/** Checks every search of a request to `$graphql`. Medplum refuses a document that can't be parsed. */
export function checkGraphql(body: unknown, capability: Capability | undefined, base: string | undefined): Findings {
  const all: Findings = { refusals: [], notes: [], warnings: [] }
  const { query, variables: given } = isRecord(body) ? body : { query: body }
  if (typeof query !== 'string') return all
  const { searches, defaults, numbers } = searchesIn(query)
  all.warnings.push(...numbers.map(asNumber))
  const variables = { ...defaults, ...(isRecord(given) ? given : {}) }
  for (const field of searches) {
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
  const demand = note.replace(' was sent as ', ' must be ')
  const isRange = /must be `[^`]*&/.test(demand)
  return isRange
    ? `${demand} In GraphQL, a range is written _filter: "date ge 2026-01-01 and date lt 2026-01-02".`
    : demand
}

interface Document {
  searches: FieldNode[]
  /** Defaults of the variables. */
  defaults: Record<string, unknown>
  /** Number literals, as written. */
  numbers: string[]
}

/** Numbers that a mutation would store differently. */
function asNumber(text: string): string {
  return `Medplum keeps numbers as 64-bit floating point, so it reads ${text.slice(0, 40)} as ${Number(text)}. Check the stored values.`
}

function searchesIn(document: string): Document {
  const found: Document = { searches: [], defaults: {}, numbers: [] }
  const note = (number: string) => {
    if (String(Number(number)) !== number) found.numbers.push(number)
  }
  const parsed = graphqlDocument(document)
  if (parsed === undefined) return found
  visit(parsed, {
    Field(field) {
      if (/^[A-Z][A-Za-z]*(?:List|Connection)$/.test(field.name.value)) found.searches.push(field)
    },
    IntValue: ({ value }) => note(value),
    FloatValue: ({ value }) => note(value),
    VariableDefinition({ variable, defaultValue }) {
      if (defaultValue && 'value' in defaultValue) found.defaults[variable.name.value] = defaultValue.value
    },
  })
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
