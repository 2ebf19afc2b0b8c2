// Values that can't be found as written: Medplum compares codes, systems and references letter by letter, and replaces a value that it
// can't parse with another one.

import { UUID } from '../../fhir/ids.ts'
import { criterion, formatQuery, withEscapes } from '../../fhir/query.ts'
import { RESOURCE_TYPES } from '../../fhir/resource-types.ts'
import { CODES } from './content-checks.ts'
import type { Case, Finding } from './control-checks.ts'

/** In order; the first that finds something decides. */
export const VALUE_RULES: readonly ((given: Case) => Finding | undefined)[] = [
  emptyValue,
  missingOrNot,
  loneBackslash,
  wordless,
  referenceForm,
  systemName,
  codeForm,
]

function emptyValue({ parameter: { key, value } }: Case): Finding | undefined {
  if (value.replaceAll(/[\s,]/g, '') !== '') return undefined
  return {
    refuse: `\`${key}=\` has no value: Medplum would leave it out and find everything, or find nothing. Give a value, or leave it out; for records without one, write ${key.split(':', 1)[0]}:missing=true.`,
  }
}

function missingOrNot({ parameter: { key, value }, meaning: { modifier } }: Case): Finding | undefined {
  if ((modifier !== 'missing' && modifier !== 'present') || value === 'true' || value === 'false') return undefined
  return { refuse: `\`${key}=${value}\`: Medplum would read this as false. Write ${key}=true or ${key}=false.` }
}

/** A backslash that escapes nothing, in GraphQL: there a value is sent as it is written. */
function loneBackslash({ parameter: { key, value } }: Case): Finding | undefined {
  const plain = withEscapes(value)
  if (plain === value || key === '_filter') return undefined
  const replacement = criterion(key, plain)
  return {
    replace: [replacement],
    note: `\`${key}=${value}\` was sent as \`${key}=${plain}\`: a backslash is an escape character, so a literal one is written twice.`,
  }
}

/** Parameters of names and the like. */
export const WORDS = /^(?:name|family|given|phonetic|address(?:-.+)?|title|description|display)$/
const PEOPLE: ReadonlySet<string> = new Set(['Patient', 'Person', 'Practitioner', 'RelatedPerson'])

/** People's names and all addresses are searched word by word, ignoring other characters: `name=*` finds everybody, `name=*son` Sonja. */
function wordless({ parameter: { key, value }, meaning: { name, modifier, types } }: Case): Finding | undefined {
  const byWords =
    /^address/.test(name) || (/^(?:name|family|given|phonetic)$/.test(name) && types?.every((type) => PEOPLE.has(type)))
  if (!byWords || modifier !== undefined) return undefined
  const isEmpty = value.split(',').some((one) => !/[\p{L}\p{N}]/u.test(one))
  if (!isEmpty && !/[*%]/.test(value)) return undefined
  const text = value.replaceAll(/[*%]/g, '')
  const found = isEmpty
    ? 'has no letter or digit, and Medplum would find everything'
    : 'has a wildcard, which Medplum ignores'
  return {
    refuse: `\`${key}=${value}\` ${found}. ${isEmpty ? 'Leave it out, or write' : 'Write'} ${key}=${isEmpty ? 'smith' : text} for values that begin with it, or ${key}:contains=${isEmpty ? 'smith' : text} for values that contain it.`,
  }
}

/** The parameter with each of its comma-separated values in another form. */
function rewritten(
  { parameter: { key, value } }: Case,
  form: (one: string) => string,
  why: string,
): Finding | undefined {
  const plain = value.split(',').map(form).join(',')
  if (plain === value) return undefined
  const replacement = criterion(key, plain)
  return { replace: [replacement], note: `\`${key}=${value}\` was sent as \`${formatQuery([replacement])}\`: ${why}` }
}

// ── References ──

/** Parameters whose values may be addresses, when the server's own list of them isn't known. */
const NO_REFERENCE =
  /^(?:_id|_source|_profile|_tag|_security|_filter|identifier|url|uri|.*-uri|instantiates.*|code|system)$/
const BY_CASE: ReadonlyMap<string, string> = new Map([...RESOURCE_TYPES].map((type) => [type.toLowerCase(), type]))

