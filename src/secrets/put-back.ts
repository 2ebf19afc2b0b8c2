// A model that reads a record, changes it and writes it back sends placeholders for the secrets that were hidden from it. They are
// replaced by what is stored. If nothing is stored there, that is reported and nothing is guessed.
import { isRecord, own } from '../base/json.ts'
import { differences } from '../fhir/diff.ts'
import { isPlaceholder } from './redact.ts'

/** A placeholder for which nothing can be put back. The message is a part of a sentence. */
export class NothingStored extends Error {
  override readonly name = 'NothingStored'
}

/** Maximum number of placeholders: each is compared with what is stored. */
const MOST = 200

/** Where a value holds placeholders: `secret[0].valueString`. No more than 201 of them. */
export function placeholdersIn(value: unknown, path = '', found: string[] = []): string[] {
  if (typeof value === 'string' && isPlaceholder(value)) found.push(path)
  if (typeof value !== 'object' || value === null) return found
  for (const [name, item] of Object.entries(value)) {
    if (found.length > MOST) return found
    placeholdersIn(item, Array.isArray(value) ? `${path}[${name}]` : below(path, name), found)
  }
  return found
}

/**
 * The given value with each placeholder replaced by the stored value.
 *
 * @param shown the stored value as it is shown, of the same shape
 * @throws {NothingStored} that names the place
 */
export function putBack(given: unknown, stored: unknown, shown: unknown, path = ''): unknown {
  if (typeof given === 'string') {
    if (!isPlaceholder(given)) return given
    if (given === shown && stored !== undefined) return stored
    throw new NothingStored(
      `\`${path}\` contains a placeholder for a hidden value, but there is no stored value to restore. Leave it as you read it, or write the value`,
    )
  }
  if (Array.isArray(given)) return given.map((item, index) => inList(item, index, { given, stored, shown, path }))
  if (!isRecord(given)) return given
  return Object.fromEntries(
    Object.entries(given).map(([name, item]) => [
      name,
      putBack(item, own(stored, name), own(shown, name), below(path, name)),
    ]),
  )
}

/** @throws {NothingStored} for too many placeholders */
export function withinLimit<T>(value: T): T {
  if (placeholdersIn(value).length <= MOST) return value
  throw new NothingStored(
    `it contains more than ${MOST} placeholders for hidden values. Use PATCH to change only what you mean to change`,
  )
}

interface Lists {
  given: readonly unknown[]
  stored: unknown
  shown: unknown
  path: string
}

/** Items of a list may have moved: an item matches the one that looks the same or has the same name. */
function inList(item: unknown, index: number, { given, stored, shown, path }: Lists): unknown {
  if (placeholdersIn(item).length === 0) return item
  const [olds, seen] = [listOf(stored), listOf(shown)]
  const alike = seen.flatMap((one, at) => (differences(one, item).length === 0 ? [at] : []))
  const called = alike.length > 0 ? alike : seen.flatMap((one, at) => (isCalledAs(one, item) ? [at] : []))
  const inPlace = given.length === seen.length && (called.includes(index) || (called.length === 0 && !isCalled(item)))
  const at = called.length === 1 ? called[0] : inPlace ? index : undefined
  const place = `${path}[${index}]`
  return at === undefined ? putBack(item, undefined, undefined, place) : putBack(item, olds[at], seen[at], place)
}

/** Properties that name an item in a list. */
const CALLED = ['name', 'url', 'id']

function isCalled(item: unknown): boolean {
  return typeof item === 'string' || CALLED.some((name) => own(item, name) !== undefined)
}

function isCalledAs(one: unknown, other: unknown): boolean {
  const name = CALLED.find((key) => typeof own(other, key) === 'string')
  return name !== undefined && own(one, name) === own(other, name)
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
