// A resource's date and value, whatever its type, for the figures of a digest's row.
import { isRecord } from '../../base/json.ts'
import { conceptOf, oneLineText } from './subject.ts'

export interface Value {
  /** As it is shown: a number, with any comparator before it, or a text. */
  shown: number | string
  /** The number to compare; absent for texts. */
  number?: number
  /** Where the number stands to the true value: -2 for `<`, up to 2 for `>`. */
  side?: number
  /** The unit, by its code if it has one: only numbers of the same unit are compared. */
  unit?: string
  /** The unit as it is written. */
  unitText?: string
}

/** Dates of a resource, the clinically relevant one first; names ending in `[x]` stand for dateTime, date, instant, Period, Timing. */
const DATES = [
  'effective[x]',
  'onset[x]',
  'performed[x]',
  'occurrence[x]',
  'occurred[x]',
  'authoredOn',
  'period',
  'start',
  'started',
  'startDate',
  'created[x]',
  'issued',
  'recordedDate',
  'date',
  'sent',
  'authored',
  'whenHandedOver',
  'whenPrepared',
  'collection',
  'dateTime',
  'recorded',
  'identified[x]',
  'dateAsserted',
  'received',
  'receivedTime',
  'billablePeriod',
  'servicePeriod',
  'enteredDate',
  'dateWritten',
  'planningHorizon',
  'timestamp',
]
const DATE_ELEMENTS = DATES.flatMap((name) =>
  name.endsWith('[x]')
    ? ['', 'DateTime', 'Date', 'Instant', 'Period', 'Timing'].map((suffix) => name.replace('[x]', suffix))
    : [name],
)

/** The first of a resource's dates that `isDate` accepts, as written; never the date of storage. */
export function dateOf(resource: Record<string, unknown>, isDate: (value: unknown) => boolean): string | undefined {
  for (const name of DATE_ELEMENTS) {
    const value = resource[name]
    const date = value === undefined ? undefined : datesIn(value).find(isDate)
    if (typeof date === 'string') return date
  }
  return undefined
}

/** The dates that a date, Period, Timing or Specimen.collection holds. */
function datesIn(value: unknown): unknown[] {
  if (!isRecord(value)) return [value]
  const { start, end, event, repeat, collectedDateTime, collectedPeriod } = value
  const bounds = isRecord(repeat) ? repeat.boundsPeriod : undefined
  const periods = [bounds, collectedPeriod].filter(isRecord)
  const events: unknown[] = Array.isArray(event) ? event : []
  return [start, end, ...events, collectedDateTime, ...periods.flatMap((period) => [period.start, period.end])]
}

const AMOUNTS = ['total', 'totalGross', 'totalNet', 'paymentAmount', 'amount']

/** The names of all elements that this file reads in a resource. */
export const VALUE_ELEMENTS: readonly string[] = [
  ...DATE_ELEMENTS,
  ...AMOUNTS,
  'valueQuantity',
  'valueInteger',
  'valueRange',
  'valueRatio',
  'valueCodeableConcept',
  'valueString',
  'valueDateTime',
  'valueTime',
  'valueBoolean',
]

const SIDES: Readonly<Record<string, number>> = { '<': -2, '<=': -1, '>=': 1, '>': 2 }

/** The value of an Observation or of one of its components. */
export function measuredIn(element: Record<string, unknown>): Value | undefined {
  const { valueQuantity, valueInteger, valueRange, valueRatio } = element
  if (isRecord(valueQuantity)) return quantity(valueQuantity)
  if (isNumber(valueInteger)) return { shown: valueInteger, number: valueInteger, side: 0 }
  const concept = conceptOf(element.valueCodeableConcept)
  const text =
    concept?.display ??
    concept?.code ??
    pair(valueRange, 'low', ' to ', 'high') ??
    pair(valueRatio, 'numerator', ':', 'denominator') ??
    [element.valueString, element.valueDateTime, element.valueTime, element.valueBoolean].map(oneLineText).find(Boolean)
  return text === undefined ? undefined : { shown: shortened(text) }
}

/** The amount of a bill or payment, with the currency as its unit. */
export function amountIn(resource: Record<string, unknown>): Value | undefined {
  for (const name of AMOUNTS) {
    const money = resource[name]
    if (isRecord(money) && isNumber(money.value)) return quantity({ value: money.value, unit: money.currency })
  }
  return undefined
}

/** The values that an expression found. */
export function valuesIn(found: unknown): Value[] {
  return [found].flat().flatMap((one): Value[] => {
    if (isNumber(one)) return [{ shown: one, number: one, side: 0 }]
    if (isRecord(one) && isNumber(one.value))
      return [quantity({ ...one, unit: one.unit ?? one.currency })].flatMap((value) => value ?? [])
    const concept = conceptOf(one)
    const text = concept?.display ?? concept?.code ?? (isRecord(one) ? oneLineText(JSON.stringify(one)) : undefined)
    return text === undefined ? [] : [{ shown: shortened(text) }]
  })
}

function quantity({ value, comparator, unit, code }: Record<string, unknown>): Value | undefined {
  if (!isNumber(value)) return undefined
  const sign = oneLineText(comparator)
  const written = oneLineText(unit) ?? oneLineText(code)
  return {
    shown: sign ? `${sign}${value}` : value,
    number: value,
    side: (sign && Object.hasOwn(SIDES, sign) && SIDES[sign]) || 0,
    ...(written && { unit: oneLineText(code) ?? written, unitText: written }),
  }
}

function pair(element: unknown, from: string, between: string, to: string): string | undefined {
  if (!isRecord(element)) return undefined
  const [a, b] = [element[from], element[to]].map((one) => (isRecord(one) ? quantity(one) : undefined))
  if (!a && !b) return undefined
  const unit = b?.unitText ?? a?.unitText
  return `${a?.shown ?? ''}${between}${b?.shown ?? ''}${unit ? ` ${unit}` : ''}`.trim()
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

const MAX_TEXT = 80

function shortened(text: string): string {
  const characters = [...text]
  return characters.length > MAX_TEXT ? `${characters.slice(0, MAX_TEXT - 1).join('')}…` : text
}
