// What a GraphQL document would do at Medplum: one route serves reads, writes and deletes, so the document is parsed.

import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind as Node,
  type OperationDefinitionNode,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql'
import { graphqlDocument } from '../../base/graphql.ts'
import { isRecord } from '../../base/json.ts'
import { ID } from '../../fhir/ids.ts'
import { governs, highest, type Kind } from './routes.ts'

/** Medplum's mutations: `PatientCreate`, `PatientUpdate`, `PatientPatch`, `PatientDelete`, and so for every type. */
const MUTATION = /^([A-Z][A-Za-z]*)(Create|Update|Patch|Delete)$/

interface Call {
  document: unknown
  operationName: unknown
  variables: unknown
}

/** A field of a mutation, with its arguments written out: variables and their defaults are in their places. */
export interface Mutation {
  type: string
  verb: 'Create' | 'Update' | 'Patch' | 'Delete'
  args: Record<string, unknown>
}

interface Effect {
  kind: Kind
  targets: string[]
  reason: string
}

/**
 * What a request to `$graphql` would do.
 *
 * @param body `{query, operationName, variables}`
 * @param query of the URL, which may also contain a document
 */
export function classifyGraphql(body: unknown, query: string): Effect {
  const effects = callsIn(body, query).map(effectOf)
  if (effects.length === 0) return { kind: 'operate', targets: ['$graphql'], reason: 'GraphQL without a document' }
  const kind = highest(effects.map((effect) => effect.kind))
  const reason = effects.find((effect) => effect.kind === kind)?.reason ?? ''
  return { kind, targets: effects.flatMap((effect) => effect.targets), reason }
}

/** What each mutation of such a request does; undefined if that isn't known. */
export function mutationsIn(body: unknown, query: string): Mutation[] | undefined {
  const found: Mutation[] = []
  for (const call of callsIn(body, query)) {
    const document = typeof call.document === 'string' ? graphqlDocument(call.document) : undefined
    if (document === undefined) return undefined
    for (const operation of operationsOf(document, call.operationName)) {
      if (operation.operation !== 'mutation') continue
      const variables = variablesOf(operation, call.variables)
      for (const field of rootFields(operation.selectionSet, document)) {
        const [, type, verb] = MUTATION.exec(field.name.value) ?? []
        if (type === undefined || verb === undefined) return undefined
        const args = (field.arguments ?? []).map(({ name, value }) => [
          name.value,
          valueFromASTUntyped(value, variables),
        ])
        found.push({ type, verb: verb as Mutation['verb'], args: Object.fromEntries(args) })
      }
    }
  }
  return found
}

function callsIn(body: unknown, query: string): Call[] {
  const url = new URLSearchParams(query)
  const operationName = url.get('operationName') ?? undefined
  const calls: Call[] = url.getAll('query').map((document) => ({ document, operationName, variables: undefined }))
  for (const one of Array.isArray(body) ? body : [body]) {
    if (isRecord(one)) calls.push({ document: one.query, operationName: one.operationName, variables: one.variables })
  }
  return calls
}

function effectOf(call: Call): Effect {
  const { document: text, operationName } = call
  if (typeof text !== 'string') return { kind: 'operate', targets: ['$graphql'], reason: 'GraphQL without a document' }
  const document = graphqlDocument(text)
  if (document === undefined) {
    // Another parser might accept it; but without this word, which can't be escaped, it contains no mutation.
    return text.includes('mutation')
      ? { kind: 'admin', targets: ['$graphql'], reason: 'GraphQL that could not be read and may change anything' }
      : { kind: 'read', targets: ['$graphql'], reason: 'GraphQL that could not be read, without a mutation' }
  }
  const chosen = operationsOf(document, operationName)
  const effects = chosen.map((operation) => effectOfOperation(operation, document, call.variables))
  const kind = highest(effects.map((effect) => effect.kind))
  const reason = effects.find((effect) => effect.kind === kind)?.reason ?? 'GraphQL without an operation'
  return { kind, targets: effects.flatMap((effect) => effect.targets), reason }
}

/** The named operation, or all if none is named. */
function operationsOf(document: DocumentNode, operationName: unknown): OperationDefinitionNode[] {
  const operations = document.definitions.filter((one) => one.kind === Node.OPERATION_DEFINITION)
  const named = operations.filter((one) => one.name?.value === operationName)
  return typeof operationName === 'string' && named.length > 0 ? named : operations
}

/** The variables that are given, and the defaults of those that aren't. */
function variablesOf(operation: OperationDefinitionNode, given: unknown): Record<string, unknown> {
  const values = new Map<string, unknown>()
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    if (defaultValue) values.set(variable.name.value, valueFromASTUntyped(defaultValue, {}))
  }
  for (const [name, value] of Object.entries(isRecord(given) ? given : {})) values.set(name, value)
  return Object.fromEntries(values)
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
  const values = variablesOf(operation, variables)
  const targets: string[] = []
  for (const field of fields) {
    const [, type = '', verb] = MUTATION.exec(field.name.value) ?? []
    const known = verb !== undefined
    kinds.push(!known || governs(type) ? 'admin' : verb === 'Delete' ? 'delete' : 'write')
    targets.push(known ? withId(type, field, values) : '$graphql')
  }
  const kind = highest(kinds)
  const reason =
    kind === 'admin' ? 'a GraphQL mutation of something that governs access or runs code' : 'a GraphQL mutation'
  return { kind, targets: targets.length > 0 ? targets : ['$graphql'], reason }
}

/** The root fields of an operation, including its fragments. */
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
        // Each once, since fragments may refer to each other in a circle.
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
function withId(type: string, field: FieldNode, variables: Record<string, unknown>): string {
  const value = field.arguments?.find((argument) => argument.name.value === 'id')?.value
  const id = value && valueFromASTUntyped(value, variables)
  return typeof id === 'string' && ID.test(id) ? `${type}/${id}` : type
}
