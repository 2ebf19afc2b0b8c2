// What a GraphQL document would do at Medplum: one route carries reads, writes and deletes, so the document itself is parsed.
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind as Node,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
} from 'graphql'
import { isRecord } from '../../base/json.ts'
import { governs, highest, type Kind } from './routes.ts'

/** Medplum's mutations: `PatientCreate`, `PatientUpdate`, `PatientPatch`, `PatientDelete`, and so for every type. */
const MUTATION = /^([A-Z][A-Za-z]*)(Create|Update|Patch|Delete)$/
const ID = /^[A-Za-z0-9.-]{1,64}$/
const MAX_TOKENS = 50_000

interface Call {
  document: unknown
  operationName: unknown
  variables: unknown
}

interface Effect {
  kind: Kind
  targets: string[]
  reason: string
}

/**
 * What a request to `$graphql` would do.
 *
 * @param body `{query, operationName, variables}`, or the document itself
 * @param query of the URL, which may hold the same
 */
export function classifyGraphql(body: unknown, query: string): Effect {
  const url = new URLSearchParams(query)
  const [operationName, variables] = [url.get('operationName') ?? undefined, url.get('variables') ?? undefined]
  const calls: Call[] = url.getAll('query').map((document) => ({ document, operationName, variables }))
  for (const one of Array.isArray(body) ? body : [body]) {
    if (isRecord(one)) {
      calls.push({ document: one.query, operationName: one.operationName, variables: one.variables })
    } else if (one !== undefined && one !== null) calls.push({ document: one, operationName, variables })
  }
  const effects = calls.map(effectOf)
  if (effects.length === 0) return { kind: 'operate', targets: ['$graphql'], reason: 'GraphQL without a document' }
  const kind = highest(effects.map((effect) => effect.kind))
  const reason = effects.find((effect) => effect.kind === kind)?.reason ?? ''
  return { kind, targets: effects.flatMap((effect) => effect.targets), reason }
}

function effectOf(call: Call): Effect {
  const { document: text, operationName } = call
  if (typeof text !== 'string') return { kind: 'operate', targets: ['$graphql'], reason: 'GraphQL without a document' }
  let document: DocumentNode
  try {
    document = parse(text, { noLocation: true, maxTokens: MAX_TOKENS })
  } catch {
    // Another parser might read it; without this word, which can't be escaped, none would find a mutation in it.
    return text.includes('mutation')
      ? { kind: 'admin', targets: ['$graphql'], reason: 'GraphQL that could not be read and may change anything' }
      : { kind: 'read', targets: ['$graphql'], reason: 'GraphQL that could not be read, without a mutation' }
  }
  const operations = document.definitions.filter((one) => one.kind === Node.OPERATION_DEFINITION)
  const named = operations.filter((one) => one.name?.value === operationName)
  const chosen = typeof operationName === 'string' && named.length > 0 ? named : operations
  const effects = chosen.map((operation) => effectOfOperation(operation, document, call.variables))
  const kind = highest(effects.map((effect) => effect.kind))
  const reason = effects.find((effect) => effect.kind === kind)?.reason ?? 'GraphQL without an operation'
  return { kind, targets: effects.flatMap((effect) => effect.targets), reason }
}

function effectOfOperation(operation: OperationDefinitionNode, document: DocumentNode, variables: unknown): Effect {
  const fields = rootFields(operation.selectionSet, document)
  if (operation.operation === 'query') {
    return { kind: 'read', targets: fields.map(({ name }) => queried(name.value)), reason: 'a GraphQL query' }
  }
  if (operation.operation !== 'mutation') {
    return { kind: 'operate', targets: ['$graphql'], reason: 'a GraphQL operation that Medplum does not have' }
  }
  const kinds: Kind[] = ['write']
  const targets: string[] = []
  for (const field of fields) {
    const [, type = '', verb] = MUTATION.exec(field.name.value) ?? []
    const known = verb !== undefined
    kinds.push(!known || governs(type) ? 'admin' : verb === 'Delete' ? 'delete' : 'write')
    targets.push(known ? withId(type, field, variables) : '$graphql')
  }
  const kind = highest(kinds)
  const reason = kind === 'admin' ? 'a GraphQL mutation of what governs access or runs code' : 'a GraphQL mutation'
  return { kind, targets: targets.length > 0 ? targets : ['$graphql'], reason }
}

/** The fields at the root of an operation, through its fragments. */
function rootFields(root: SelectionSetNode, document: DocumentNode): FieldNode[] {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const one of document.definitions) if (one.kind === Node.FRAGMENT_DEFINITION) fragments.set(one.name.value, one)
  const fields: FieldNode[] = []
  const waiting = [root]
  for (let set = waiting.pop(); set; set = waiting.pop()) {
    for (const selection of set.selections) {
      if (selection.kind === Node.FIELD) fields.push(selection)
      else if (selection.kind === Node.INLINE_FRAGMENT) waiting.push(selection.selectionSet)
      else {
        const fragment = fragments.get(selection.name.value)
        // Each once: fragments may name each other in a circle.
        fragments.delete(selection.name.value)
        if (fragment) waiting.push(fragment.selectionSet)
      }
    }
  }
  return fields
}

/** The type that a field of a query reads: `PatientList` and `PatientConnection` search, `Patient` reads. */
function queried(field: string): string {
  return field.startsWith('__') ? '$graphql' : field.replace(/(List|Connection)$/, '')
}

/** `Patient/123`, where the argument `id` is written out or given as a variable. */
function withId(type: string, field: FieldNode, variables: unknown): string {
  const value = field.arguments?.find((argument) => argument.name.value === 'id')?.value
  let id: unknown
  if (value?.kind === Node.STRING) id = value.value
  else if (value?.kind === Node.VARIABLE && isRecord(variables)) id = variables[value.name.value]
  return typeof id === 'string' && ID.test(id) ? `${type}/${id}` : type
}
