// For a search by code that finds nothing: the codes that exist. Models often recall a wrong code and report "no data", so an empty
// answer lists the codes that are there.

import { isRecord, scalarText } from '../../base/json.ts'
import { oneLine, quoted } from '../../base/text.ts'
import { type Asked, formatPlace, parsePlace, type QueryParameter } from '../../fhir/query.ts'
import { isSearchset } from './no-hits.ts'

/** Search parameters of concepts whose elements have a different name. */
const ELEMENTS: Readonly<Record<string, readonly string[]>> = {
  code: [
    'code',
    'codeCodeableConcept',
    'medicationCodeableConcept',
    'vaccineCode',
    'codeReference',
    'medicationReference',
  ],
  'combo-code': ['code', 'component.code'],
  'combo-value-concept': ['valueCodeableConcept', 'component.valueCodeableConcept'],
  'value-concept': ['valueCodeableConcept'],
  bodysite: ['bodySite', 'bodysite'],
  substance: ['code', 'reaction.substance'],
  manifestation: ['reaction.manifestation'],
  'procedure-code': ['procedureCode', 'procedure.procedureCodeableConcept'],
  role: ['code', 'role', 'participant.role'],
  'item-code': ['item.code'],
  ingredient: ['ingredient.itemCodeableConcept'],
}
const OF_CONCEPTS =
  /^(?:.*-code|.*-concept|code|type|category|class|specialty|service-type|service-category|modality|body-?site|substance|manifestation|role|ingredient|appointment-type|topic|event|relationship|form|method|interpretation|jurisdiction|reason)$/

/** A search that found nothing, and the same search without its codes. */
export interface Codeless {
  /** The criteria by code. */
  codes: QueryParameter[]
  /** The search for everything that exists instead, newest first. */
  path: string
}

/** Maximum number of resources searched for codes. */
export const LOOKED_THROUGH = 2_000

/** What to search after an empty answer; undefined if it isn't empty or not by a code. */
export function codelessOf({ path }: Asked, body: unknown): Codeless | undefined {
  if (!isSearchset(body) || !isEmpty(body)) return undefined
  const { segments, parameters } = parsePlace(path)
  const [type, ...rest] = segments
  if (type === undefined || rest.some((one) => one !== '_search')) return undefined
  const codes = parameters.filter(({ key, value }) => isOfConcept(key) && value !== '')
  if (codes.length === 0) return undefined
  const kept = parameters.filter(
    (one) =>
      !codes.includes(one) &&
      !/^_(?:count|sort|summary|elements|fields|total|offset|cursor|include|revinclude)\b/.test(one.key),
  )
  const added = [
    { key: '_sort', value: '-_lastUpdated' },
    { key: '_count', value: '1000' },
  ]
  return { codes, path: formatPlace({ segments: [type], parameters: [...kept, ...added] }) }
}

function isEmpty(body: Record<string, unknown>): boolean {
  return Array.isArray(body.entry) && body.entry.length > 0 ? false : (body.total ?? 0) === 0
}

function isOfConcept(key: string): boolean {
  const [name = '', modifier] = key.split(':')
  return (
    !key.includes('.') && OF_CONCEPTS.test(name) && !/^(?:missing|not|not-in|identifier|[A-Z].*)$/.test(modifier ?? '')
  )
}

interface Found {
  system: string
  code: string
  display: string
  count: number
}

/**
 * The codes that exist, the nearest first, as lines for the model.
 *
 * @param resources of the search without its codes
 * @param total the total, if these are not all
 */
export function otherCodes({ codes, path }: Codeless, resources: readonly unknown[], total?: number): string[] {
  const what = codes.map(({ key, value }) => `\`${key}=${oneLine(value, MAX_SHOWN)}\``).join(' and ')
  const names = codes.map(({ key }) => `\`${key}\``).join(', ')
  const searched = path.replace(/[?&]_(?:sort|count)=[^&]*/g, '')
  if (resources.length === 0) return [`Nothing has ${what}, and the same search without ${names} finds nothing either.`]
  const of =
    total !== undefined && total > resources.length
      ? ` (looking through the newest ${resources.length} of ${total})`
      : ''
  return codes.flatMap(({ key, value }) => {
    const [name = ''] = key.split(':')
    const found = codesIn(resources, name)
    if (found.length === 0)
      return [`Nothing has ${what}; the ${resources.length} records found without it have no codes there.`]
    const ranked = nearestFirst(found, value)
    const same = ranked.filter(({ code }) => isIn(code, value)).length
    const shown = ranked
      .slice(0, same || MAX_LISTED)
      .map(({ system, code, display, count }) => `${count} of ${told(system, code, display)}`)
    const rest = ranked.length - shown.length
    return [
      `Nothing has ${what}. There may still be some: the same search without ${names}${of} finds, nearest first, ${shown.join('; ')}${rest > 0 ? `; and ${rest} other codes (fhir-digest of ${searched})` : ''}.`,
    ]
  })
}

