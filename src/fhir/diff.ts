// The differences between two versions of a resource, in lines that a person can read at a glance.

import { isRecord, own } from '../base/json.ts'
import { visible } from '../base/text.ts'

/** One place where two values differ; `before` or `after` is absent if there is nothing. */
export interface Difference {
  /** `name[0].family`; empty for the value itself. */
  path: string
  before?: unknown
  after?: unknown
  /** Whether the two look alike, so that the difference can't be shown. */
  concealed?: true
}

/** A value, and the form of it that may be shown, which has the same structure. */
export interface Side {
  value: unknown
  shown: unknown
}

/** What Medplum sets at every change. */
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
 * Where two JSON values differ, in the order of the first. Items of a list are compared by position, counted from both ends, so that
 * an item that was inserted or removed doesn't make all others differ.
 */
export function differences(before: unknown, after: unknown): Difference[] {
  const found: Difference[] = []
  compare('', plain(before), plain(after), found)
  return found
}

/** The changes that a person would see between two versions of a resource, without what the server sets itself. */
export function changesOf(before: Side, after: Side): Difference[] {
  const found: Difference[] = []
  compare('', ...([before, after].map(withoutServerSide) as [Side, Side]), found)
  return found
}

function plain(value: unknown): Side {
  return { value, shown: value }
}

/**
 * One line for each difference: `status: "requested" → "completed"`.
 *
 * @param most maximum number of lines; a last one counts the other differences
 */
export function differenceLines(found: readonly Difference[], most: number): string[] {
  const lines = found.slice(0, most).map(({ path, before, after, concealed }) => {
    const place = path === '' ? 'the whole record' : path
    if (concealed) return `${place}: replaced`
    if (before === undefined) return `${place}: added ${short(after)}`
    return after === undefined ? `${place}: removed ${short(before)}` : `${place}: ${short(before)} → ${short(after)}`
  })
  return found.length > most ? [...lines, `and ${found.length - most} more differences`] : lines
}

/** A value as JSON on one line, of at most 100 characters. */
export function short(value: unknown, most = MAX_VALUE): string {
  const text = visible(JSON.stringify(value) ?? '')
  const letters = [...text]
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join('')}…`
}

function compare(path: string, before: Side, after: Side, found: Difference[]): void {
  const [old, now] = [before.value, after.value]
  if (old === now) return
  if (Array.isArray(old) && Array.isArray(now)) compareLists(path, before, after, found)
  else if (isRecord(old) && isRecord(now)) {
    for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
      compare(joined(path, name), member(before, name), member(after, name), found)
    }
  } else if (old !== undefined && now !== undefined && before.shown === after.shown) {
    found.push({ path, concealed: true })
  } else {
    const sides = { before: before.shown, after: after.shown }
    found.push({
      path,
      ...(old !== undefined && { before: sides.before }),
      ...(now !== undefined && { after: sides.after }),
    })
  }
}

function compareLists(path: string, before: Side, after: Side, found: Difference[]): void {
  const [olds, nows] = [items(before.value), items(after.value)]
  const least = Math.min(olds.length, nows.length)
  let start = 0
  while (start < least && isSame(olds[start], nows[start])) start++
  let end = 0
  while (end < least - start && isSame(olds.at(-1 - end), nows.at(-1 - end))) end++
  const most = Math.max(olds.length, nows.length) - end
  for (let index = start; index < most; index++) {
    const old = index < olds.length - end ? item(before, index) : NOTHING
    const now = index < nows.length - end ? item(after, index) : NOTHING
    compare(`${path}[${index}]`, old, now, found)
  }
}

const NOTHING: Side = { value: undefined, shown: undefined }

function isSame(a: unknown, b: unknown): boolean {
  return differences(a, b).length === 0
}

function items(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function item({ value, shown }: Side, index: number): Side {
  return { value: items(value)[index], shown: items(shown)[index] }
}

function member({ value, shown }: Side, name: string): Side {
  return { value: own(value, name), shown: own(shown, name) }
}

/** Quotes a name that could break a line or look like one. */
function joined(path: string, name: string): string {
  const word = /^[A-Za-z_$][\w$-]*$/.test(name) ? name : short(name)
  return path === '' ? word : `${path}.${word}`
}

function withoutServerSide({ value, shown }: Side): Side {
  return { value: withoutServerMeta(value), shown: withoutServerMeta(shown) }
}

function withoutServerMeta(resource: unknown): unknown {
  if (!isRecord(resource) || !isRecord(resource.meta)) return resource
  const meta = Object.entries(resource.meta).filter(([name]) => !SET_BY_SERVER.has(name))
  const { meta: _meta, ...rest } = resource
  return meta.length === 0 ? rest : { ...rest, meta: Object.fromEntries(meta) }
}
