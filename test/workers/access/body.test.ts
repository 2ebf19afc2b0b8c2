// Medplum reads exactly the body that was checked: no charset, and no type that only one of the two reads as JSON, lets another
// body through. The sandbox uses Medplum's parsers, so these attacks do work there.
import { beforeAll, describe, expect, test } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { bundleOf, entryFor, POST } from '../../calls.ts'
import { deployment, say } from '../world/deployment.ts'
import { fhirCall, post } from '../world/mcp.ts'
import { create, medplumToken, type Resource } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { alice, SANDBOX, sandbox } from '../world/world.ts'

const UTF_7 = 'application/fhir+json; charset=utf-7'

/** A batch that reads; in UTF-7, its `fullUrl` ends and a second `request` begins, which does something else. */
const twoFaced = (method: string, url: string) =>
  bundleOf('batch', [
    {
      request: { method: 'GET', url: 'Basic?_count=1' },
      fullUrl: `x+ACI-,+ACI-request+ACI-:+AHs-+ACI-method+ACI-:+ACI-${method}+ACI-,+ACI-url+ACI-:+ACI-${url.replace('$', '+ACQ-')}+ACI-+AH0-,+ACI-x+ACI-:+ACI-`,
    },
  ])

const direct = (method: string, path: string, type?: string, body?: unknown) =>
  fetch(`${SANDBOX}fhir/R4/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(type && { 'content-type': type }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })

let token: string
let record: Resource
beforeAll(async () => {
  token = await medplumToken()
  record = await create(token, { resourceType: 'Basic', code: { text: 'stays' } })
})

test('sent unchanged, such a batch deletes at Medplum', async () => {
  const { id } = await create(token, { resourceType: 'Basic', code: { text: 'goes' } })
  await (await direct('POST', '', UTF_7, twoFaced('DELETE', `Basic/${id}`))).text()
  expect((await direct('GET', `Basic/${id}`)).status).toBe(410)
})

describe.each([
  ['full', undefined],
  ['read', undefined],
  ['full', { patient: PATIENT_IDS.diabetic }],
] as const)('at %s %j', (level, narrowing) => {
  test.each([
    ['deletes', 'DELETE', () => `Basic/${record.id}`],
    ['expunges', 'POST', () => `Basic/${record.id}/$expunge`],
    ['reads other patients', 'GET', () => `Patient/${PATIENT_IDS.depressed}`],
  ])('no charset lets a batch through that %s', async (_, method, url) => {
    const { access } = await signIn(alice, undefined, level, narrowing)
    const { requests } = await sandbox.during(async () => {
      for (const contentType of [
        UTF_7,
        'application/json;charset="UTF-7"',
        'application/json; charset=utf-8; charset=utf-7',
      ]) {
        const answer = await post(access, fhirCall(POST('', twoFaced(method, url()), { contentType })))
        expect(await answer.text()).toContain('takes no parameters')
      }
    })
    expect(requests.filter(({ path }) => path.startsWith('/fhir/'))).toEqual([])
    expect((await direct('GET', `Basic/${record.id}`)).status).toBe(200)
  })
})

test('what is sent has a type without parameters, whatever was given', async () => {
  const { access } = await signIn(alice)
  const { requests } = await sandbox.during(async () => {
    for (const [path, contentType, text] of [
      ['Basic', 'application/json; charset=utf-8', JSON.stringify({ resourceType: 'Basic', code: { text: 'Grüße' } })],
      ['Binary', 'text/plain;charset=UTF-8', 'Grüße'],
      ['Patient/_search', 'application/x-www-form-urlencoded; charset="utf-8"', 'name=x'],
    ]) {
      await (await post(access, fhirCall({ method: 'POST', path, contentType, text }))).text()
    }
  })
  const types = requests.filter(({ method }) => method === 'POST').map(({ headers }) => headers['content-type'])
  expect(types).toEqual(['application/json', 'text/plain', 'application/x-www-form-urlencoded'])
})

test('JSON of another type does not get around a narrowing to types', async () => {
  const { access } = await signIn(alice, undefined, 'full', { types: 'Observation' })
  const body = {
    ...{ resourceType: 'Observation', status: 'final', code: { text: 'x' } },
    subject: { reference: `Patient?_id=${PATIENT_IDS.depressed}` },
  }
  for (const contentType of ['application/x2+json', 'application/vnd.a2b+json', 'application/json']) {
    const { result, requests } = await sandbox.during(async () =>
      (await post(access, fhirCall(POST('Observation', body, { contentType })))).text(),
    )
    expect(result).toMatch(/Nothing was sent/)
    expect(requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/fhir/'))).toEqual([])
  }
})

test('a patch is labelled, whatever charset its type names', async () => {
  const { access } = await signIn(alice)
  const args = {
    ...{ method: 'PATCH', path: `Basic/${record.id}`, contentType: 'application/json-patch+json; charset=utf-8' },
    text: '[{"op":"replace","path":"/code/text","value":"patched"}]',
  }
  const { text } = await say(deployment({ AI_TAG: 'on' }), access, 'fhir-request', { format: 'json', ...args })
  expect(JSON.parse(text)).toMatchObject({ code: { text: 'patched' }, meta: { security: [{ code: 'AIAST' }] } })
})

test('a JSON file is stored byte for byte', async () => {
  const { access } = await signIn(alice)
  const text = '{"dose": 1.10,\r\n "id": 9007199254740993, "a": 1, "a": 2}\n'
  for (const contentType of ['application/json', 'application/fhir+json']) {
    const { text: said } = await say(deployment({}), access, 'fhir-request', {
      ...{ method: 'POST', path: 'Binary', contentType, text, format: 'json' },
    })
    const { id } = JSON.parse(said) as { id: string }
    expect(await (await direct('GET', `Binary/${id}`)).text()).toBe(text)
  }
})

test('numbers that Medplum changes are reported with the answer', async () => {
  const { access } = await signIn(alice)
  const text =
    '{"resourceType":"Observation","status":"final","code":{"text":"dose"},"valueQuantity":{"value":1.10,"unit":"mg"}}'
  const { all } = await say(deployment({}), access, 'fhir-request', { method: 'POST', path: 'Observation', text })
  expect(all).toContain('value: 1.10 as 1.1')
})

describe('one reading of the arguments', () => {
  const query = '{ PatientList(_count: 1) { id } }'
  const batch = JSON.stringify(bundleOf('batch', [entryFor('GET', 'Patient?_count=1')]))
  test.each([
    ['GraphQL as its own type', { path: '$graphql', contentType: 'application/graphql', text: query }],
    ['GraphQL as JSON text', { path: '$graphql', text: JSON.stringify({ query }) }],
    ['a batch of reads as text', { path: '', text: batch }],
    ['a batch of reads as text, without a path', { text: batch }],
  ])('%s is a read, also for a client that could ask for more', async (_, args) => {
    const { access } = await signIn(alice, undefined, 'read')
    // The sandbox takes its time for a first GraphQL document.
    const headers = { 'content-type': 'application/fhir+json' }
    await sandbox.faults([{ path: '/\\$graphql$', status: 200, headers, body: { data: {} }, times: 1 }])
    const message = fhirCall({ method: 'POST', ...args })
    const response = await post(access, message, { 'mcp-protocol-version': '2025-11-25' })
    expect(response.status).toBe(200)
    expect(await response.text()).not.toMatch(/"isError":true/)
    await sandbox.clearFaults()
  })
})
