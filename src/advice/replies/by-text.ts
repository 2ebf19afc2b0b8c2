// Advice by the text of an issue. Medplum's texts are the only key: its codes don't distinguish errors.

import { isRecord, textList } from '../../base/json.ts'
import { formatPlace } from '../../fhir/query.ts'
import { asJsonPatch, PATCH_EXAMPLE } from '../requests/patch-checks.ts'
import type { FailedRequest } from './exchange.ts'
import { OPERATION_ADVICE } from './operation-by-text.ts'
import { example, resourceTypeOf, type Say, SEARCH_ADVICE, searchedType } from './search-by-text.ts'

/** Texts of Medplum 5.1; the first that matches and has something to say decides. */
export const ADVICE_BY_TEXT: readonly (readonly [RegExp, Say])[] = [
  ...SEARCH_ADVICE,
  // Content
  [/^Incorrect number of values provided for slice '(.*?)': expected (\S+), but found (\d+)/, slice],
  [/^Incorrect resource type(?:: expected (\w+), but found (\S+))?/, resourceType],
  [/^Incorrect resource ID/, (failed) => `The body must contain the id from the path: ${bodyStart(failed)}.`],
  [
    /^Invalid id$/,
    (failed) =>
      `Ids are UUIDs assigned by Medplum. To create, POST ${searchedType(failed)} without an id; to update or create by your own key, PUT ${searchedType(failed)}?identifier=SYSTEM|VALUE.`,
  ],
  [
    /^Missing required property/,
    ({ expression }) => `Add ${expression || 'the property named'} to the resource; it is required in FHIR R4.`,
  ],
  [
    /^Invalid additional property "\d+"/,
    ({ expression }) =>
      `${expression.replace(/\.\d+$/, '') || 'The property'} is text here and must be an object: for a code {"coding":[{"system":"…","code":"…"}]} or {"text":"…"}, for a quantity {"value":5,"unit":"kg"}.`,
  ],
  [
    /^Missing _fields parameter/,
    (failed) => `Name the columns, for example ${example(failed, '_fields', 'id,meta.lastUpdated')}.`,
  ],
  [
    /SET TRANSACTION ISOLATION LEVEL|could not serialize access/,
    () => 'Medplum met a conflict in its database, and nothing was stored. Send the same request once more.',
  ],
  [
    /^Invalid additional property "(.*?)"/,
    (failed, [, name = '']) =>
      profilesOf(failed).length > 0
        ? `${failed.expression || name} does not exist in FHIR R4, or not in the snapshot of the profile in meta.profile. Remove or correct it; without the profile, the resource is not checked against it.`
        : `${failed.expression || name} does not exist in FHIR R4. Remove or correct it; use an extension for data that FHIR has no property for.`,
  ],
  [/^Expected array of values/, ({ expression }) => `${expression || 'The property'} is a list: put its value in [ ].`],
  [/^Expected single value/, ({ expression }) => `${expression || 'The property'} is a single value: remove the [ ].`],
  [
    /^Invalid JSON type: expected (\w+), but got (\w+)/,
    ({ expression }, [, expected = '', got = '']) =>
      `${expression || 'The property'} must be a JSON ${expected}${/^(boolean|number|integer|decimal)$/.test(expected) && got === 'string' ? ', without quotation marks' : ''}.`,
  ],
  [
    /^Invalid null value/,
    ({ expression }) =>
      `FHIR has no null: leave ${expression || 'the property'} out${' '}(in a PATCH, use {"op":"remove","path":…}).`,
  ],
  [
    /^Invalid (\w+) format/,
    ({ expression }, [, type = '']) =>
      `${expression || 'The value'} must be a FHIR ${type}${FORMATS[type.toLowerCase()] ?? ''}.`,
  ],
  [
    /^Value cannot be empty|^Invalid empty/,
    ({ expression }) => `Leave ${expression || 'the property'} out, or give it a value.`,
  ],
  [/^Content could not be parsed/, () => 'The body is not valid JSON.'],
  [
    /^Invalid file extension/,
    () =>
      'Medplum refuses executable files, such as .exe. Choose another file, or a name that says what the content is.',
  ],
  // Patches
  [
    /^Patch body must be an array/,
    ({ asked }) => `Send a JSON Patch array (RFC 6902): ${asJsonPatch(asked.body) ?? PATCH_EXAMPLE}.`,
  ],
  [
    /^Test failed: (\S+) != /,
    (failed, [, now = '']) =>
      `The resource has changed since it was read${now.length > 20 ? ` (now ${now})` : ''}. GET ${formatPlace({ ...failed.place, parameters: [] })} again, check that the change still makes sense, and patch with the new meta.versionId.`,
  ],
  [
    /^Value required at path: (\S+)/,
    (failed, [, path = '']) =>
      `There is nothing at ${path}. GET ${formatPlace({ ...failed.place, parameters: [] })} to see what is there. To add something new, use {"op":"add"}, creating each parent first, and "/-" at the end appends to a list.`,
  ],
  // Bundles
  [/^Missing bundle entries/, () => `A batch needs at least one entry: ${BATCH_EXAMPLE}.`],
  [
    /^Unrecognized bundle type/,
    () =>
      `Set "type" to "batch" (entries are independent) or "transaction": ${BATCH_EXAMPLE}. To store a Bundle as a resource, POST it to the path Bundle.`,
  ],
  [
    /^Not a bundle/,
    ({ asked }) =>
      `The empty path accepts only a batch Bundle. To create this resource, POST it to the path ${resourceTypeOf(asked.body) ?? 'of its type'}.`,
  ],
  [
    /^Invalid REST interaction in batch|^Missing Bundle entry request/,
    () => `Each entry needs request.method and request.url: ${BATCH_EXAMPLE}.`,
  ],
  [
    /^Transaction batches cannot be executed asynchronously/,
    () => 'Send it as "type":"batch", or without running it as a job.',
  ],
  [
    /^Transaction requires strict isolation/,
    () =>
      'With a conditional create, update or delete, a transaction takes at most 8 entries: split it, or replace the conditions by ids.',
  ],
  [/^Transaction contains more/, () => 'A transaction takes at most 50 updates: split it.'],
  ...OPERATION_ADVICE,
]

