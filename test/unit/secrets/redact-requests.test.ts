// Requests that would show a secret under another name are refused.
import { describe, expect, test } from 'vitest'
import { secretRefusal } from '../../../src/secrets/secret-requests.ts'
import { bundleOf, entryFor } from '../../calls.ts'

describe('a request that would show a secret under another name is refused', () => {
  const part = ([name, value]: [string, unknown]) =>
    name === 'op' ? { name, valueCode: value } : { name, valueString: name === 'value' ? JSON.stringify(value) : value }
  const patch = (op: object) => ({
    resourceType: 'Parameters',
    parameter: [{ name: 'operation', part: Object.entries(op).map(part) }],
  })
  const inBinary = (op: object) => ({ resourceType: 'Binary', data: btoa(JSON.stringify([op])) })
  const batch = (method: string, url: string, resource: unknown) =>
    bundleOf('batch', [entryFor('GET', 'Patient'), entryFor(method, url, resource)])

  test.each([
    ['GET', 'ClientApplication/$csv?_fields=secret'],
    ['GET', 'ClientApplication/$CSV?_fields=secret'],
    ['GET', 'Patient/$csv?_type=Patient,ClientApplication&_fields=secret'],
    ['GET', 'Patient/$csv?_revinclude=Subscription:x&_fields=secret'],
    ['GET', 'Patient/$CSV?_fields=id,contained.secret'],
    ['GET', 'Patient/$CSV?_fields=%20contained.header'],
    ['GET', 'Patient/$CSV?_fields=contained[0].header'],
    ['GET', 'Patient/$CSV?_fields=(contained.header)'],
    ['GET', 'Patient/$CSV?_fields=$this.contained.secret'],
    ['GET', 'Patient/$CSV?_fields=children().secret'],
    ['GET', "Patient/$csv?_fields=id&_fields=name.where(use='official')"],
    ['GET', 'Bundle/$CSV?_fields=entry.resource.secret'],
    ['GET', 'Parameters/$csv?_fields=parameter.valueString'],
    ['POST', '$graphql', { query: 'mutation { ClientApplicationPatch(id: "1", patch: []) { id } }' }],
    ['POST', '$graphql', 'mutation { BotPatch(id: "1", patch: []) { id } }'],
    ['GET', '$graphql?query=mutation%20%7BBot%50atch%7D'],
  ] as const)('%s %s', (method, path, body?: unknown) => {
    expect(secretRefusal(method, path, body)).toBeTruthy()
  })

  const PATCHES: [string, object][] = [
    ['ClientApplication', { op: 'test', path: '/secret', value: 'x' }],
    ['ClientApplication', { op: 'copy', from: '/secret', path: '/description' }],
    ['ClientApplication', { op: 'move', from: '/identityProvider/clientSecret', path: '/description' }],
    ['Project', { op: 'copy', from: '/secret/0/valueString', path: '/description' }],
    ['Bot', { op: 'copy', from: '/code', path: '/description' }],
    ['Subscription', { op: 'test', path: '/channel/header', value: [] }],
    ['Subscription', { op: 'copy', from: '/extension/0/valueString', path: '/reason' }],
    ['Subscription', { op: 'copy', from: '/channel', path: '/contained/0' }],
    ['Subscription', { op: 'move', from: '', path: '/contained/0' }],
    ['Subscription', { op: 'replace', path: '/extension/0/url', value: 'https://example.com' }],
    ['Project', { op: 'copy', from: '/site', path: '/description' }],
    ['Endpoint', { op: 'move', from: '/contained/0', path: '/payloadType/0' }],
    ['Observation', { op: 'test', path: '/contained/0/channel/header', value: [] }],
    ['Observation', { op: 'copy', from: '/contained/0/d', path: '/note/0/text' }],
    ['Bundle', { op: 'copy', from: '/entry/0/resource/code', path: '/identifier/value' }],
  ]
  test.each(PATCHES)('PATCH of a %s by %j', (type, operation) => {
    expect(secretRefusal('PATCH', `${type}/1`, [{ op: 'test', path: '/id', value: '1' }, operation])).toContain(type)
    expect(secretRefusal('PATCH', `${type}?name=x`, [operation])).toContain(type)
    const entry = batch('patch', `${type}/1`, patch(operation))
    expect(secretRefusal('POST', '', entry)).toContain('Bundle.entry[1]')
    expect(secretRefusal('POST', '', batch('PATCH', `${type}/1`, inBinary(operation)))).toContain('Bundle.entry[1]')
    expect(secretRefusal('POST', '', batch('POST', '', entry))).toContain('Bundle.entry[1]: Bundle.entry[1]')
  })

  test.each([
    ['base64 that only Medplum reads', { resourceType: 'Binary', data: `${btoa('[{"op":"test"}]')}-_` }],
    [
      'an operation with a part that only Medplum passes over',
      {
        resourceType: 'Parameters',
        parameter: [{ name: 'operation', part: [{ name: 'op', valueCode: 'copy', valueString: 'remove' }] }],
      },
    ],
    [
      'an operation with an element that only Medplum passes over',
      {
        resourceType: 'Parameters',
        parameter: [{ name: 'operation', part: [{ name: 'op', valueCode: 'copy', x: 1 }] }],
      },
    ],
    ['a parameter beside the operations', { resourceType: 'Parameters', parameter: [{ name: 'x' }] }],
    ['neither', { resourceType: 'Patient' }],
  ])('a PATCH in a batch that is %s', (_, resource) => {
    expect(secretRefusal('POST', '', batch('PATCH', 'Patient/1', resource))).toContain('Bundle.entry[1]')
  })

  test('GraphQL in a batch, whose answer does not name its keys', () => {
    expect(secretRefusal('POST', '', batch('POST', '$graphql', { query: '{ BotList { x: code } }' }))).toContain(
      'a separate request',
    )
    expect(secretRefusal('POST', '', batch('POST', '$graphql', { query: '{ PatientList { id } }' }))).toBeUndefined()
    const query = 'mutation { BotPatch(id: "1", patch: []) { id } }'
    expect(secretRefusal('POST', '', batch('POST', '$graphql', { query }))).toContain('PATCH Bot/ID')
  })

  test.each([
    ['GET', 'Patient/$csv?_fields=name&_count=5', undefined],
    ['GET', 'Patient/$csv?_fields=id,name[0].family,address-city,birthDate', undefined],
    ['GET', 'ClientApplication', undefined],
    ['PATCH', 'Observation/1', [{ op: 'test', path: '/code/text', value: 'x' }]],
    [
      'PATCH',
      'ClientApplication/1',
      [
        { op: 'replace', path: '/secret', value: 'x' },
        { op: 'test', path: '/name', value: 'y' },
      ],
    ],
    ['PATCH', 'Task/1', [{ op: 'move', from: '/description', path: '/note/0/text' }]],
    ['PATCH', 'Task/1', [null, 5, { op: 'test' }]],
    ['POST', '', batch('PATCH', 'Patient/1', patch({ op: 'test', path: '/active', value: true }))],
    ['POST', '$graphql', { query: 'mutation { PatientPatch(id: "1", patch: []) { id } }' }],
  ])('but not %s %s', (method, path, body) => {
    expect(secretRefusal(method, path, body)).toBeUndefined()
  })
})
