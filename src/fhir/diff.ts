// What differs between two versions of a resource, said in lines that a person can read at a glance.
import { isRecord } from '../base/json.ts'

/** One place where two values differ; `before` or `after` is absent where there is nothing. */
export interface Difference {
  /** `name[0].family`; empty for the value itself. */
  path: string
  before?: unknown
  after?: unknown
}

/** What Medplum sets by itself at every change. */
const SET_BY_SERVER: ReadonlySet<string> = new Set([
  'versionId',
  'lastUpdated',
  'author',
  'onBehalfOf',
  'project',
  'compartment',
])
const MAX_VALUE = 100

/**
 * Where two JSON values differ, in the order of the first. Items of a list are compared by their place, from both of its
 * ends, so that one item put in or taken out doesn't shift all others.
 */
export function differences(before: unknown, after: unknown): Difference[] {
  const found: Difference[] = []
  compare('', before, after, found)
  return found
}

/** What a person would see change between two versions of a resource: without what the server sets by itself. */
export function changesOf(before: unknown, after: unknown): Difference[] {
  return differences(withoutServerSide(before), withoutServerSide(after))
}

/**
 * One line for each difference: `status: "requested" → "completed"`.
 *
 * @param most lines to give; what is more is counted in a last one
 */
export function differenceLines(found: readonly Difference[], most: number): string[] {
  const lines = found.slice(0, most).map(({ path, before, after }) => {
    const place = path === '' ? 'all of it' : path
    if (before === undefined) return `${place}: added ${short(after)}`
    return after === undefined ? `${place}: removed ${short(before)}` : `${place}: ${short(before)} → ${short(after)}`
  })
  return found.length > most ? [...lines, `and ${found.length - most} more differences`] : lines
}

/** A value as JSON on one line, of at most 100 characters. */
export function short(value: unknown, most = MAX_VALUE): string {
  // What a line can't show, or what would turn its direction, is written out.
  const text = (JSON.stringify(value) ?? '').replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
  const letters = [...text]
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join('')}…`
}

function compare(path: string, before: unknown, after: unknown, found: Difference[]): void {
  if (before === after) return
  if (Array.isArray(before) && Array.isArray(after)) compareLists(path, before, after, found)
  else if (isRecord(before) && isRecord(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(joined(path, name), own(before, name), own(after, name), found)
    }
  } else {
    found.push({ path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) })
  }
}

function compareLists(path: string, before: unknown[], after: unknown[], found: Difference[]): void {
  const least = Math.min(before.length, after.length)
  let start = 0
  while (start < least && isSame(before[start], after[start])) start++
  let end = 0
  while (end < least - start && isSame(before.at(-1 - end), after.at(-1 - end))) end++
  const most = Math.max(before.length, after.length) - end
  for (let index = start; index < most; index++) {
    const old = index < before.length - end ? before[index] : undefined
    const now = index < after.length - end ? after[index] : undefined
    compare(`${path}[${index}]`, old, now, found)
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return differences(a, b).length === 0
}

function own(value: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined
}

/** A name that could break a line, or look like one, is quoted. */
function joined(path: string, name: string): string {
  const word = /^[A-Za-z_$][\w$-]*$/.test(name) ? name : short(name)
  return path === '' ? word : `${path}.${word}`
}

function withoutServerSide(resource: unknown): unknown {
  if (!isRecord(resource) || !isRecord(resource.meta)) return resource
  const meta = Object.entries(resource.meta).filter(([name]) => !SET_BY_SERVER.has(name))
  const { meta: _meta, ...rest } = resource
  return meta.length === 0 ? rest : { ...rest, meta: Object.fromEntries(meta) }
}
