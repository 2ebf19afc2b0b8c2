// Patches that Medplum doesn't accept, and the JSON Patch that was meant.

import { isRecord, records } from '../../base/json.ts'
import { operationsOf } from '../../fhir/json-patch.ts'

const OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test']

/** `name[0].family` as a JSON Pointer; a JSON Pointer stays unchanged. */
function pointerOf(path: string): string {
  const isDotted = /^\/?\w+(?:\[\d+\])?(?:\.\w+(?:\[\d+\])?)+$|^\w+(?:\[\d+\])?$/.test(path)
  return isDotted
    ? `/${path
        .replace(/^\//, '')
        .replaceAll(/\[(\d+)\]/g, '/$1')
        .replaceAll('.', '/')}`
    : path
}

/** Unknown operations, and paths that are not JSON Pointers. */
function patchOperations(operations: readonly unknown[]): string[] {
  const unknown = operations.flatMap((one) =>
    isRecord(one) && typeof one.op === 'string' && !OPERATIONS.includes(one.op) ? [one.op.slice(0, 40)] : [],
  )
  if (unknown.length > 0)
    return [
      `JSON Patch has no operation ${JSON.stringify(unknown[0])}. It has ${OPERATIONS.join(', ')}; "add" also replaces.`,
    ]
  const right = operations.map((one) =>
    isRecord(one) && typeof one.path === 'string' ? { ...one, path: pointerOf(one.path) } : one,
  )
  return JSON.stringify(right) === JSON.stringify(operations)
    ? []
    : [`The path of a JSON Patch is a JSON Pointer, such as /name/0/family. Write ${JSON.stringify(right)}.`]
}

/** What is wrong with the body of a PATCH. */
export function patchRefusals(body: unknown): string[] {
  if (Array.isArray(body)) return patchOperations(body)
  if (!isRecord(body)) return [`PATCH needs a JSON Patch array as \`body\`, for example ${PATCH_EXAMPLE}.`]
  const isFhirPath = body.resourceType === 'Parameters' && operationsOf(body) === undefined
  const what = isFhirPath ? 'a FHIRPath Patch' : 'an object'
  const hint = isFhirPath ? FHIRPATH_HINT : ''
  return [`PATCH takes a JSON Patch array (RFC 6902), not ${what}. Write ${asJsonPatch(body) ?? PATCH_EXAMPLE}.${hint}`]
}

const FHIRPATH_HINT =
  ' Patient.name[0].family is the path /name/0/family; to add an item to a list, end the path in /-, as in /name/-.'

/** An entry holds a resource, so Medplum takes the patch as Parameters, or as a Binary in base64. */
export function patchEntryRefusals(body: unknown): string[] {
  if (isRecord(body) && operationsOf(body) !== undefined) return []
  const operations: unknown = JSON.parse(
    (Array.isArray(body) ? JSON.stringify(body) : asJsonPatch(body)) ?? PATCH_EXAMPLE,
  )
  const parameters = { resourceType: 'Parameters', parameter: (operations as unknown[]).map(asParameter) }
  return [
    `a PATCH in a Bundle takes its operations as Parameters: ${JSON.stringify(parameters)}, where the value is JSON text.`,
  ]
}

function asParameter(operation: unknown): Record<string, unknown> {
  const part = Object.entries(isRecord(operation) ? operation : {}).map(([name, value]) =>
    name === 'op'
      ? { name, valueCode: value }
      : { name, valueString: name === 'value' ? JSON.stringify(value) : value },
  )
  return { name: 'operation', part }
}

/** It works on every resource. */
export const PATCH_EXAMPLE = '[{"op":"add","path":"/language","value":"en"}]'

/**
 * An object meant as a patch, as JSON Patch: one operation, a list of them under a name, the Parameters of a Bundle's entry, a
 * FHIRPath Patch, or the properties to set.
 *
 * @returns undefined if that would mean something else
 */
export function asJsonPatch(body: unknown): string | undefined {
  if (!isRecord(body)) return undefined
  const operations = isOperation(body) ? [body] : (listIn(body) ?? operationsIn(body) ?? setting(body))
  return operations && JSON.stringify(operations)
}

const isOperation = (one: unknown) => isRecord(one) && typeof one.op === 'string' && typeof one.path === 'string'

/** The operations that an object has under a name, such as `operations`. */
function listIn(body: Record<string, unknown>): unknown[] | undefined {
  const [list, ...others] = Object.values(body).filter((value) => typeof value !== 'string')
  return others.length === 0 && Array.isArray(list) && list.length > 0 && list.every(isOperation) ? list : undefined
}

/** The operations of Parameters: those of a Bundle's entry, or of a FHIRPath Patch (FHIR R4, section 2.1.0.7.1). */
function operationsIn(body: Record<string, unknown>): unknown[] | undefined {
  if (body.resourceType !== 'Parameters') return undefined
  const given = operationsOf(body)
  if (given) return given
  const operations = records(body, 'parameter').map(({ part }) => fhirPathOperation(part))
  return operations.length > 0 && operations.every((one) => one !== undefined) ? operations : undefined
}

function fhirPathOperation(given: unknown): unknown {
  const parts: Record<string, unknown> = Object.fromEntries(
    records({ given }, 'given').map((part) => [part.name, Object.entries(part).find(([key]) => key !== 'name')?.[1]]),
  )
  const { type, path, name, value } = parts
  if (typeof path !== 'string' || !/^[A-Z]\w*(\.\w+|\[\d+\])*$/.test(path)) return undefined
  const at = path.replace(/^\w+/, '').replaceAll(/\.(\w+)|\[(\d+)\]/g, '/$1$2')
  if (type === 'delete' && at !== '') return { op: 'remove', path: at }
  if (value === undefined) return undefined
  if (type === 'replace' && at !== '') return { op: 'replace', path: at, value }
  return type === 'add' && typeof name === 'string' ? { op: 'add', path: `${at}/${name}`, value } : undefined
}

/** The JSON Patch that sets the properties of a flat object. */
function setting(body: Record<string, unknown>): unknown[] | undefined {
  const properties = Object.entries(body).filter(([name]) => name !== 'resourceType' && name !== 'id')
  const isFlat = body.resourceType !== 'Parameters' && !properties.some(([, value]) => isRecord(value))
  if (!isFlat || properties.length === 0 || properties.length > 20) return undefined
  return properties.map(([name, value]) => {
    const path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    // `add` also replaces a property that is there.
    return value === null ? { op: 'remove', path } : { op: 'add', path, value }
  })
}
