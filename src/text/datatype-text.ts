// FHIR's datatypes in words (FHIR R4, section 2.24), each on one line. What people wrote is in quotes, with line ends and
// invisible characters escaped: it is data, and can't look like a label or another line.

import { literal } from '../answer/compact/literal.ts'
import { isRecord, records, scalarText } from '../base/json.ts'
import { quoted } from '../base/text.ts'

type Element = Record<string, unknown>

/** Properties that don't interest a reader. */
const UNSAID: ReadonlySet<string> = new Set(['id', 'extension', 'modifierExtension', 'userSelected', 'rank'])

const MAX_DEPTH = 12

/**
 * A value of any FHIR datatype on one line, recognized by its elements: a record names no types.
 *
 * @param name the element that holds it
 * @returns the empty string for a value without content
 */
export function valueText(value: unknown, name: string, depth = 0): string {
  if (depth > MAX_DEPTH) return '…'
  // A value named as a string or Markdown is text, even if it is one word.
  if (typeof value === 'string') return /String$|Markdown$/.test(name) ? quoted(value) : literal(value, name)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value))
    return joined(
      value.map((item) => valueText(item, name, depth + 1)),
      ', ',
    )
  if (!isRecord(value)) return ''
  const recognized = DATATYPES.find(([of]) => of(value, elementsOf(value)))
  // Something that looks like a datatype but has no content as one is something else.
  return recognized?.[1](value, depth) || groupText(value, depth)
}

/** An element's name as a label: `birthDate` is `Birth date`, `valueQuantity` is `Value`. */
export function labelOf(name: string): string {
  const words = (CHOICE.exec(name)?.[1] ?? name)
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/[^A-Za-z0-9 ]/g, ' ')
    .trim()
  return words.charAt(0).toUpperCase() + words.slice(1).toLowerCase()
}

/** A person's name as people read it, without quotes. */
export function nameText(name: unknown): string {
  if (!isRecord(name)) return ''
  const parts = [name.prefix, name.given, name.family].flatMap(textsOf)
  const suffix = textsOf(name.suffix).join(', ')
  return scalarText(name.text) || joined([parts.join(' '), suffix], ', ')
}

/** The words of a CodeableConcept or Coding, without quotes; the code if it has none. */
export function conceptText(concept: unknown): string {
  if (Array.isArray(concept)) return conceptText(concept[0])
  if (!isRecord(concept)) return ''
  const codings = [concept, ...records(concept, 'coding')]
  const first = (element: string) => codings.map((coding) => scalarText(coding[element])).find((text) => text !== '')
  return first('text') ?? first('display') ?? first('code') ?? ''
}

/** Elements of several types (`value[x]`), whose name ends in the type. */
const CHOICE =
  /^(value|effective|onset|abatement|deceased|medication|occurrence|performed|multipleBirth|scheduled|timing|serviced|asNeeded|dose|rate|allowed|reported|content(?!Type))(?=[A-Z])/

/** How each datatype is recognized and written. The first match counts. */
const DATATYPES: readonly (readonly [
  of: (value: Element, elements: string[]) => boolean,
  say: (value: Element, depth: number) => string,
])[] = [
  [({ url, extension }) => typeof url === 'string' && Array.isArray(extension), nestedExtension],
  [(_, elements) => only(elements, 'reference type identifier display'), reference],
  [
    ({ coding, text }, elements) => only(elements, 'coding text') && (coding !== undefined || text !== undefined),
    concept,
  ],
  [(_, elements) => only(elements, 'system version code display'), coding],
  [
    ({ system }, elements) =>
      /^(phone|fax|email|pager|url|sms|other)$/.test(scalarText(system)) && elements.includes('value'),
    ({ system, value, use }) => `${scalarText(system)} ${quoted(scalarText(value))}${inBrackets(use)}`,
  ],
  [
    ({ value }, elements) => typeof value === 'string' && only(elements, 'use type system value period assigner'),
    ({ value, system, type }) =>
      `${quoted(scalarText(value))}${inBrackets(system)}${type === undefined ? '' : ` ${concept(type as Element)}`}`,
  ],
  [({ value }, elements) => value !== undefined && only(elements, 'value currency'), quantity],
  [({ value }, elements) => typeof value === 'number' && only(elements, 'value comparator unit system code'), quantity],
  [
    ({ family, given }, elements) =>
      (family ?? given) !== undefined && only(elements, 'use text family given prefix suffix period'),
    (value) => `${quoted(nameText(value))}${inBrackets(value.use)}`,
  ],
  [
    ({ line, city, state, country }, elements) =>
      (line ?? city ?? state ?? country) !== undefined &&
      only(elements, 'use type text line city district state postalCode country period'),
    address,
  ],
  [(_, elements) => only(elements, 'start end'), ({ start, end }) => `${dateOr(start)} to ${dateOr(end)}`],
  [
    (_, elements) => only(elements, 'low high'),
    ({ low, high }, depth) =>
      `${valueText(low, 'low', depth + 1) || '…'} to ${valueText(high, 'high', depth + 1) || '…'}`,
  ],
  [
    ({ text }, elements) => text !== undefined && only(elements, 'text time authorReference authorString'),
    ({ text, time, authorReference, authorString }, depth) =>
      joined(
        [
          quoted(scalarText(text)),
          valueText(time, 'time'),
          valueText(authorReference ?? authorString, 'authorString', depth + 1),
        ],
        ', ',
      ),
  ],
  [(_, elements) => only(elements, 'contentType language url data size hash title creation'), attachment],
  [
    (_, elements) =>
      elements.some((name) => /^value[A-Z]/.test(name)) &&
      only(
        elements.filter((name) => !/^value[A-Z]/.test(name)),
        'url name',
      ),
    extension,
  ],
]

