// What all words of a column begin and end with, so that the head of a table can say it once: the type of a reference, the
// seconds and zone of a time.
import { literal } from './literal.ts'

export interface Affix {
  prefix: string
  suffix: string
}

/** A reference's type, an address's path; the end of a time. */
const PREFIX = /^[\w.:/-]*\w\//
const SUFFIX = /(?:T[\d:.]+|:\d\d(?:\.\d+)?|\.\d+)(?:Z|[+-]\d\d:\d\d)?$/
const REST = /^[A-Za-z0-9][\w.:/#-]*$/
const MIN_ROWS = 3

/** What all values begin and end with, where each is one plain word; undefined where that is nothing. */
export function affixOf(values: readonly unknown[], key: string): Affix | undefined {
  let prefix: string | undefined
  let suffix: string | undefined
  let present = 0
  for (const value of values) {
    if (value === undefined) continue
    if (typeof value !== 'string' || literal(value, key) !== value) return undefined
    present++
    prefix = prefix === undefined ? (PREFIX.exec(value)?.[0] ?? '') : sharedPrefix(prefix, value)
    suffix = suffix === undefined ? (SUFFIX.exec(value)?.[0] ?? '') : sharedSuffix(suffix, value)
    if (prefix === '' && suffix === '') return undefined
  }
  if (present < MIN_ROWS) return undefined
  const affix = { prefix: prefix ?? '', suffix: suffix ?? '' }
  return values.every((value) => typeof value !== 'string' || leaves(value, affix)) ? affix : undefined
}

/** Whether something plain is left between the two. */
function leaves(value: string, { prefix, suffix }: Affix): boolean {
  const rest = prefix.length + suffix.length
  return value.length > rest && REST.test(value.slice(prefix.length, value.length - suffix.length))
}

/** As much of the prefix as the value begins with, in whole steps of a path. */
function sharedPrefix(prefix: string, value: string): string {
  let shared = prefix
  while (shared !== '' && !value.startsWith(shared)) {
    const end = shared.slice(0, -1).lastIndexOf('/') + 1
    shared = shared.charAt(end - 2) === '/' ? '' : shared.slice(0, end)
  }
  return shared
}

/** As much of the suffix as the value ends with, from a sign on that divides a time. */
function sharedSuffix(suffix: string, value: string): string {
  let shared = suffix
  while (shared !== '' && !value.endsWith(shared)) {
    // Of a time that differs the seconds may still be the same, but minutes aren't told apart from their hour.
    shared = shared.startsWith('T') ? (/:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$/.exec(shared)?.[0] ?? '') : ''
  }
  return shared
}
