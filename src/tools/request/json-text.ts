// JSON as models write it, as text or as a value: what is wrong with it, and what Medplum would not store unchanged.
import { isRecord } from '../../base/json.ts'
import { quoted } from '../../base/text.ts'
import { UserError } from '../../base/told-error.ts'

/**
 * @param isFile stored byte for byte, whatever it contains
 * @throws {UserError} that names the place where reading stopped, or a name that is given twice
 */
export function parseJsonArgument(text: string, isFile = false): unknown {
  if (isDeep(text)) throw new UserError(TOO_DEEP)
  const value = parsed(text)
  const twice = nameGivenTwice(text)
  if (twice !== undefined && !isFile) {
    throw new UserError(
      `\`body\` names ${quoted(twice)} twice in one object, and Medplum would silently drop the first. Nothing was sent. Give each name once.`,
    )
  }
  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new UserError(
      `\`body\` is not valid JSON: ${describe(error, text)}. Nothing was sent. Give an object such as {"resourceType":"Patient"}, or set contentType for other content.`,
    )
  }
}

export const TOO_DEEP =
  '`body` is nested too deeply. Nothing was sent. Give a plain resource, such as {"resourceType":"Patient"}.'
/** Far deeper than any resource. */
const MAX_DEPTH = 500

/** Whether brackets are nested far deeper than needed: reading that takes long, and it can't be written again. */
function isDeep(text: string): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === QUOTE) inString = !inString
    else if (inString) at += char === BACKSLASH ? 1 : 0
    else if (char === BRACKET || char === BRACE) depth++
    else if (char === BRACKET + 2 || char === BRACE + 2) depth--
    if (depth > MAX_DEPTH) return true
  }
  return false
}

const [QUOTE, COLON, BACKSLASH, BRACKET, BRACE] = [0x22, 0x3a, 0x5c, 0x5b, 0x7b]

/** What is wrong with JSON text, with the line and column where reading stopped. */
function describe(error: unknown, text: string): string {
  const message = String(error instanceof Error ? error.message : error)
  const what = message.replace(/, (\.\.\.)?"[\s\S]*$/, '').replace(/ in JSON at position[\s\S]*/, '')
  const told = /position (\d+)/.exec(message)?.[1]
  const isSought = UNEXPECTED.test(message) && text.length <= MAX_SOUGHT
  const at = told !== undefined ? Number(told) : isSought ? unexpectedAt(text) : undefined
  if (at === undefined) return `${what || 'it ends too early'}, after ${text.length} characters`
  const before = text.slice(0, at).split('\n')
  return `${what} at position ${at} (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`
}

/** V8 shows the surroundings of a token that it doesn't expect, but not its place. */
const UNEXPECTED = /^Unexpected token/

/** Maximum characters of a text in which the place is searched for, which parses the text about twenty times. */
const MAX_SOUGHT = 100_000

/** The place of that token: text that ends before it is incomplete, text that includes it is invalid. */
function unexpectedAt(text: string): number {
  let [good, bad] = [0, text.length]
  while (good < bad - 1) {
    const middle = Math.floor((good + bad) / 2)
    if (isUnexpected(text.slice(0, middle))) bad = middle
    else good = middle
  }
  return bad - 1
}

function isUnexpected(text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch (error) {
    return error instanceof Error && UNEXPECTED.test(error.message)
  }
}

/** A name that an object in this valid JSON has twice: parsers silently take the last one. */
function nameGivenTwice(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []
  let last = ''
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === QUOTE) {
      const start = at++
      while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
      last = text.slice(start, at + 1)
    } else if (char === BRACE) open.push(new Set())
    else if (char === BRACKET) open.push(undefined)
    else if (char === BRACE + 2 || char === BRACKET + 2) open.pop()
    else if (char === COLON) {
      const name = String(JSON.parse(last))
      if (open.at(-1)?.has(name)) return name
      open.at(-1)?.add(name)
    }
  }
  return undefined
}

const MAX_NAMED = 3

/**
 * Numbers that Medplum, which reads them as 64-bit floating point (as JavaScript does), would store differently.
 *
 * @param text the original text, if the value was given as text
 * @returns a note for the model; undefined if all numbers stay as they are
 * @throws {UserError} for a number that can't be sent at all
 */
export function checkNumbers(value: unknown, text: string | undefined): string | undefined {
  const changed = text === undefined ? unsafeIn(value) : rewrittenIn(text)
  if (changed.length === 0) return undefined
  const named = changed
    .slice(0, MAX_NAMED)
    .map(({ name, from, to }) => `${name === '' ? '' : `${name}: `}${from} as ${to}`)
  const rest = changed.length > named.length ? `, and ${changed.length - named.length} more` : ''
  return `Medplum keeps numbers as 64-bit floating point, so it stores ${named.join(', ')}${rest}. Check the stored values.`
}

interface Rewritten {
  name: string
  from: string
  to: string
}

/** With an exponent, a fraction that ends in zero, or more digits than are kept: the only numbers that can change. */
const SUSPECT = [/\d[eE]/, /\.\d*0\b/, /[\d.]{16}/, /-0/]

function rewrittenIn(text: string): Rewritten[] {
  if (!SUSPECT.some((one) => one.test(text))) return []
  const found: Rewritten[] = []
  const look = (name: string, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number') return value
    const from = context?.source ?? String(value)
    if (!Number.isFinite(value)) throw tooLarge(name, from)
    if (from !== String(value)) found.push({ name, from, to: String(value) })
    return value
  }
  JSON.parse(text.replace(/^\uFEFF/, ''), look)
  return found
}

/** A value that was parsed earlier has lost its text: only certain changes are found. */
function unsafeIn(value: unknown): Rewritten[] {
  const found: Rewritten[] = []
  const waiting: [string, unknown][] = [['', value]]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [name, one] = next
    if (Array.isArray(one)) for (const inner of one) waiting.push([name, inner])
    else if (isRecord(one)) waiting.push(...Object.entries(one))
    else if (typeof one === 'number') {
      if (!Number.isFinite(one)) throw tooLarge(name, 'a number beyond 1.8e308')
      if (Number.isInteger(one) && !Number.isSafeInteger(one))
        found.push({ name, from: 'an integer beyond 9007199254740991', to: String(one) })
    }
  }
  return found
}

function tooLarge(name: string, from: string): UserError {
  return new UserError(
    `\`body\`${name === '' ? '' : `, ${name}`}: ${from.slice(0, 40)} is larger than Medplum can store. Nothing was sent. Give a number below 1.8e308.`,
  )
}
