// Which keys of a GraphQL answer hold secrets: the document may rename a secret field (an alias), and the answer need not name its type.
import { Kind as Node, type SelectionSetNode } from 'graphql'
import { graphqlDocument } from '../base/graphql.ts'
import { isRecord } from '../base/json.ts'
import { isSecretField, secretFieldsOf } from './redact.ts'

/**
 * Fields and types that name a resource type: `BotList`, `BotConnection`, `Bot`, `BotCreate` at the root or in a resource that
 * others refer to; `BotConnectionEdge` and `SubscriptionChannel` in the schema.
 */
const NAMES_TYPE = /^([A-Z][A-Za-z]*?)(?:List|Connection(?:Edge)?|Create|Update|Patch|Delete|Channel)?$/
const ROOT_TYPES: ReadonlySet<string> = new Set(['Query', 'QueryType', 'Mutation', 'MutationType'])

/**
 * The response keys under which a document asks for secret fields; they are hidden wherever they occur in the answer.
 *
 * @param body `{query}`, or the document itself
 * @param query of the URL, which may contain the same
 */
export function secretKeys(body: unknown, query: string): ReadonlySet<string> {
  const found = new Set<string>()
  const bodies: unknown[] = Array.isArray(body) ? body : [body]
  const documents = [
    ...new URLSearchParams(query).getAll('query'),
    ...bodies.map((one) => (isRecord(one) ? one.query : one)),
  ]
  for (const document of documents) {
    if (typeof document !== 'string') continue
    // If it can't be parsed, Medplum can't parse it either and returns no data.
    for (const definition of graphqlDocument(document)?.definitions ?? []) {
      if (definition.kind === Node.OPERATION_DEFINITION) collect(definition.selectionSet, undefined, found)
      else if (definition.kind === Node.FRAGMENT_DEFINITION) {
        collect(definition.selectionSet, typeNamed(definition.typeCondition.name.value), found)
      }
    }
  }
  return found
}

function collect(set: SelectionSetNode, type: string | undefined, found: Set<string>): void {
  for (const selection of set.selections) {
    if (selection.kind === Node.INLINE_FRAGMENT) {
      const named = selection.typeCondition?.name.value
      collect(selection.selectionSet, named === undefined ? type : typeNamed(named), found)
    } else if (selection.kind === Node.FIELD) {
      const name = selection.name.value
      if (isSecret(name, type)) found.add(selection.alias?.value ?? name)
      if (selection.selectionSet) collect(selection.selectionSet, typeBelow(name, type), found)
    }
  }
}

function isSecret(name: string, type: string | undefined): boolean {
  if (isSecretField(name)) return true
  // One of its extensions is a secret, and the document may omit the URL that identifies it.
  return type !== undefined && (secretFieldsOf(type).has(name) || (type === 'Subscription' && name === 'extension'))
}

/** FHIR's own fields begin with a small letter: in `edges { resource }` of a connection and in `channel` the type stays. */
function typeBelow(field: string, type: string | undefined): string | undefined {
  return NAMES_TYPE.test(field) ? typeNamed(field) : type
}

function typeNamed(name: string): string | undefined {
  return ROOT_TYPES.has(name) ? undefined : (NAMES_TYPE.exec(name)?.[1] ?? name)
}