const BATCH_EXAMPLE =
  '{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient?_count=5"}}]}'
const FORMATS: Record<string, string> = {
  date: ', for example 1990-05-17, 1990-05 or 1990',
  datetime: ', for example 2024-02-11 or 2024-02-11T09:30:00Z',
  instant: ', for example 2024-02-11T09:30:00Z',
  time: ', for example 09:30:00',
  uri: ' without spaces',
  id: ' of at most 64 letters, digits, - and .',
}

function bodyStart({ place }: FailedRequest): string {
  const [type = 'Patient', id = 'ID'] = place.segments
  return `{"resourceType":"${type}","id":"${id}", …}`
}

/** A slice's requirements are only in its profile; Medplum checks only the profiles that the resource names. */
function slice(failed: FailedRequest, [, name = '', range = '', found = '']: RegExpExecArray): string {
  const read = profilesOf(failed)
    .slice(0, 3)
    .map((url) => `GET StructureDefinition?url=${url.split('|', 1)[0]}`)
    .join(' or ')
  const where = failed.expression || 'the list'
  return `The profile asks for ${range} items of ${where} that are its slice "${name}", and ${found} match. ${read ? `${read} shows what such an item contains: the elements whose id has ":${name}". ` : ''}Add or correct these items. Without the profile in meta.profile, the resource is not checked against it and can be stored.`
}

function profilesOf({ asked: { body } }: FailedRequest): string[] {
  return isRecord(body) && isRecord(body.meta) ? textList(body.meta.profile) : []
}

function resourceType(failed: FailedRequest, [, expected, found]: RegExpExecArray): string {
  const type = expected ?? searchedType(failed)
  const given = found ?? resourceTypeOf(failed.asked.body) ?? '<EMPTY>'
  if (given === '<EMPTY>')
    return `The body must be one JSON object that begins with {"resourceType":"${type}", …}${Array.isArray(failed.asked.body) ? '; for several resources send a batch Bundle to the empty path' : ''}.`
  return `Path and body name different types: send this ${given} to the path ${formatPlace({ segments: [given, ...failed.place.segments.slice(1)], parameters: failed.place.parameters })}, or set "resourceType":"${type}".`
}
