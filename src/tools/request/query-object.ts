// Moves a query that is given as an object, as HTTP libraries accept it, into the path, if its meaning is clear.

import { isRecord } from '../../base/json.ts'
import { criterion, formatQuery, parsePlace } from '../../fhir/query.ts'

/** Argument names that models use for it. */
const NAMES = ['params', 'query', 'queryParams', 'searchParams'] as const

/**
 * The arguments of a read, with such an object moved into the path. An ambiguous one stays, and is refused as an unknown argument.
 *
 * @param note called with what was done
 */
export function withQueryObject(
  args: Record<string, unknown>,
  note: (text: string) => void = () => {},
): Record<string, unknown> {
  const [name, ...more] = NAMES.filter((one) => args[one] !== undefined)
  if (name === undefined || more.length > 0 || typeof args.path !== 'string') return args
  const { [name]: given, path, ...rest } = args
  const taken = new Set(parsePlace(args.path).parameters.map(({ key }) => key))
  const entries = isRecord(given) ? Object.entries(given) : []
  if (entries.length === 0 || !entries.every(([key, value]) => isPlain(key, value) && !taken.has(key))) return args
  const query = formatQuery(entries.map(([key, value]) => criterion(key, String(value))))
  const whole = `${args.path}${args.path.includes('?') ? '&' : '?'}${query}`
  note(`\`${name}\` was put into the path: ${whole}`)
  return { ...rest, path: whole }
}

/** A list may mean all or any of its values, and text that looks percent-encoded may not be. */
function isPlain(key: string, value: unknown): boolean {
  if (!/^[\w:.-]+$/.test(key)) return false
  if (typeof value === 'string') return value.trim() !== '' && !/%[0-9a-f]{2}/i.test(value)
  return typeof value === 'boolean' || Number.isFinite(value)
}
