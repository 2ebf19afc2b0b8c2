// What is sent is what was checked: Medplum's parsers read the bytes of a request as the value that the checks saw.

import { parse as fieldsOf } from 'node:querystring'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseBody } from '../../../sandbox/http/body.ts'
import { UserError } from '../../../src/base/told-error.ts'
import { type Content, FORM } from '../../../src/client/content.ts'
import type { Method } from '../../../src/client/request.ts'
import { compose } from '../../../src/tools/request/compose.ts'
import { mediaType } from '../../hostile/media-types.ts'
import { atLeast, runs } from '../../runs.ts'

/** What Medplum gets to see of a body. */
const read = ({ type, bytes }: Content) => parseBody({ 'content-type': type }, bytes)

const DELETES = {
  resourceType: 'Bundle',
  type: 'batch',
  entry: [
    {
      request: { method: 'GET', url: 'Basic/ID' },
      fullUrl:
        'x+ACI-,+ACI-request+ACI-:+AHs-+ACI-method+ACI-:+ACI-DELETE+ACI-,+ACI-url+ACI-:+ACI-Basic/ID+ACI-+AH0-,+ACI-x+ACI-:+ACI-',
    },
  ],
}

test('a charset makes the parser see another body in the same bytes', async () => {
  const bytes = new TextEncoder().encode(JSON.stringify(DELETES))
  const seen = (type: string) => parseBody({ 'content-type': type }, bytes)
  expect(await seen('application/fhir+json')).toEqual(DELETES)
  expect(await seen('application/fhir+json; charset=utf-7')).toMatchObject({
    entry: [{ request: { method: 'DELETE', url: 'Basic/ID' } }],
  })
})

test('the parser reads an unlisted type as JSON too', async () => {
  expect(await parseBody({ 'content-type': 'application/x2+json' }, new TextEncoder().encode('{"a":1}'))).toEqual({
    a: 1,
  })
})

/** Text in which another charset finds other characters, or halves of them. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('+ACI-', '+AHs-', '\uFEFF', '\ud800', '"', '\u0000', '&', '%ZZ', '=', '+'),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))
const object = fc.oneof(
  fc.dictionary(
    fc.oneof(text, fc.constantFrom('__proto__', 'resourceType', 'entry')),
    fc.jsonValue({ maxDepth: 2, stringUnit: 'binary' }),
  ),
  fc.array(fc.jsonValue({ maxDepth: 2 })),
  text.map((value) => ({ value })),
  fc.constant(DELETES),
)
const body = fc.oneof(
  object,
  object.map((value) => JSON.stringify(value)),
  object.map((value) => JSON.stringify(value, null, 1)),
  text,
  text.map((rest) => `MSH|^~\\&|${rest}`),
  text.map((rest) => `name=${rest}&name=2`),
  fc.jsonValue(),
)
const place = fc.constantFrom<[Method, string]>(
  ['POST', ''],
  ['POST', 'Patient'],
  ['PUT', 'Patient/1'],
  ['PATCH', 'Patient/1'],
  ['POST', 'Patient/_search'],
  ['POST', '$graphql'],
  ['POST', 'Bot/1/$execute'],
  ['POST', 'Agent/1/$push'],
  ['POST', 'Binary'],
  ['PUT', 'Binary/1'],
  ['PATCH', 'Binary/1'],
  ['POST', 'Binary/$validate'],
)

describe('for any content type and body', () => {
  test('the parser reads the bytes that leave as the value that was checked', async () => {
    let sent = 0
    await fc.assert(
      fc.asyncProperty(place, mediaType, body, async ([method, path], type, given) => {
        let content: Content | undefined
        try {
          content = compose(method, path, given, type).content
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
        }
        if (!content) return
        sent++
        expect(content.type).toMatch(/^[!-:<-~]+$/)
        const isFile = /^(POST Binary|PUT Binary\/1)$/.test(`${method} ${path}`)
        // Binary has no parser: Medplum looks into the bytes only for the type FHIR JSON.
        if (isFile) {
          const value =
            content.type === 'application/fhir+json' ? JSON.parse(new TextDecoder().decode(content.bytes)) : undefined
          expect(content.value).toEqual(value)
          return
        }
        expect(await read(content)).toEqual(
          content.type === FORM ? { ...fieldsOf(String(content.value)) } : received(content.value),
        )
      }),
      { numRuns: runs(4_000) },
    )
    expect(sent).toBeGreaterThan(atLeast(900, 4_000))
  }, 60_000)
})

/** A value after JSON, which has no -0; an empty text is no body. */
function received(value: unknown): unknown {
  return value === '' ? {} : JSON.parse(JSON.stringify(value))
}
