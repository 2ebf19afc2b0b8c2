// The elements of a type or profile: its StructureDefinition in a few hundred tokens, instead of 60,000 to 235,000.
import { isRecord, records, scalarText } from '../base/json.ts'

/** An element and those within it. */
interface Part {
  name: string
  min: number
  many: boolean
  /** Types, or what a reference may refer to. */
  type: string
  /** The codes that are allowed, or the value that is fixed. */
  codes: string
  parts: Part[]
  /** The value set of a required binding, if the definition doesn't list all of its codes. */
  valueSet?: string
  /** Whether a profile mentions it. */
  told: boolean
}

export interface Shape {
  type: string
  /** URL of the profile, if it is one. */
  profile?: string
  parts: Part[]
}

/** In all resources, and in every element. */
const OF_RESOURCES = /^(?:meta|implicitRules|language|text|contained)$/
const OF_ELEMENTS = /^(?:id|extension|modifierExtension)$/

/** Reads a StructureDefinition; undefined for one without a snapshot. */
export function shapeOf(definition: unknown): Shape | undefined {
  if (!isRecord(definition)) return undefined
  const snapshot = records(definition.snapshot, 'element')
  const [root, ...elements] = snapshot
  if (!root) return undefined
  const isProfile = definition.derivation === 'constraint'
  const changed = new Set(records(definition.differential, 'element').map(({ id }) => scalarText(id)))
  const byId = new Map<string, Part>()
  const top: Part[] = []
  for (const element of elements) {
    const id = scalarText(element.id) || scalarText(element.path)
    const at = id.lastIndexOf('.')
    const [parent, name] = [id.slice(0, at), id.slice(at + 1)]
    const extended = isProfile && /^(?:extension|modifierExtension):/.test(name)
    const isCommon = OF_ELEMENTS.test(name) || (OF_RESOURCES.test(name) && !parent.includes('.'))
    if (id === '' || element.max === '0' || (isCommon && !extended)) continue
    const part = partOf(element, name, changed.has(id) || element.mustSupport === true)
    byId.set(id, part)
    const holder = parent.includes('.') ? byId.get(parent)?.parts : top
    holder?.push(part)
  }
  const type = scalarText(definition.type)
  return { type, ...(isProfile && { profile: scalarText(definition.url) }), parts: isProfile ? toldOf(top) : top }
}

/** For a profile: the elements that it requires, changes or supports, and the elements around those. */
function toldOf(parts: readonly Part[]): Part[] {
  return parts.flatMap((part) => {
    const within = toldOf(part.parts)
    return part.told || part.min > 0 || within.length > 0 ? [{ ...part, parts: within }] : []
  })
}

function partOf(element: Record<string, unknown>, name: string, told: boolean): Part {
  const types = records(element, 'type')
  const binding = isRecord(element.binding) && element.binding.strength === 'required' ? element.binding : undefined
  const valueSet = withoutVersion(binding?.valueSet)
  const { codes, whole } = codesIn(scalarText(element.short))
  const bound = valueSet === '' ? undefined : { codes: codes.join('|'), ...(whole ? {} : { valueSet }) }
  const fixed = fixedIn(element)
  const same = /^#(.+)$/.exec(scalarText(element.contentReference))?.[1]
  return {
    name,
    min: Number(element.min ?? 0),
    many: element.max !== undefined && element.max !== '1',
    type: same === undefined ? typesOf(types) : `as ${same.slice(same.indexOf('.') + 1)}`,
    codes: fixed ?? bound?.codes ?? '',
    parts: [],
    ...(fixed === undefined && bound?.valueSet !== undefined && { valueSet: bound.valueSet }),
    told,
  }
}

/** `registered | preliminary | final +`: the plus says that there are others. */
function codesIn(short: string): { codes: string[]; whole: boolean } {
  if (!/^[\w-]+(?: \| [\w-]+)+(?: \+)?$/.test(short)) return { codes: [], whole: false }
  return { codes: short.replace(/ \+$/, '').split(' | '), whole: !short.endsWith('+') }
}

/** A pattern or fixed value, as short as possible. */
function fixedIn(element: Record<string, unknown>): string | undefined {
  const [, value] = Object.entries(element).find(([name]) => /^(?:fixed|pattern)[A-Z]/.test(name)) ?? []
  if (value === undefined) return undefined
  const coding = isRecord(value) && Array.isArray(value.coding) ? value.coding.find(isRecord) : value
  if (!isRecord(coding)) return `=${scalarText(value)}`
  const { system, code } = coding
  return code === undefined
    ? `=${JSON.stringify(value).slice(0, 120)}`
    : `=${[system, code].map(scalarText).filter(Boolean).join('|')}`
}

