// From what a model gives as `body` and `contentType` to what goes over the wire.

import { describe, expect, test } from 'vitest'
import { UserError } from '../../src/base/told-error.ts'

import { compose, HL7 } from '../../src/tools/request/compose.ts'

const task = { resourceType: 'Task', status: 'requested' }
const bytes = (text: string) => new TextEncoder().encode(text)

describe('what is sent', () => {
  test.each([
    ['an object is FHIR JSON', 'Task', task, undefined, 'application/fhir+json', JSON.stringify(task)],
    [
      'the same as text',
      'Task',
      ` ${JSON.stringify(task)}\n`,
      undefined,
      'application/fhir+json',
      JSON.stringify(task),
    ],
    ['JSON of another type', 'Bot/1/$deploy', { code: 'x' }, 'application/json', 'application/json', '{"code":"x"}'],
    [
      'a parameter of a type',
      'Task',
      task,
      ' application/json; charset=utf-8 ',
      'application/json; charset=utf-8',
      JSON.stringify(task),
    ],
    [
      'HL7 ends its segments with CR',
      'Bot/1/$execute',
      'MSH|^~\\&|A\r\nPID|1\nPV1|2\r',
      HL7,
      HL7,
      'MSH|^~\\&|A\rPID|1\rPV1|2',
    ],
    ['text as it is', 'Binary', 'Grüße\r\n', 'text/plain', 'text/plain', 'Grüße\r\n'],
    [
      'a search by form',
      'Patient/_search',
      'name=x',
      'application/x-www-form-urlencoded',
      'application/x-www-form-urlencoded',
      'name=x',
    ],
    ['GraphQL text', '$graphql', '{Patient{id}}', 'application/graphql', 'application/graphql', '{Patient{id}}'],
    ['a number, for a bot', 'Bot/1/$execute', 42, undefined, 'application/fhir+json', '42'],
  ])('%s', (_, path, body, contentType, type, data) => {
    expect(compose('POST', path, body, contentType).content).toEqual({ type, data })
  })

  test('a PATCH is a JSON Patch', () => {
    const patch = [{ op: 'remove', path: '/active' }]
    expect(compose('PATCH', 'Task/1', patch, undefined).content?.type).toBe('application/json-patch+json')
  })

  test.each([
    ['SGVsbG8=', 'Hello'],
    ['SGVsbG8', 'Hello'],
    ['data:application/pdf;base64,SGVsbG8=', 'Hello'],
    ['data:application/pdf;name=a b.pdf;base64,SGVs\nbG8=', 'Hello'],
    [' SGVs bG8h ', 'Hello!'],
    ['AAEC/+==', undefined],
  ])('base64 as models write it: %j', (body, text) => {
    const { content } = compose('POST', 'Binary', body, 'application/pdf')
    if (text !== undefined) expect(content).toEqual({ type: 'application/pdf', data: bytes(text) })
    else expect(content?.data).toEqual(new Uint8Array([0, 1, 2, 255]))
  })

  test.each([null, undefined, ''])('%j is no body', (body) => {
    for (const method of ['GET', 'DELETE', 'POST'] as const) {
      expect(compose(method, 'Patient/1/$everything', body, undefined)).toEqual({ content: undefined, json: undefined })
    }
  })
})

describe('what is refused', () => {
  test.each([
    [
      'broken JSON, with its place',
      '{"resourceType":"Task",\n "status": requested}',
      undefined,
      /`body` .*position \d+ \(line 2, column 12\)/,
    ],
    ['JSON that breaks off', '{"resourceType":', undefined, /`body` .*after 16 characters/],
    ['JSON nested too deep', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, undefined, /`body` is nested too deep/],
    ['text where JSON is due', 'hello', undefined, /`body` is text that is no JSON/],
    ['an object where text is due', task, 'text/plain', /`body` must be text/],
    ['HL7 without MSH', 'PID|1', HL7, /`body` is no HL7 v2 message.*MSH\|/],
    ['a form for anything but a search', 'a=b', 'application/x-www-form-urlencoded', /contentType .*_search/],
    ['base64 that is none', '%PDF-1.7', 'application/pdf', /`body` must be base64, such as/],
    ['base64 of a wrong length', 'abcde', 'application/pdf', /`body` must be base64/],
    ['base64 padded wrongly', 'ab=', 'application/pdf', /`body` must be base64/],
    ['nothing but padding', '==', 'application/pdf', /`body` must be base64/],
    ['blanks as base64', '  ', 'application/pdf', /`body` must be base64/],
    ['a word for a type', 'x', 'pdf', /`contentType` is no media type.*application\/pdf/],
    ['an empty type', 'x', '', /`contentType` is no media type/],
    ['a header in a type', 'x', 'text/plain\r\nx-medplum: extended', /`contentType` is no media type/],
    ['a line break before a parameter', 'x', 'text/plain;\ncharset=utf-8', /`contentType` is no media type/],
    ['a type that no header can hold', 'x', 'text/plain; name="\u2028"', /`contentType` is no media type/],
    ['a control character in a type', 'x', 'text/plain; name="\u0000"', /`contentType` is no media type/],
  ])('%s', (_, body, contentType, message) => {
    const attempt = () => compose('POST', 'Task', body, contentType)
    expect(attempt).toThrow(UserError)
    expect(attempt).toThrow(message)
    expect(attempt).toThrow('Nothing was sent')
  })

  test.each([
    ['{"a":1,}', 7],
    ['{"a": nope}', 7],
    ['{a:1}', 1],
    ['[1 2]', 3],
    ['{"a":1}}', 7],
    ['hello', 0],
    [`{"text":"${'x'.repeat(5000)}", "status": requested, "more": "${'y'.repeat(5000)}"}`, 5022],
  ])('names the place where reading stopped (%#)', (body, position) => {
    expect(() => compose('POST', 'Task', body, undefined)).toThrow(
      `at position ${position} (line 1, column ${position + 1})`,
    )
  })

  test('more than Medplum takes, counted in bytes, but not a file', () => {
    const large = 'é'.repeat(600_000)
    expect(() => compose('POST', 'Bot/1/$execute', large, 'text/plain')).toThrow(
      /`body` is 1200000 bytes.*1048576.*Binary/,
    )
    for (const path of ['Binary', 'Binary/1', 'Binary?_filename=a.txt']) {
      expect(compose('PUT', path, large, 'text/plain').content?.data).toBe(large)
    }
    expect(() => compose('POST', 'Task', { ...task, description: large }, undefined)).toThrow('1 MB')
  })

  test('a body to read or delete with', () => {
    for (const method of ['GET', 'DELETE'] as const) {
      expect(() => compose(method, 'Task/1', {}, undefined)).toThrow(/has no body.*Nothing was sent.*`body`/)
    }
  })
})
