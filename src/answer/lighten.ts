// Shortens one value that is too large for an answer: first attachment data, then long text, then items of long lists, each named.
// Nothing is cut in the middle.
import { isRecord } from '../base/json.ts'
import { below } from './compact/literal.ts'

/** A shortened value, and what it lacks. */
export interface Lightened {
  value: unknown
  /** What was left out, each with its path and size. */
  leftOut: string[]
}

interface Candidate {
  kind: 'data' | 'text' | 'list'
  path: string
  size: number
  /** Maximum number of a list's items; the rest is removed from the end. */
  holder: Record<string | number, unknown>
  key: string | number
}

const MIN_DATA = 500
const MIN_TEXT = 1000
const MIN_LIST = 4

/**
 * Removes large parts until the value fits.
 *
 * @param size characters of the value in the form in which it is shown
 * @param limit characters that it may have there
 */
export function lighten(value: unknown, size: (value: unknown) => number, limit: number): Lightened {
  const copy: unknown = structuredClone(value)
  const leftOut: string[] = []
  for (const kind of ['data', 'text', 'list', 'property'] as const) {
    for (let now = size(copy); now > limit; now = size(copy)) {
      const found = kind === 'property' ? properties(copy) : candidates(copy, kind)
      // Candidates are measured as JSON, the whole as it is shown.
      const scale = JSON.stringify(copy).length / now
      const removed = removeLargest(found, (now - limit) * scale)
      if (removed.length === 0) break
      leftOut.push(...removed)
    }
  }
  return size(copy) <= limit ? { value: copy, leftOut } : { value: least(copy), leftOut: ['all but type and id'] }
}

/** What remains of a value that loses everything else. */
function least(value: unknown): unknown {
  if (!isRecord(value)) return null
  const kept = ['resourceType', 'id'].filter((name) => /^[\w.-]{1,64}$/.test(String(value[name])))
  return Object.fromEntries(kept.map((name) => [name, value[name]]))
}

/** Removes the largest ones until about as many characters are gone as are too many. */
function removeLargest(found: Candidate[], excess: number): string[] {
  const names: string[] = []
  let gone = 0
  for (const one of found.sort((a, b) => b.size - a.size)) {
    if (gone >= excess) break
    if (one.kind === 'list') {
      const list = one.holder[one.key]
      // It was removed with the end of its list.
      if (!Array.isArray(list)) continue
      const each = one.size / list.length
      const kept = Math.max(1, Math.floor(list.length - (excess - gone) / each) - 1)
      gone += (list.length - kept) * each
      names.push(`${one.path}: ${list.length - kept} of ${list.length} items, from the end`)
      list.splice(kept)
    } else {
      if (Array.isArray(one.holder)) one.holder[Number(one.key)] = null
      else delete one.holder[one.key]
      gone += one.size
      names.push(`${one.path} (${one.size} characters)`)
    }
  }
  return names
}

function candidates(value: unknown, kind: 'data' | 'text' | 'list'): Candidate[] {
  const found: Candidate[] = []
  const visit = (holder: Record<string | number, unknown>, key: string | number, path: string) => {
    const item = holder[key]
    if (typeof item === 'string') {
      const isData = key === 'data' && item.length >= MIN_DATA
      if (kind === 'data' ? isData : kind === 'text' && item.length >= MIN_TEXT) {
        found.push({ kind, path, size: item.length, holder, key })
      }
    } else if (Array.isArray(item)) {
      if (kind === 'list' && item.length >= MIN_LIST) {
        found.push({ kind, path, size: JSON.stringify(item).length, holder, key })
      }
      for (const index of item.keys()) visit(item as unknown as Record<number, unknown>, index, below(path, index))
    } else if (isRecord(item)) {
      for (const name of Object.keys(item)) visit(item, name, below(path, name))
    }
  }
  if (isRecord(value)) for (const name of Object.keys(value)) visit(value, name, below('', name))
  else if (Array.isArray(value)) {
    const holder = { items: value }
    visit(holder, 'items', 'items')
  }
  return found
}

/** The properties of the whole, without those that identify the resource. */
function properties(value: unknown): Candidate[] {
  if (!isRecord(value)) return []
  return Object.entries(value)
    .filter(([name]) => !['resourceType', 'id', 'meta'].includes(name))
    .map(([key, item]) => ({ kind: 'text', path: key, size: JSON.stringify(item ?? null).length, holder: value, key }))
}
