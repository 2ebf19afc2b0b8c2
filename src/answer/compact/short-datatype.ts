// The short form of the most frequent datatypes: `<Patient/1 "Ann">` for a Reference, `<http://loinc.org|4548-4 "HbA1c">` for a
// Coding, `(…; "text")` for a CodeableConcept, `<6.1 "%">` for a Quantity in UCUM units, `<2 "tablet" ->` for one without a code.
// Only for values with these properties and no others.
import { quoted } from '../../base/text.ts'

type Properties = Record<string, unknown>

const UCUM = 'http://unitsofmeasure.org'
/** An address or a reference that contains no character of the form around it. */
const ADDRESS = /^[A-Za-z#][\w.:/#-]*$/
/** A date or dateTime (FHIR R4, section 2.24.0.1). */
const DATE = /^\d{4}(?:-\d\d){0,2}(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/
const CODE = /^[A-Za-z0-9][\w.:/+-]*$/

/** The datatypes with a short form; docs/answers.md and the instructions of the server explain each. */
export const SHORT = {
  Reference: reference,
  CodeableConcept: concept,
  Quantity: quantity,
  Period: period,
  Coding: coding,
} satisfies Record<string, (value: Properties, count: number) => string | undefined>

/** The short form of a value of one of these types; undefined for any other. */
export function datatype(value: Properties): string | undefined {
  let count = 0
  for (const _ in value) if (++count > 4) return undefined
  if (count === 0) return undefined
  if (value.reference !== undefined) return SHORT.Reference(value, count)
  if (value.coding !== undefined) return SHORT.CodeableConcept(value, count)
  if (value.value !== undefined) return SHORT.Quantity(value, count)
  if (value.start !== undefined) return SHORT.Period(value, count)
  const short = SHORT.Coding(value, count)
  return short === undefined ? undefined : `<${short}>`
}

function reference({ reference, display }: Properties, count: number): string | undefined {
  if (typeof reference !== 'string' || !ADDRESS.test(reference)) return undefined
  if (count === 1) return `<${reference}>`
  return count === 2 && typeof display === 'string' ? `<${reference} ${quoted(display)}>` : undefined
}

function coding({ system, code, display }: Properties, count: number): string | undefined {
  if (typeof system !== 'string' || typeof code !== 'string' || !ADDRESS.test(system)) return undefined
  const token = `${system}|${CODE.test(code) ? code : quoted(code)}`
  if (count === 2) return token
  return count === 3 && typeof display === 'string' ? `${token} ${quoted(display)}` : undefined
}

function concept({ coding: codings, text }: Properties, count: number): string | undefined {
  if (!Array.isArray(codings) || codings.length === 0 || count > 2) return undefined
  if (count === 2 && typeof text !== 'string') return undefined
  const parts: string[] = []
  for (const one of codings) {
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return undefined
    const short = coding(one, Object.keys(one).length)
    if (short === undefined) return undefined
    parts.push(short)
  }
  if (typeof text === 'string') parts.push(text === codings[0].display ? '=' : quoted(text))
  return `(${parts.join('; ')})`
}

function quantity({ value, unit, system, code }: Properties, count: number): string | undefined {
  if (typeof value !== 'number' || typeof unit !== 'string') return undefined
  if (count === 2) return `<${value} ${quoted(unit)} ->`
  if (count !== 4 || system !== UCUM || typeof code !== 'string') return undefined
  return unit === code ? `<${value} ${quoted(unit)}>` : `<${value} ${quoted(unit)} ${quoted(code)}>`
}

/** A Period with start and end, as an ISO 8601 interval. */
function period({ start, end }: Properties, count: number): string | undefined {
  const isWhole = count === 2 && typeof start === 'string' && typeof end === 'string'
  return isWhole && DATE.test(start) && DATE.test(end) ? `<${start}/${end}>` : undefined
}
