// From what a model gives as `body` and `contentType` to what goes over the wire.
import { describe, expect, test } from 'vitest'
import { HL7 } from '../../../src/client/content.ts'
import { compose } from '../../../src/tools/request/compose.ts'
import { sent, task } from './contents.ts'

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
      'JSON, whatever charset it says',
      'Task',
      task,
      ' Application/JSON; charset="UTF-8"; fhirVersion=4.0 ',
      'application/json',
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
    [
      'text for a bot, without a byte order mark',
      'Bot/1/$execute',
      '\uFEFFGrüße\r\n',
      'text/plain',
      'text/plain',
      'Grüße\r\n',
    ],
    ['a file of text as it is', 'Binary', '\uFEFFGrüße\r\n', 'text/plain', 'text/plain', '\uFEFFGrüße\r\n'],
    [
      'a file of JSON as it is',
      'Binary',
      '{"a": 1.10,\n "a": 9007199254740993}',
      'application/json',
      'application/json',
      '{"a": 1.10,\n "a": 9007199254740993}',
    ],
    [
      'a file of FHIR JSON as it is',
      'Binary?_filename=a',
      ' {"dose": 1.10}\n',
      undefined,
      'application/fhir+json',
      ' {"dose": 1.10}\n',
    ],
    ['a file of HL7 as it is', 'Binary', 'MSH|^~\\&|A\n', HL7, HL7, 'MSH|^~\\&|A\n'],
    [
      'GraphQL text, which Medplum reads as JSON only',
      '$graphql',
      '{Patient{id}}',
      'application/graphql',
      'application/json',
      '{"query":"{Patient{id}}"}',
    ],
  ])('%s', (_, path, body, contentType, type, text) => {
    expect(sent('POST', path, body, contentType)).toEqual({ type, text })
  })

  test('half a surrogate pair, which UTF-8 can’t encode, is refused', () => {
    expect(() => compose('POST', 'Bot/1/$execute', 'a\ud800b', 'text/plain')).toThrow('half a character')
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
    if (text !== undefined)
      return expect(sent('POST', 'Binary', body, 'application/pdf')).toEqual({ type: 'application/pdf', text })
    expect(compose('POST', 'Binary', body, 'application/pdf').content?.bytes).toEqual(new Uint8Array([0, 1, 2, 255]))
  })

  test.each([null, undefined, ''])('%j is not a body', (body) => {
    for (const method of ['GET', 'DELETE', 'POST'] as const) {
      expect(compose(method, 'Patient/1/$everything', body, undefined)).toEqual({ notes: [] })
    }
  })
})

describe('numbers that Medplum would store differently', () => {
  const note = (body: unknown) => compose('POST', 'Observation', body, undefined).notes.join()
  test.each([
    ['{"value":1.10}', 'value: 1.10 as 1.1'],
    ['{"value":9007199254740993}', 'value: 9007199254740993 as 9007199254740992'],
    ['[{"value": 5.0}, {"low": 1e3}]', 'value: 5.0 as 5, low: 1e3 as 1000'],
    ['{"value":3.14159265358979323846}', 'as 3.141592653589793'],
    ['{"a":1.0,"b":2.0,"c":3.0,"d":4.0,"e":5.0}', 'c: 3.0 as 3, and 2 more'],
  ])('%s is reported', (body, told) => {
    expect(note(body)).toContain(told)
  })

  test('are also reported if only the value is left', () => {
    expect(note({ value: 2 ** 53 })).toContain('value: an integer beyond 9007199254740991 as 9007199254740992')
  })

  test.each([
    '{"value":1.1,"text":"1.10 and 1e3","date":"2026-01-10"}',
    '{"value":0.001,"low":100,"other":-12.5}',
    { value: 1.5 },
  ])('are not in %j', (body) => expect(note(body)).toBe(''))
})
