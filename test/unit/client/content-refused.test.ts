// Bodies that are refused, with the reason.
import { describe, expect, test } from 'vitest'
import { UserError } from '../../../src/base/told-error.ts'
import { HL7 } from '../../../src/client/content.ts'
import { compose } from '../../../src/tools/request/compose.ts'
import { sent, task } from './contents.ts'

describe('what is refused', () => {
  test.each([
    [
      'broken JSON, with its place',
      '{"resourceType":"Task",\n "status": requested}',
      undefined,
      /`body` .*position \d+ \(line 2, column 12\)/,
    ],
    ['JSON that breaks off', '{"resourceType":', undefined, /`body` .*after 16 characters/],
    [
      'a name given twice',
      '{"resourceType":"Task","status":"draft","status":"ready"}',
      undefined,
      /names "status" twice/,
    ],
    ['one given twice within', '{"a":[{"b":{"\\u0063":1,"c":2}}]}', undefined, /names "c" twice/],
    ['a name that changes what objects inherit', '{"a":{"\\u005f_proto__":{"b":1}}}', undefined, /`__proto__`/],
    ['the same as a value', JSON.parse('{"a":[{"__proto__":{"b":1}}]}'), undefined, /`__proto__`/],
    ['a name that breaks who reads the record', { ...task, hasOwnProperty: 1 }, undefined, /`hasOwnProperty`/],
    ['JSON nested too deep', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, undefined, /`body` is nested too deep/],
    ['text where JSON is due', 'hello', undefined, /`body` is not valid JSON/],
    ['an object where text is due', task, 'text/plain', /`body` must be text/],
    ['HL7 without MSH', 'PID|1', HL7, /`body` is not an HL7 v2 message.*MSH\|/],
    ['a form for anything but a search', 'a=b', 'application/x-www-form-urlencoded', /contentType` .*_search/s],
    ['a number, which no JSON body of Medplum’s may be', '42', undefined, /must be a JSON object/],
    ['text for a record', 'hello', 'text/plain', /contentType` text\/plain does not fit this request/],
    ['a message for a record', 'MSH|^~\\&|A', HL7, /contentType` x-application\/hl7-v2\+er7 does not fit this request/],
    ['a type that Medplum does not read', '<a/>', 'text/xml', /contentType` text\/xml.*text\/plain/s],
    [
      'JSON of a type that is not listed',
      '{}',
      'application/x2+json',
      /contentType` application\/x2\+json.*application\/fhir\+json/s,
    ],
    [
      'a merge patch',
      '{}',
      'application/merge-patch+json',
      /contentType` application\/merge-patch\+json.*json-patch\+json/s,
    ],
    ['a charset', '{}', 'application/fhir+json; charset=utf-7', /no parameters.*Give application\/fhir\+json alone/],
    ['a charset after another', '{}', 'application/fhir+json; charset=utf-8; charset=utf-16', /no parameters/],
    ['any parameter', 'x', 'text/plain; format=flowed', /no parameters/],
    [
      'a number that can’t be stored',
      '{"resourceType":"Observation","valueQuantity":{"value":1E400}}',
      undefined,
      /`body`, value: 1E400 is larger/,
    ],
    [
      'the same, read before',
      { valueQuantity: { value: Number.POSITIVE_INFINITY } },
      undefined,
      /`body`, value: .*larger/,
    ],
    ['base64 that is none', '%PDF-1.7', 'application/pdf', /`body` must be base64, such as/],
    ['base64 of a wrong length', 'abcde', 'application/pdf', /`body` must be base64/],
    ['base64 padded wrongly', 'ab=', 'application/pdf', /`body` must be base64/],
    ['nothing but padding', '==', 'application/pdf', /`body` must be base64/],
    ['blanks as base64', '  ', 'application/pdf', /`body` must be base64/],
    ['a word for a type', 'x', 'pdf', /`contentType` is not a media type.*application\/pdf/],
    ['an empty type', 'x', '', /`contentType` is not a media type/],
    ['a header in a type', 'x', 'text/plain\r\nx-medplum: extended', /`contentType` is not a media type/],
    ['a line break before a parameter', 'x', 'text/plain;\nx=y', /no parameters/],
    ['a type that no header can hold', 'x', 'text/plain; name="\u2028"', /no parameters/],
    ['a control character in a type', 'x', 'text/plain; name="\u0000"', /no parameters/],
  ])('%s', (_, body, contentType, message) => {
    const path = /base64|padding/.test(_)
      ? 'Binary'
      : _.includes('text is due') || _.startsWith('HL7')
        ? 'Bot/1/$execute'
        : 'Task'
    const attempt = () => compose('POST', path, body, contentType)
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

  test.each([
    [
      'POST',
      'Bot/1/$execute',
      'é'.repeat(60_000),
      'text/plain',
      /120000 bytes.*102400 \(100 KB\) of text\/plain.*Binary/,
    ],
    [
      'POST',
      'Task',
      { ...task, description: 'é'.repeat(600_000) },
      undefined,
      /1048576 \(1 MB\) of application\/fhir\+json/,
    ],
    ['PATCH', 'Binary/1', [{ op: 'add', path: '/data', value: 'x'.repeat(1_100_000) }], undefined, /1 MB/],
  ] as const)('more bytes than Medplum accepts: %s %s', (method, path, body, contentType, message) => {
    expect(() => compose(method, path, body, contentType)).toThrow(message)
  })

  test.each([
    ['POST', 'Binary'],
    ['PUT', 'Binary/1'],
    ['POST', 'Binary?_filename=a.txt'],
  ] as const)('a file may be larger: %s %s', (method, path) => {
    const large = 'x'.repeat(1_200_000)
    expect(compose(method, path, large, 'text/plain').content?.bytes.byteLength).toBe(large.length)
  })

  test('a body in a read or delete', () => {
    for (const method of ['GET', 'DELETE'] as const) {
      expect(() => compose(method, 'Task/1', {}, undefined)).toThrow(/has no body.*Nothing was sent.*`body`/)
    }
  })
})

test('a text that looks like such a name is sent', () => {
  const body = { resourceType: 'Task', description: '"__proto__": {"__proto__":1}', status: '__proto__' }
  expect(JSON.parse(sent('POST', 'Task', body, undefined)?.text ?? '')).toEqual(body)
})

test('an operation may have a name that objects inherit', () => {
  expect(sent('POST', 'Bot/1/$execute', { constructor: 'x' }, undefined)?.text).toBe('{"constructor":"x"}')
})
