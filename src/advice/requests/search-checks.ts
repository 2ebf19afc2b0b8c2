// Searches that Medplum answers with 200 but misreads, found before they are sent.
import { nearest } from '../../fhir/capability.ts'
import { CONTROLS, criterion, formatQuery, kindsOf, meaningOf, type QueryParameter } from '../../fhir/query.ts'
import { boundsOf, hasSeveralValues, isDayOnly, isMisread, parseSearchDate } from '../../fhir/search-dates.ts'
import {
  type Case,
  type CheckedSearch,
  checkControl,
  type Finding,
  type Findings,
  unknownTypes,
} from './control-checks.ts'
import { VALUE_RULES } from './value-checks.ts'

/**
 * Checks the parameters of a search, or of the criteria of a conditional write.
 *
 * @returns the findings, and the parameters as they should be sent
 */
export function checkSearch(search: CheckedSearch): Findings & { parameters: QueryParameter[] } {
  const found: Findings = { refusals: [], notes: [], warnings: [] }
  const parameters = search.parameters.flatMap((parameter) => {
    for (const finding of findingsOf(parameter, search)) {
      if ('refuse' in finding) found.refusals.push(finding.refuse)
      else if ('warn' in finding) found.warnings.push(finding.warn)
      else {
        found.notes.push(finding.note)
        return finding.replace
      }
    }
    return [parameter]
  })
  return { ...found, parameters }
}

function findingsOf(parameter: QueryParameter, search: CheckedSearch): Finding[] {
  const code = parameter.key.split(':', 1)[0] ?? ''
  if (CONTROLS.has(code)) return checkControl(parameter, code, search)
  const meaning = meaningOf(parameter.key, search.types, search.capability)
  const given = { ...search, parameter, meaning, kinds: kindsOf(meaning, search.capability) }
  for (const rule of FILTER_RULES) {
    const finding = rule(given)
    if (finding) return [finding]
  }
  return []
}

const MODIFIERS = [
  'contains',
  'exact',
  'above',
  'below',
  'text',
  'not',
  'in',
  'not-in',
  'of-type',
  'missing',
  // Medplum's own, the opposite of missing.
  'present',
  'identifier',
]
const COMPARISONS = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'sa', 'eb', 'ap']
const TYPE_NAME = /^[A-Z][A-Za-z]+$/

/** In order; the first that finds something decides. */
const FILTER_RULES: readonly ((given: Case) => Finding | undefined)[] = [
  escapedTwice,
  linkThroughUnknownType,
  comparisonAsModifier,
  typeAsModifier,
  unknownModifier,
  modifierForTokens,
  ...VALUE_RULES,
  plusInTime,
  dateComparedAsInstant,
  quantityWithUnit,
  dayInFilterExpression,
]

/** An escape that remains after decoding was escaped twice, or isn't one. */
function escapedTwice({ parameter: { key, value } }: Case): Finding | undefined {
  const [escapes] = /(?:%[0-9a-f]{2})+/i.exec(value) ?? []
  return escapes === undefined
    ? undefined
    : {
        warn: `\`${key}\`: ${escapes} was searched for literally. If you meant an escape, it was escaped twice.`,
      }
}

function linkThroughUnknownType({ parameter: { key }, meaning, capability }: Case): Finding | undefined {
  const unknown = unknownTypes(meaning.linkTypes, capability)
  return unknown === undefined ? undefined : { refuse: `\`${key}\`: ${unknown}` }
}

function comparisonAsModifier({ parameter: { key, value }, meaning: { modifier } }: Case): Finding | undefined {
  if (modifier === undefined || !COMPARISONS.includes(modifier)) return undefined
  return {
    refuse: `\`${key}=${value}\`: a comparison goes before the value, not after the name. Write ${withoutModifier(key, modifier)}=${modifier}${value}.`,
  }
}

/** `performer:Practitioner=ID`: Medplum drops the type, and `performer=ID` finds nothing. */
function typeAsModifier({ parameter: { key, value }, meaning, kinds, capability }: Case): Finding | undefined {
  const { modifier } = meaning
  if (modifier === undefined || !TYPE_NAME.test(modifier)) return undefined
  if (kinds.size > 0 && !kinds.has('reference')) return undefined
  const unknown = unknownTypes([modifier], capability)
  if (unknown) return { refuse: `\`${key}\`: ${unknown}` }
  const name = withoutModifier(key, modifier)
  const values = value.split(',').map((one) => (one.includes('/') ? one : `${modifier}/${one}`))
  if (values.some((one) => !`/${one}`.includes(`/${modifier}/`))) {
    return {
      refuse: `\`${key}=${value}\` asks for a ${modifier} but names another type; Medplum would drop the :${modifier}. Write ${name}=${modifier}/ID.`,
    }
  }
  const replacement = criterion(name, values.join(','))
  return {
    replace: [replacement],
    note: `\`${key}=${value}\` was sent as \`${formatQuery([replacement])}\`: Medplum drops a type after the name, and then doesn't know which type the id belongs to.`,
  }
}