function elementsOf(value: Element): string[] {
  return Object.keys(value).filter((name) => !UNSAID.has(name))
}

function only(elements: readonly string[], known: string): boolean {
  const names = known.split(' ')
  return elements.length > 0 && elements.every((element) => names.includes(element))
}

function joined(parts: readonly string[], by: string): string {
  return parts.filter((part) => part !== '').join(by)
}

function textsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map(scalarText).filter((text) => text !== '')
}

function inBrackets(value: unknown): string {
  const text = scalarText(value)
  return text === '' ? '' : ` (${literal(text)})`
}

function dateOr(value: unknown): string {
  return valueText(value, 'date') || '…'
}

function reference({ reference: to, display, identifier }: Element, depth: number): string {
  return joined(
    [valueText(to, 'reference'), valueText(display, 'display'), valueText(identifier, 'identifier', depth + 1)],
    ' ',
  )
}

function concept(value: Element): string {
  const codings = records(value, 'coding')
  const text = conceptText(value)
  const codes = codings.map((one) => codeOf(one)).filter((code) => code !== '')
  return joined([text === '' ? '' : quoted(text), codes.length > 0 ? `(${codes.join(', ')})` : ''], ' ')
}

function coding(value: Element): string {
  const code = codeOf(value)
  return joined([valueText(value.display, 'display'), code && `(${code})`], ' ')
}

/** `http://loinc.org|4548-4`, as searches take it. */
function codeOf({ system, code }: Element): string {
  const text = joined([scalarText(system), scalarText(code)], '|')
  return text === '' ? '' : /^[\w:/.|#+-]+$/.test(text) ? text : quoted(text)
}

function quantity({ value, comparator, unit, code, currency }: Element): string {
  const number = `${scalarText(comparator)}${scalarText(value)}`
  const of = scalarText(unit) || scalarText(code) || scalarText(currency)
  return joined([/^[<>=]*-?[\d.eE+-]+$/.test(number) ? number : quoted(number), of && quoted(of)], ' ')
}

function address(value: Element): string {
  const lines = [value.line, value.city, value.district, value.state, value.postalCode, value.country].flatMap(textsOf)
  return `${quoted(scalarText(value.text) || lines.join(', '))}${inBrackets(value.use)}`
}

function attachment({ title, contentType, size, url, data }: Element): string {
  const inline = typeof data === 'string' ? 'content in the record' : ''
  return joined(
    [
      valueText(title, 'title'),
      valueText(contentType, 'contentType'),
      size === undefined ? '' : `${valueText(size, 'size')} bytes`,
      valueText(url, 'url') || inline,
    ],
    ', ',
  )
}

/** An extension, or a parameter, by the last word of its address or its name. */
function extension(value: Element, depth: number): string {
  const name = (scalarText(value.name) || scalarText(value.url)).split(/[/#]/).at(-1) ?? ''
  const given = Object.entries(value).find(([element]) => /^value[A-Z]/.test(element))
  return `${literal(name)}: ${given ? valueText(given[1], given[0], depth + 1) : ''}`
}

function nestedExtension({ url, extension: parts }: Element, depth: number): string {
  return `${literal(scalarText(url).split('/').at(-1) ?? '')}: [${valueText(parts, 'extension', depth + 1)}]`
}

/** Elements that belong together, such as an item of a Claim. */
function groupText(value: Element, depth: number): string {
  const parts = elementsOf(value).map((name) => {
    const text = valueText(value[name], name, depth + 1)
    return text && `${labelOf(name).toLowerCase()} ${text}`
  })
  const text = joined(parts, '; ')
  return depth > 0 && text !== '' ? `[${text}]` : text
}
