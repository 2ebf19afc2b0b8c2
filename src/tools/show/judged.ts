// Whether a result is out of range, as its record says.
import { conceptOf } from '../../answer/digest/subject.ts'
import { isRecord, records, scalarText } from '../../base/json.ts'
import { codeText, type Resource, shortText } from './records.ts'
import type { Point } from './shown.ts'

interface Range {
  low?: number
  high?: number
}

/** The unit of a value, as written and as coded. */
interface Unit {
  unit: unknown
  code: unknown
}

/** The only normal range in the value's unit, and for whom it is; if there are several or it has another form, a remark instead. */
export function rangeOf(part: Resource, of: Unit): { range: Range; remark?: string } {
  const normal = records(part, 'referenceRange').filter(
    ({ type }) => type === undefined || conceptOf(type)?.code === 'normal',
  )
  const [first] = normal
  if (!first) return { range: {} }
  const range = boundsOf(first, of)
  const isDrawable = range.low !== undefined || range.high !== undefined
  const words = isDrawable && normal.length === 1 ? [] : [...new Set(normal.map(wordsOf))].filter(Boolean)
  if (isDrawable && words.length <= 1) {
    const whom = whomOf(first).join(', ')
    return { range, ...(whom !== '' && { remark: shortText(`range for ${whom}`) }) }
  }
  return words.length === 0 ? { range: {} } : { range: {}, remark: shortText(`range ${words.join('; ')}`) }
}

function boundsOf({ low, high }: Resource, of: Unit): Range {
  // Both bounds or none, since half of a range would be another range.
  const sides = Object.entries({ low, high }).filter(([, bound]) => bound !== undefined)
  const bounds = sides.flatMap(([name, bound]) => {
    if (!isRecord(bound) || typeof bound.value !== 'number' || !Number.isFinite(bound.value)) return []
    const { unit, code } = bound
    const isSame =
      (unit === undefined && code === undefined) ||
      (code !== undefined && of.code !== undefined ? code === of.code : (unit ?? code) === (of.unit ?? of.code))
    return isSame ? [[name, bound.value] as const] : []
  })
  const range: Range = bounds.length === sides.length ? Object.fromEntries(bounds) : {}
  return range.low !== undefined && range.high !== undefined && range.low > range.high ? {} : range
}

function wordsOf(range: Resource): string {
  return [numbersOf(range) || shortText(range.text), ...whomOf(range)].filter(Boolean).join(', ')
}

function whomOf({ appliesTo, age }: Resource): string[] {
  const years = isRecord(age) ? numbersOf(age) : ''
  return [...records({ appliesTo }, 'appliesTo').map(codeText), years && `age ${years}`].filter(Boolean)
}

function numbersOf({ low, high }: Resource): string {
  const bound = (value: unknown) =>
    isRecord(value) ? `${scalarText(value.value)} ${scalarText(value.unit ?? value.code)}`.trim() : ''
  const [least, most] = [bound(low), bound(high)]
  return shortText(least && most ? `${least} to ${most}` : least ? `from ${least}` : most && `up to ${most}`)
}

type Flag = NonNullable<Point['flag']> | 'normal'

const FLAGS: Readonly<Record<string, Flag>> = {
  ...{ H: 'high', HH: 'high', HU: 'high', HX: 'high', '>': 'high', 'H>': 'high', HIGH: 'high' },
  ...{ L: 'low', LL: 'low', LU: 'low', LX: 'low', '<': 'low', 'L<': 'low', LOW: 'low' },
  ...{ A: 'abnormal', AA: 'abnormal', ABNORMAL: 'abnormal', N: 'normal', NORMAL: 'normal' },
  ...{ 'CRITICAL HIGH': 'high', 'SIGNIFICANTLY HIGH': 'high', 'OFF SCALE HIGH': 'high' },
  ...{ 'CRITICAL LOW': 'low', 'SIGNIFICANTLY LOW': 'low', 'OFF SCALE LOW': 'low' },
  'CRITICAL ABNORMAL': 'abnormal',
}

/** The record's own flag, or else one derived from the range. */
export function flagOf(part: Resource, value: number, sign: string, { low, high }: Range): Flag | undefined {
  const written = records(part, 'interpretation').flatMap((concept) => [
    ...records(concept, 'coding').flatMap(({ code, display }) => [scalarText(code), scalarText(display)]),
    scalarText(concept.text),
  ])
  const told = written
    .map((one) => one.trim().toUpperCase())
    .flatMap((one) => (Object.hasOwn(FLAGS, one) ? (FLAGS[one] ?? []) : []))
  // Of several flags, the most specific one; high and low together only mean abnormal.
  const [side, other] = new Set(told.filter((flag) => flag === 'high' || flag === 'low'))
  if (other !== undefined) return 'abnormal'
  const flag = side ?? told.find((one) => one === 'abnormal') ?? told[0]
  if (flag !== undefined) return flag
  // Not a measure, such as `ad`: the amount that suffices.
  if (!/^(?:[<>]=?)?$/.test(sign)) return undefined
  // `<10` may be within a range up to 6; `>10` is certainly above it.
  if (low !== undefined && (value < low || (value === low && sign === '<')) && !sign.startsWith('>')) return 'low'
  if (high !== undefined && (value > high || (value === high && sign === '>')) && !sign.startsWith('<')) return 'high'
  return undefined
}