function unknownModifier({ parameter: { key, value }, meaning: { modifier } }: Case): Finding | undefined {
  if (modifier === undefined || MODIFIERS.includes(modifier)) return undefined
  const name = withoutModifier(key, modifier)
  const near = nearest(modifier, MODIFIERS)
  const right =
    near.length > 0
      ? `Did you mean ${near.map((one) => `${name}:${one}=${value}`).join(' or ')}?`
      : `Known are ${MODIFIERS.map((one) => `:${one}`).join(' ')}.`
  return {
    refuse: `\`${key}\`: Medplum doesn't know the modifier :${modifier} and would silently search for \`${name}=${value}\` instead. ${right}`,
  }
}

/** Medplum refuses these for codes with a system; for a plain code, such as a status, it silently drops them. */
const NOT_FOR_TOKENS = ['above', 'below', 'in', 'not-in', 'of-type']

function modifierForTokens({ parameter: { key, value }, meaning: { modifier }, kinds }: Case): Finding | undefined {
  if (modifier === undefined || !NOT_FOR_TOKENS.includes(modifier) || (kinds.size > 0 && !kinds.has('token')))
    return undefined
  const name = withoutModifier(key, modifier)
  return {
    refuse: `\`${key}=${value}\`: Medplum has no :${modifier} here. List the codes, separated by commas: ${name}=SYSTEM|CODE,SYSTEM|CODE; ValueSet/$expand?url=… lists the codes of a value set.`,
  }
}

function withoutModifier(key: string, modifier: string): string {
  return key.slice(0, key.length - modifier.length - 1)
}

/** In a query, + means a space: the zone of `T09:30:00+02:00` is lost unless it is escaped. */
function plusInTime({ parameter: { key, value } }: Case): Finding | undefined {
  const fixed = value.replace(/(T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?) (\d{2}:\d{2})$/, '$1+$2')
  if (fixed === value) return undefined
  const replacement = criterion(key, fixed)
  return {
    replace: [replacement],
    note: `\`${key}\` was sent as \`${formatQuery([replacement])}\`: an unescaped + in a query is a space.`,
  }
}

function dateComparedAsInstant(given: Case): Finding | undefined {
  const { parameter, meaning, kinds } = given
  const { key, value } = parameter
  const isDate = kinds.has('date') || (kinds.size === 0 && LIKE_A_DATE.test(meaning.name))
  const date = isDate ? parseSearchDate(meaning.modifier === 'not' ? `ne${value}` : value) : undefined
  if (!date || (meaning.modifier !== undefined && meaning.modifier !== 'not')) return undefined
  if (date.prefix === 'ap') {
    return {
      refuse: `\`${key}=${value}\`: Medplum has no "approximately" for dates. Give the range you mean, for example ${key}=ge${date.start}&${key}=lt${date.end}.`,
    }
  }
  if (!isMisread(date, isDayOnly(meaning.name, meaning.types))) return undefined
  const bounds = boundsOf(date)
  if (!bounds) {
    const name = meaning.modifier === undefined ? key : withoutModifier(key, 'not')
    return {
      refuse: `\`${key}=${value}\`: Medplum compares with a single instant, so it cannot exclude a period. Search twice: ${name}=lt${date.start} and ${name}=ge${date.end}.`,
    }
  }
  const replace = bounds.map((bound) => criterion(key, bound))
  const written = formatQuery(replace)
  const exact = replace.length === 1 || !(meaning.nested || hasSeveralValues(meaning.name, meaning.types))
  // Medplum refuses times within a day; the advice on its answer says what to write instead.
  if (!(kinds.size === 1 && exact) && (date.precision === 'year' || date.precision === 'month')) return undefined
  if (kinds.size !== 1) {
    return {
      warn: `\`${key}=${value}\`: if this is a date with a time, Medplum compares with ${date.start} at midnight only. For the whole period, write ${written}.`,
    }
  }
  if (!exact) {
    const why = meaning.nested
      ? 'two different resources may meet the two conditions through a reference'
      : 'a resource may have several such dates'
    return {
      warn: `\`${key}=${value}\`: Medplum compares a day with its midnight (UTC) only, so times within the day are not found. ${written} comes close, but ${why}.`,
    }
  }
  return {
    replace,
    note: `\`${key}=${value}\` was sent as \`${written}\`: Medplum compares with one instant (a Period by its start; days in UTC) and refuses less than a day. The meaning is the same.`,
  }
}

/** Names of date parameters, for when the server's own list isn't known. */
const LIKE_A_DATE =
  /(^|-)(date|birthdate|period|authored|authoredon|authored-on|issued|recorded|onset|created|sent|received|effective|modified)$/

function quantityWithUnit({ parameter: { key, value }, kinds }: Case): Finding | undefined {
  if (!value.includes('|') || !(kinds.has('quantity') || (kinds.size === 0 && /quantity$/.test(key)))) return undefined
  return {
    warn: `\`${key}=${value}\`: Medplum compares only the number and ignores the unit. Check the unit of each hit, or narrow the search by code.`,
  }
}

function dayInFilterExpression({ parameter: { key, value } }: Case): Finding | undefined {
  if (key !== '_filter' || !/\b(eq|le|gt|ne)\s+['"]?\d{4}-\d{2}-\d{2}(?![\dT])/.test(value)) return undefined
  return {
    warn: '`_filter`: a day is compared as its midnight (UTC) where the values have a time. Write "date ge 2024-02-11 and date lt 2024-02-12".',
  }
}
