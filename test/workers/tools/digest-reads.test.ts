// fhir-digest reads, and does nothing else.
import { describe, expect, test, vi } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { events, post, rpc, startSession } from '../world/mcp.ts'
import { signIn } from '../world/signing-in.ts'
import { type LoggedRequest, rita, sandbox } from '../world/world.ts'
import { call, chart, digest, setUp, tokens } from './digesting.ts'

setUp()

describe('anything but a read of records', () => {
  const API = ({ path }: LoggedRequest) => path.startsWith('/fhir/') || path.startsWith('/auth/me')

  test.each([
    ['Bot/123/$execute', 'Bot'],
    ['$export', 'export'],
    ['Patient/$export', 'export'],
    ['Claim/123/$submit', 'submit'],
    ['Agent/123/$push', 'push'],
    ['Observation/$csv?_fields=id', '`path`'],
    ['ClientApplication/$csv', 'secrets'],
    ['$graphql?query={PatientList{id}}', '`path`'],
    ['metadata', '`path`'],
    ['Patient/123/Observation', 'Observation?subject=Patient/123'],
    ['Observation?_count=abc', '_count'],
    ['../../auth/me', 'refused'],
    ['https://evil.example.com/fhir/R4/Patient', 'refused'],
    ['DELETE Patient/123', 'refused'],
  ])('is refused before anything is sent: %s', async (path, why) => {
    const { result, requests } = await sandbox.during(() => digest({ path }))
    expect(result.isError).toBe(true)
    expect(result.text).toContain(why)
    expect(result.text.toLowerCase()).toContain('nothing was sent')
    expect(requests.filter(API)).toEqual([])
  })

  test('an error of Medplum is an error', async () => {
    const { isError, text } = await digest({ path: 'Patient?foo=bar' })
    expect(isError).toBe(true)
    expect(text).toContain('HTTP 400')
    expect((await digest({ path: `Patient/${crypto.randomUUID()}/$everything` })).text).toContain('HTTP 404')
  })

  test('an error of a later page is an error, never half a digest', async () => {
    await sandbox.faults([{ path: '_cursor=', status: 400 }])
    expect(await digest({ path: 'Encounter' })).toMatchObject({ isError: true, rows: [] })
  })
})

test('reads only: a person who may not write gets the same', async () => {
  const reader = await signIn(rita)
  const { result, requests } = await sandbox.during(() => digest({ path: `${chart}/$everything` }, reader.access))
  expect(result.rows).toEqual((await digest({ path: `${chart}/$everything` })).rows)
  expect(new Set(requests.filter(({ path }) => path.startsWith('/fhir/')).map(({ method }) => method))).toEqual(
    new Set(['GET']),
  )
})

test('reports its progress', async () => {
  const message = call({ path: 'Encounter' })
  const params = { ...message.params, _meta: { progressToken: 'p' } }
  const response = await post(tokens.access, { ...message, params }, await startSession(tokens.access))
  const told = events(await response.text())
    .map((data) => JSON.parse(data))
    .flatMap(({ method, params: progress }) => (method === 'notifications/progress' ? [progress] : []))
  expect(told.length).toBeGreaterThan(1)
  expect(told[0]).toMatchObject({ progressToken: 'p', progress: 500 })
  const [{ total }] = told
  expect(total).toBeGreaterThan(800)
  expect(told.at(-1)).toEqual({
    progressToken: 'p',
    progress: total,
    total,
    message: `Read ${total} of ${total} resources`,
  })
})

test('is logged as a read, by type, without an id', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await digest({ path: `${chart}/$everything` })
  await digest({ path: 'Patient?foo=bar' })
  const written = log.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>)
  expect(written.filter(({ event }) => event === 'tool_call')).toEqual([
    expect.objectContaining({
      tool: 'fhir-digest',
      kind: 'read',
      type: 'Patient/$everything',
      status: 200,
      outcome: 'ok',
    }),
    expect.objectContaining({ tool: 'fhir-digest', kind: 'read', type: 'Patient', status: 400, outcome: 'error' }),
  ])
  expect(JSON.stringify(written)).not.toContain(PATIENT_IDS.diabetic)
})

test('is offered as read-only', async () => {
  const { result } = await rpc(await post(tokens.access, { jsonrpc: '2.0', id: 1, method: 'tools/list' }))
  const tools = result?.tools as { name: string; description: string; annotations: object; inputSchema: object }[]
  const tool = tools.find(({ name }) => name === 'fhir-digest')
  expect(tool?.annotations).toEqual({
    ...{ title: 'FHIR digest', readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  })
  expect(tool?.inputSchema).toMatchObject({
    type: 'object',
    required: ['path'],
    properties: { path: { type: 'string' } },
  })
  expect(tool?.description.length).toBeLessThan(600)
})
