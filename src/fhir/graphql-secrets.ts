// Which keys of a GraphQL answer hold secrets: the document may give a secret field any other name (an alias), and the answer
// need not say of which type it is.
import { Kind as Node, parse, type SelectionSetNode } from 'graphql'
import { isRecord } from './client.ts'
import { isSecretField, secretFieldsOf } from './redact.ts'

/** A field at the root names its type: `BotList`, `BotConnection`, `Bot`, `BotCreate`. */
const ROOT = /^([A-Z][A-Za-z]*?)(?:List|Connection|Create|Update|Patch)?$/

/**
 * The response keys under which a document asks for secret fields; they are hidden wherever they stand in the answer.
 *
 * @param body `{query}`, or the document itself
 * @param query of the URL, which may hold the same
 */
export function secretKeys(body: unknown, query: string): ReadonlySet<string> {
  const found = new Set<string>()
  const documents = [...new URLSearchParams(query).getAll('query'), isRecord(body) ? body.query : body]
  for (const document of documents) {
    if (typeof document !== 'string') continue
    try {
      for (const definition of parse(document, { noLocation: true }).definitions) {
        if (definition.kind === Node.OPERATION_DEFINITION) collect(definition.selectionSet, undefined, found)
        else if (definition.kind === Node.FRAGMENT_DEFINITION) {
          collect(definition.selectionSet, definition.typeCondition.name.value, found)
        }
      }
    } catch {
      // Medplum can't read it either: there will be no data.
    }
  }
  return found
}

function collect(set: SelectionSetNode, type: string | undefined, found: Set<string>): void {
  for (const selection of set.selections) {
    if (selection.kind === Node.INLINE_FRAGMENT) {
      collect(selection.selectionSet, selection.typeCondition?.name.value ?? type, found)
    } else if (selection.kind === Node.FIELD) {
      const name = selection.name.value
      if (isSecretField(name) || (type !== undefined && secretFieldsOf(type).has(name))) {
        found.add(selection.alias?.value ?? name)
      }
      if (selection.selectionSet) collect(selection.selectionSet, typeBelow(name, type), found)
    }
  }
}

/** At the root the field tells the type; in `edges { resource }` of a connection and in `channel` it stays the same. */
function typeBelow(field: string, type: string | undefined): string | undefined {
  return type === undefined ? ROOT.exec(field)?.[1] : type
}