const BASIC = new Set(['http://hl7.org/fhirpath/System.String'])

function typesOf(types: readonly Record<string, unknown>[]): string {
  if (types.length > 12) return 'any type'
  return types
    .flatMap(({ code, targetProfile, profile }) => {
      const name = scalarText(code)
      if (BASIC.has(name)) return ['string']
      const targets = Array.isArray(targetProfile) ? targetProfile.map(lastSegment) : []
      if (name === 'Reference' || name === 'canonical') {
        const any = targets.length === 0 || targets.includes('Resource')
        return [any ? name : `${name === 'canonical' ? 'canonical ' : ''}→${targets.join(',')}`]
      }
      const own = name === 'Extension' && Array.isArray(profile) ? profile.map(scalarText).join(',') : ''
      return [own === '' ? name : `Extension ${own}`]
    })
    .join('|')
}

/** A canonical's address. */
export function withoutVersion(address: unknown): string {
  return scalarText(address).split('|', 1)[0] ?? ''
}

function lastSegment(address: unknown): string {
  return withoutVersion(address).split('/').at(-1) ?? ''
}

// ── As text ──

/** The value sets whose codes the definition doesn't list. */
export function valueSetsIn(shape: Shape): string[] {
  const found = new Set<string>()
  const look = (parts: readonly Part[]) => {
    for (const { valueSet, parts: within } of parts) {
      if (valueSet !== undefined) found.add(valueSet)
      look(within)
    }
  }
  look(shape.parts)
  return [...found]
}

/** If a value set has more codes than this, only its name is given. */
const MOST_CODES = 20
/** Maximum characters of a shape: a token is three or a few more. */
const MAX_CHARS = 4_300
const LEGEND = '! required, [] list, → reference to'

/**
 * The shape as lines, within its maximum length: if it is too long, the deepest elements are given by name only.
 *
 * @param known the codes of value sets, as far as they are known
 */
export function shapeText(shape: Shape, known: ReadonlyMap<string, readonly string[]> = new Map()): string {
  const head =
    shape.profile === undefined
      ? `Elements (${LEGEND}):`
      : `Elements that the profile ${shape.profile} requires, bounds or supports (${LEGEND}):`
  const levels = [
    { codes: MOST_CODES, typed: 9, deep: 9 },
    { codes: 12, typed: 2, deep: 9 },
    { codes: 8, typed: 1, deep: 9 },
    { codes: 8, typed: 1, deep: 2 },
    { codes: 6, typed: 1, deep: 1 },
    { codes: 4, typed: 0, deep: 0 },
  ]
  let text = ''
  for (const level of levels) {
    text = [head, ...shape.parts.map((part) => `  ${partText(part, 0, level, known)}`)].join('\n')
    if (text.length <= MAX_CHARS) return text
  }
  return text.length <= MAX_CHARS ? text : `${text.slice(0, text.lastIndexOf('\n', MAX_CHARS))}\n  …`
}

interface Level {
  codes: number
  /** The depth from which types are left out. */
  typed: number
  /** The depth from which elements are replaced by `…`. */
  deep: number
}

function partText(part: Part, depth: number, level: Level, known: ReadonlyMap<string, readonly string[]>): string {
  const { name, min, many, type, parts } = part
  const marks = `${min > 0 ? '!' : ''}${many ? '[]' : ''}`
  const isHolder = type === 'BackboneElement' || type === 'Element'
  const inner = parts.map((one) => partText(one, depth + 1, level, known)).join(', ')
  const within = parts.length === 0 ? '' : ` {${depth >= level.deep ? '…' : inner}}`
  if (depth > level.typed) return `${name}${marks}${within}`
  const shown = isHolder || type === '' ? '' : ` ${type}`
  return `${name}${marks}${shown}${codesText(part, level, known)}${within}`
}

function codesText({ codes, valueSet }: Part, level: Level, known: ReadonlyMap<string, readonly string[]>): string {
  if (codes.startsWith('=')) return codes
  const all = (valueSet !== undefined && known.get(valueSet)) || (codes === '' ? [] : codes.split('|'))
  const isWhole = valueSet === undefined || known.has(valueSet)
  if (all.length === 0 || all.length > MOST_CODES) return valueSet === undefined ? '' : ` (${lastSegment(valueSet)})`
  const shown = all.slice(0, level.codes)
  return `: ${shown.join('|')}${isWhole && shown.length === all.length ? '' : '|…'}`
}