function referenceForm(given: Case): Finding | undefined {
  const { kinds, meaning, base } = given
  if (kinds.size > 0 ? !kinds.has('reference') : NO_REFERENCE.test(meaning.name)) return undefined
  return rewritten(
    given,
    (one) => {
      const local = (base !== undefined && one.startsWith(base) ? one.slice(base.length) : one).replace(/^\//, '')
      const [, type = '', id] = /^([A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]+)?$/.exec(local) ?? []
      const right = BY_CASE.get(type.toLowerCase())
      return right === undefined ? one : `${right}/${UUID.test(id ?? '') ? id?.toLowerCase() : id}`
    },
    'Medplum compares references as exact strings, and stores them as Type/ID.',
  )
}

// ── Codes ──

/** Systems by the letters of their names and of their addresses as they are often written. */
const SYSTEMS: Record<string, string> = {
  cpt: 'http://www.ama-assn.org/go/cpt',
  cvx: 'http://hl7.org/fhir/sid/cvx',
  hcpcs: 'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets',
  icd10cm: 'http://hl7.org/fhir/sid/icd-10-cm',
  icd9cm: 'http://hl7.org/fhir/sid/icd-9-cm',
  loinc: 'http://loinc.org',
  loincorg: 'http://loinc.org',
  ndc: 'http://hl7.org/fhir/sid/ndc',
  npi: 'http://hl7.org/fhir/sid/us-npi',
  rxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  nlmnihgovresearchumlsrxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  sct: 'http://snomed.info/sct',
  snomed: 'http://snomed.info/sct',
  snomedct: 'http://snomed.info/sct',
  snomedinfosct: 'http://snomed.info/sct',
  ssn: 'http://hl7.org/fhir/sid/us-ssn',
  ucum: 'http://unitsofmeasure.org',
  unitsofmeasureorg: 'http://unitsofmeasure.org',
}

function systemName(given: Case): Finding | undefined {
  const { kinds, parameter } = given
  if (!parameter.value.includes('|') || (kinds.size > 0 && !kinds.has('token'))) return undefined
  if (/(?:^|,)icd-?10\|/i.test(parameter.value)) {
    return {
      refuse: `\`${parameter.key}=${parameter.value}\`: ICD-10 is the system http://hl7.org/fhir/sid/icd-10-cm in the USA, and http://hl7.org/fhir/sid/icd-10 elsewhere. Write the one you mean.`,
    }
  }
  return rewritten(
    given,
    (one) => {
      const mark = one.indexOf('|')
      const name = mark < 0 ? '' : letters(one.slice(0, mark).replace(/^https?:\/\/(?:www\.)?/i, ''))
      return Object.hasOwn(SYSTEMS, name) ? `${SYSTEMS[name]}${one.slice(mark)}` : one
    },
    'a code’s system is its address.',
  )
}

function letters(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

const VERIFICATION = 'unconfirmed provisional differential confirmed presumed refuted entered-in-error'
/** Codes of search parameters whose elements have another name, by type. */
const OF_PARAMETERS: Record<string, Record<string, string>> = {
  AllergyIntolerance: { 'clinical-status': 'active inactive resolved', 'verification-status': VERIFICATION },
  Condition: {
    'clinical-status': 'active recurrence relapse inactive remission resolved',
    'verification-status': VERIFICATION,
  },
}

function codesOf(types: readonly string[], name: string): string[] {
  return types.flatMap((type) =>
    [OF_PARAMETERS, CODES].flatMap((table) => {
      const codes = Object.hasOwn(table, type) ? table[type] : undefined
      return codes && Object.hasOwn(codes, name) ? (codes[name] ?? '').split(' ') : []
    }),
  )
}

const ALL_TYPES = [...Object.keys(CODES), ...Object.keys(OF_PARAMETERS)]

function codeForm(given: Case): Finding | undefined {
  const { meaning, parameter } = given
  if (meaning.modifier !== undefined && meaning.modifier !== 'not') return undefined
  const codes = new Set(codesOf(meaning.types ?? ALL_TYPES, meaning.name))
  if (codes.size === 0) return undefined
  const bare = (one: string) => one.slice(one.lastIndexOf('|') + 1)
  const found = rewritten(
    given,
    (one) => {
      const code = bare(one)
      const right = codes.has(code) ? code : [...codes].find((known) => letters(known) === letters(code))
      return right === undefined ? one : one.slice(0, one.length - code.length) + right
    },
    'codes are compared as exact strings.',
  )
  if (found) return found
  const unknown = parameter.value
    .split(',')
    .map(bare)
    .filter((code) => code !== '' && !codes.has(code))
  if (unknown.length === 0) return undefined
  return {
    warn: `\`${parameter.key}=${parameter.value}\`: ${unknown.join(', ')} is not a FHIR code for this. Known codes: ${[...codes].join(', ')}.`,
  }
}
