// JSON Patch (RFC 6902) over JSON Pointer (RFC 6901), to show what a patch would do before Medplum does it.

import { isRecord, own, records } from '../base/json.ts'
import { differences } from './diff.ts'

/** A patch that can't be applied: the message says which operation, and why. */
class PatchError extends Error {
  override readonly name = 'PatchError'
}

/**
 * The document after the patch, or which operation fails and why. The given document isn't changed.
 *
 * @param patch operations add, remove, replace, move, copy and test
 * @param filled completes an operation, given the document before it
 */
export function applyPatch(
  document: unknown,
  patch: readonly unknown[],
  filled: (operation: unknown, document: unknown) => unknown = (operation) => operation,
): { after: unknown } | { problem: string } {
  let after: unknown = structuredClone(document)
  for (const [index, operation] of patch.entries()) {
    try {
      after = applyOne(after, filled(operation, after))
    } catch (error) {
      if (error instanceof PatchError) return { problem: `operation ${index}: ${error.message}` }
      throw error
    }
  }
  return { after }
}

/**
 * The operations of a body: the body itself, or the content of the Binary (FHIR R4, section 3.1.0.11.2) or Parameters that hold them in
 * a batch. Undefined if there are none, or if Medplum might read others: it accepts invalid base64 and ignores unknown parts.
 */
export function operationsOf(body: unknown): unknown[] | undefined {
  if (Array.isArray(body)) return body
  if (!isRecord(body)) return undefined
  try {
    if (body.resourceType === 'Parameters') return records(body, 'parameter').map(operationIn)
    if (body.resourceType !== 'Binary' || typeof body.data !== 'string') return undefined
    const bytes = Uint8Array.from(atob(body.data), (char) => char.charCodeAt(0))
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** An operation given as Parameters, in which Medplum reads the value from JSON text. */
function operationIn({ name, part, ...more }: Record<string, unknown>): Record<string, unknown> {
  if (name !== 'operation' || !Array.isArray(part) || Object.keys(more).length > 0) throw new PatchError('no operation')
  const operation = new Map(part.map(partOf))
  if (operation.size !== part.length) throw new PatchError('a part is given twice')
  return Object.fromEntries(operation)
}

const PARTS: ReadonlySet<unknown> = new Set(['op', 'path', 'from', 'value'])

function partOf(part: unknown): [string, unknown] {
  const { name, valueCode, valueString, ...more } = isRecord(part) ? part : {}
  const given = name === 'op' ? valueCode : valueString
  const other = name === 'op' ? valueString : valueCode
  if (!PARTS.has(name) || typeof given !== 'string' || other !== undefined || Object.keys(more).length > 0) {
    throw new PatchError('a part is not one of op, path, from and value')
  }
  return [String(name), name === 'value' ? JSON.parse(given) : given]
}

/** What is at a JSON Pointer; undefined if there is nothing. */
export function valueAt(document: unknown, path: unknown): unknown {
  try {
    return get(document, pointer(path, 'path'))
  } catch {
    return undefined
  }
}

function applyOne(document: unknown, operation: unknown): unknown {
  if (!isRecord(operation)) throw new PatchError('is not an object')
  const { op } = operation
  const path = pointer(operation.path, 'path')
  switch (op) {
    case 'add':
      return put(document, path, given(operation), 'add')
    case 'replace':
      return put(document, path, given(operation), 'replace')
    case 'remove':
      return remove(document, path)
    case 'move': {
      const from = pointer(operation.from, 'from')
      const into = path.length > from.length && from.every((token, index) => token === path[index])
      if (into) throw new PatchError('a value can’t be moved into itself')
      if (isShifted(document, from, path)) {
        throw new PatchError('the move would shift the list that it moves into; use a copy and a remove instead')
      }
      const moved = get(document, from)
      return put(remove(document, from), path, moved, 'add')
    }
    case 'copy':
      return put(document, path, structuredClone(get(document, pointer(operation.from, 'from'))), 'add')
    case 'test':
      if (differences(get(document, path), given(operation)).length > 0) {
        throw new PatchError(`the value at ${String(operation.path)} is a different one`)
      }
      return document
    default:
      throw new PatchError('`op` must be add, remove, replace, move, copy or test')
  }
}

function given(operation: Record<string, unknown>): unknown {
  if (operation.value === undefined) throw new PatchError('`value` is missing')
  return structuredClone(operation.value)
}

function pointer(value: unknown, name: string): string[] {
  if (typeof value !== 'string' || (value !== '' && !value.startsWith('/'))) {
    throw new PatchError(`\`${name}\` must be a JSON Pointer, such as /status`)
  }
  const tokens = value
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  // Medplum's library ignores these segments, and would change another place.
  if (tokens.some((token) => OVERLOOKED.has(token))) throw new PatchError(`\`${name}\` can’t lead to ${value}`)
  return tokens
}

const OVERLOOKED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** Whether a list's item is moved to a place within a later item: RFC 6902 looks that up after the removal, Medplum before. */
function isShifted(document: unknown, from: readonly string[], path: readonly string[]): boolean {
  const list = from.slice(0, -1)
  const isThrough = path.length > from.length && list.every((token, index) => token === path[index])
  return isThrough && Array.isArray(get(document, list))
}

function get(document: unknown, path: readonly string[]): unknown {
  return path.reduce((value: unknown, token) => {
    const found = Array.isArray(value) ? value[place(token, value.length - 1)] : own(value, token)
    if (found === undefined) throw new PatchError(`there is nothing at /${path.join('/')}`)
    return found
  }, document)
}

function put(document: unknown, path: readonly string[], value: unknown, how: 'add' | 'replace'): unknown {
  const token = path.at(-1)
  if (token === undefined) return value
  if (how === 'replace') get(document, path)
  const parent = token === '-' && how === 'add' ? listAt(document, path.slice(0, -1)) : get(document, path.slice(0, -1))
  if (Array.isArray(parent)) {
    const index = token === '-' && how === 'add' ? parent.length : place(token, parent.length)
    parent.splice(index, how === 'replace' ? 1 : 0, value)
  } else if (isRecord(parent)) define(parent, token, value)
  else throw new PatchError(`there is no object or list at /${path.slice(0, -1).join('/')}`)
  return document
}

/** The list at a path, which Medplum creates if there is none yet. */
function listAt(document: unknown, path: readonly string[]): unknown {
  const [holder, name] = [path.slice(0, -1), path.at(-1)]
  const parent = name === undefined ? undefined : get(document, holder)
  if (name !== undefined && isRecord(parent) && own(parent, name) === undefined) define(parent, name, [])
  return get(document, path)
}

function remove(document: unknown, path: readonly string[]): unknown {
  const token = path.at(-1)
  if (token === undefined) throw new PatchError('the whole document can’t be removed')
  get(document, path)
  const parent = get(document, path.slice(0, -1))
  if (Array.isArray(parent)) parent.splice(place(token, parent.length - 1), 1)
  else if (isRecord(parent)) delete parent[token]
  return document
}

function place(token: string, last: number): number {
  const index = /^(0|[1-9]\d*)$/.test(token) ? Number(token) : Number.NaN
  if (index <= last) return index
  throw new PatchError(`there is no item ${token} in the list`)
}

/** An own property, even if its name is `__proto__`. */
function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
}
