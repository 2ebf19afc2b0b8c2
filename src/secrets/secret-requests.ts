// Requests whose answer would show a secret that no field name reveals. They are refused, since it could not be hidden in the answer.
import { isRecord } from '../base/json.ts'
import { quoted } from '../base/text.ts'
import { operationsOf } from '../fhir/json-patch.ts'
import { secretKeys } from './graphql-secrets.ts'
import { isSecretField, SECRET_TYPES, secretFieldsOf } from './redact.ts'

/** Operations that answer with text rather than FHIR JSON; Medplum's routes ignore letter case. */
export function answersText(path: string): boolean {
  return /\/\$(csv|ccda-export)(\?|$)/i.test(path)
}

/**
 * Why this request would show a secret, as a sentence for a model; undefined if it would not.
 *
 * @param path relative to the FHIR base and confined to it
 * @param body as parsed JSON, or text
 */
export function secretRefusal(method: string, path: string, body: unknown): string | undefined {
  const [place = '', query = ''] = path.split(/\?(.*)/s)
  const [type = ''] = place.split('/')
  return (
    csvRefusal(place, query) ??
    (method === 'PATCH' ? patchRefusal(type, body) : undefined) ??
    (isGraphql(place) ? graphqlRefusal(query, body) : undefined) ??
    bundleRefusal(body, 0)
  )
}

function isGraphql(place: string): boolean {
  return place.toLowerCase() === '$graphql'
}

/** CSV has no field names that reliably show where a secret is. */
function csvRefusal(place: string, query: string): string | undefined {
  const [type = '', operation = ''] = place.split('/')
  if (operation.toLowerCase() !== '$csv') return undefined
  const parameters = new URLSearchParams(query)
  const types = [type, ...parameters.getAll('_type').flatMap((value) => value.split(','))]
  const secret = types.find((one) => SECRET_TYPES.has(one))
  if (secret)
    return `${secret} can contain secrets and is not available as CSV. Search it as JSON: ${secret}?_count=20.`
  const other = [...parameters.keys()].find((key) => /^_(rev)?include\b/.test(key))
  if (other) return `\`${other}\` can add resources with secrets to a CSV. Leave it out, or search as JSON.`
  const columns = parameters.getAll('_fields').flatMap((value) => value.split(','))
  const odd = columns.find((column) => !COLUMN.test(column) || HOLDS_RESOURCES.test(column))
  return odd === undefined
    ? undefined
    : `\`_fields\` of a CSV takes element names, such as name or birthDate. ${quoted(odd.slice(0, 100))} could show what is hidden in JSON. Leave it out, or search as JSON.`
}

/** Medplum evaluates a column as FHIRPath on the stored record: a function could give a secret any name. */
const COLUMN = /^[A-Za-z_][\w-]*(?:\[\d+\])?(?:\.[A-Za-z]\w*(?:\[\d+\])?)*$/
/** Elements below which there are resources of any type. */
const HOLDS_RESOURCES = /\b(?:contained|resource|parameter)\b/

/** A failed `test` reveals the stored value; `copy` and `move` give it another name (RFC 6902, 4.4 to 4.6). */
function patchRefusal(type: string, body: unknown): string | undefined {
  const operations = body === undefined ? [] : operationsOf(body)
  if (operations === undefined)
    return 'This PATCH is not a JSON Patch that can be checked. Send it as a separate request with `patch`.'
  for (const { op, path, from } of operations.filter(isRecord)) {
    const isMoved = op === 'copy' || op === 'move'
    // What contains a secret could be moved, too, and its parts moved on from there.
    if (isMoved && SECRET_TYPES.has(type)) {
      return `\`${op}\` could show a secret of ${type} under another name. Use \`add\` or \`replace\` with the value.`
    }
    const read = op === 'test' ? path : isMoved ? from : undefined
    if (typeof read === 'string' && namesSecret(type, read)) {
      return `\`${op}\` of ${read} would show a secret of ${type}. A secret can be replaced or removed, such as {"op":"remove","path":"${read}"}, but not read.`
    }
    // An extension is recognized as a secret by its URL.
    if (type === 'Subscription' && op !== 'test' && typeof path === 'string' && EXTENSION_URL.test(path)) {
      return `The url of a Subscription’s extension can’t be changed on its own. Replace the whole extension.`
    }
  }
  return undefined
}

const EXTENSION_URL = /(^|\/)extension\/[^/]+\/url$/

/** Elements that mark a value near them as a secret: a type, the URL of an extension, the name of a parameter. */
const TELLING = /\/(?:name|resourceType|url)$/

/** Whether a patch could reveal what is hidden: if so, its result on the current record must be checked. */
export function mayUncover(operations: readonly unknown[]): boolean {
  return operations.filter(isRecord).some(({ op, path }) => {
    const isVersion = op === 'test' && path === '/meta/versionId'
    return !isVersion && (['copy', 'move', 'test'].includes(String(op)) || TELLING.test(String(path)))
  })
}

/** Whether a JSON Pointer leads to a secret. A resource within another can be of any type. */
function namesSecret(type: string, place: string): boolean {
  const names = place.split('/')
  const within = names.some((name) => name === 'contained' || name === 'resource')
  const types = within ? [type, ...SECRET_TYPES] : [type]
  return names.some((name) => types.some((one) => isSecret(one, name)))
}

function isSecret(type: string, name: string): boolean {
  return (
    isSecretField(name) ||
    secretFieldsOf(type).has(name) ||
    (type === 'Subscription' && ['extension', 'header'].includes(name))
  )
}

/** A GraphQL patch may be spread over variables and fragments; PATCH can do the same. */
function graphqlRefusal(query: string, body: unknown): string | undefined {
  const document = typeof body === 'string' ? body : JSON.stringify(body ?? '')
  const text = [document, ...new URLSearchParams(query).getAll('query')].join(' ')
  const patched = new Set([...text.matchAll(/\b([A-Za-z]+)Patch\b/g)].map(([, name]) => name))
  const type = [...SECRET_TYPES].find((one) => patched.has(one))
  return type && `${type}Patch could show a secret of ${type}. Send it as a separate request: PATCH ${type}/ID.`
}

const MAX_DEPTH = 10

/** The rules for a request apply to each entry. The keys of a GraphQL answer are known only for a separate request. */
function bundleRefusal(body: unknown, depth: number): string | undefined {
  if (!isRecord(body) || body.resourceType !== 'Bundle' || !Array.isArray(body.entry) || depth > MAX_DEPTH)
    return undefined
  for (const [index, entry] of body.entry.entries()) {
    const { request, resource } = isRecord(entry) ? entry : {}
    const { method, url } = isRecord(request) ? request : {}
    const [place = '', query = ''] = String(url ?? '').split(/\?(.*)/s)
    const local = place.replace(/^.*\//, '')
    const found =
      (isGraphql(local) && secretKeys(resource, query).size > 0
        ? 'GraphQL that reads secrets must be a separate request, so that they can be hidden: POST $graphql.'
        : undefined) ??
      (isGraphql(local) ? graphqlRefusal(query, resource) : undefined) ??
      (String(method).toUpperCase() === 'PATCH' ? patchRefusal(typeIn(place), resource) : undefined) ??
      bundleRefusal(resource, depth + 1)
    if (found) return `Bundle.entry[${index}]: ${found}`
  }
  return undefined
}

/** The resource type in `Bot/123`, `/fhir/R4/Bot/123` or a full URL. */
function typeIn(place: string): string {
  return place.split('/').find((segment) => /^[A-Z][A-Za-z]+$/.test(segment)) ?? ''
}