const MAX_LISTED = 8
const MAX_SHOWN = 80

function told(system: string, code: string, display: string): string {
  const token = code === '' ? '' : oneLine(system === '' ? code : `${system}|${code}`, MAX_SHOWN)
  return [token, display === '' ? '' : quoted(oneLine(display, MAX_SHOWN))].filter(Boolean).join(' ')
}

function codesIn(resources: readonly unknown[], name: string): Found[] {
  const found = new Map<string, Found>()
  for (const resource of resources) {
    const own = new Set<string>()
    for (const one of elementsOf(name)
      .flatMap((path) => valuesAt(resource, path.split('.')))
      .flatMap(codingsIn)) {
      const key = JSON.stringify([one.system, one.code, one.code === '' ? one.display : ''])
      const known = found.get(key)
      if (!known) found.set(key, { ...one, count: 1 })
      else if (!own.has(key)) known.count++
      if (known?.display === '') known.display = one.display
      own.add(key)
    }
  }
  return [...found.values()]
}

function elementsOf(name: string): readonly string[] {
  if (Object.hasOwn(ELEMENTS, name)) return ELEMENTS[name] ?? []
  const camel = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
  const component = /^component-(.+)$/.exec(name)?.[1]
  if (component !== undefined) return [component === 'code' ? 'component.code' : 'component.valueCodeableConcept']
  return [camel, ...(camel === 'reason' ? ['reasonCode'] : [])]
}

function valuesAt(value: unknown, [step, ...rest]: readonly string[]): unknown[] {
  if (step === undefined) return [value].flat()
  return [value].flat().flatMap((one) => (isRecord(one) && Object.hasOwn(one, step) ? valuesAt(one[step], rest) : []))
}

/** The codings of a CodeableConcept, Coding, code or reference, for a search. */
function codingsIn(element: unknown): Omit<Found, 'count'>[] {
  if (!isRecord(element)) return element ? [{ system: '', code: scalarText(element), display: '' }] : []
  const text = scalarText(element.text) || scalarText(element.display)
  const codings = Array.isArray(element.coding) ? element.coding.filter(isRecord) : []
  const all = codings.length > 0 ? codings : [element]
  const found = all.map(({ system, code, display }) => ({
    ...{ system: scalarText(system), code: scalarText(code) },
    display: scalarText(display) || text,
  }))
  return found.filter(({ code, display }) => code !== '' || display !== '')
}

// ── Which is meant ──

/** The value's codes, without their systems. */
function codesOf(value: string): string[] {
  return value.split(',').map((one) => one.slice(one.lastIndexOf('|') + 1))
}

function isIn(code: string, value: string): boolean {
  return codesOf(value).some((one) => one.toLowerCase() === code.toLowerCase() && code !== '')
}

/** The same code in another system first, then by words, by the code's letters, and by frequency. */
function nearestFirst(found: readonly Found[], value: string): Found[] {
  const wanted = codesOf(value).map((code) => ({ code: code.toLowerCase(), words: wordsIn(code) }))
  const nearness = (one: Found) =>
    Math.max(
      ...wanted.map(({ code, words }) =>
        code !== '' && code === one.code.toLowerCase() ? 3 : byWords(words, one) + alike(code, one.code.toLowerCase()),
      ),
    )
  const scored = found.map((one) => ({ one, near: nearness(one) }))
  return scored.sort((a, b) => b.near - a.near || b.one.count - a.one.count).map(({ one }) => one)
}

/** How many of the words a display has, at their beginnings; up to 1. */
function byWords(words: readonly string[], { display, code }: Found): number {
  if (words.length === 0) return 0
  const own = [...wordsIn(display), ...wordsIn(code)]
  return (
    words.filter((word) => own.some((other) => other.startsWith(word) || word.startsWith(other))).length / words.length
  )
}

function wordsIn(text: string): string[] {
  return text
    .slice(0, 200)
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => /\p{L}/u.test(word) && word.length > 2)
}

/** How much of their beginning two codes share, up to a half: for a wrong digit, or a code that is too exact or not exact enough. */
function alike(a: string, b: string): number {
  if (a === '' || b === '') return 0
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  return same / Math.max(a.length, b.length) / 2
}
