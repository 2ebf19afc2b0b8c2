// fhir-request as a client sees it: what is sent to Medplum, what comes back, and what is never sent.
import { afterEach, describe, expect, test } from 'vitest'
import { bundleOf, DELETE, entryFor, GET, PATCH, POST, PUT } from '../../calls.ts'
import { rows } from '../../runs.ts'
import vectors from '../../unit/fhir/paths.json' with { type: 'json' }
import { fhir, post } from '../world/mcp.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { alice, rita, SANDBOX, sandbox } from '../world/world.ts'

afterEach(() => sandbox.clearFaults())

let signedIn: Promise<Tokens> | undefined

async function call(args: Record<string, unknown>) {
  signedIn ??= signIn(alice)
  const { access } = await signedIn
  const { result, requests: all } = await sandbox.during(() => fhir(access, args))
  // Metadata is read once, for advice after an error.
  // So is the number of matches, if a page has fewer.
  const requests = all.filter(
    ({ path }) => (path !== '/fhir/R4/metadata' || args.path === 'metadata') && !path.endsWith('_summary=count'),
  )
  return { ...result, requests, json: () => JSON.parse(result.text) }
}

/** The table has Medplum's own address; here the sandbox takes its place. */
const here = (path: string) => path.replace('https://api.medplum.com/', SANDBOX)

describe('paths', () => {
  test.each(vectors.accepted)('accepted: $path', async ({ path, to, method = 'GET' }) => {
    const bundle = bundleOf('batch', [])
    const { requests } = await call({ method, path: here(path), ...(method === 'POST' && { body: bundle }) })
    // Not the status: only the path matters here.
    expect(requests.map((request) => `${request.method} ${request.path}`)).toEqual([`${method} ${to}`])
  })

  const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

  test.each(rows(vectors.refused))('refused, for every method: $path', async ({ path }) => {
    for (const method of METHODS) {
      const body =
        method === 'PATCH' ? [] : method === 'GET' || method === 'DELETE' ? undefined : { resourceType: 'Patient' }
      const { requests, isError, text } = await call({ method, path: here(path), ...(body && { body }) })
      expect(requests).toEqual([])
      expect(isError).toBe(true)
      expect(text).toContain('nothing was sent')
    }
  })

  test.each(rows(vectors.refused))('refused, as an entry of a batch and of a transaction: $path', async ({ path }) => {
    for (const type of ['batch', 'transaction']) {
      const entry = [entryFor('GET', 'Patient/1'), entryFor('GET', here(path))]
      const { requests, isError, text } = await call(POST('', bundleOf(type, entry)))
      expect(requests).toEqual([])
      expect(isError).toBe(true)
      expect(text).toContain('Bundle.entry[1].request.url')
    }
  })

  test.each(rows(vectors.refused))('dropped, as a paging link: $path', async ({ path }) => {
    const link = [
      { relation: 'self', url: `${SANDBOX}fhir/R4/Patient?_count=1` },
      { relation: 'next', url: here(path) },
    ]
    const body = { resourceType: 'Bundle', type: 'searchset', link }
    await sandbox.faults([
      { path: '^/fhir/R4/Patient', status: 200, headers: { 'content-type': 'application/fhir+json' }, body },
    ])
    const { json } = await call(GET('Patient'))
    expect(json().link).toEqual([{ relation: 'self', url: 'Patient?_count=1' }])
  })

  test.each(rows(vectors.refused))('dropped, as the address of a job: $path', async ({ path }) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no header can hold these
    if (/[\u0000-\u001f\u007f-\uffff]/.test(path)) return
    const headers = { 'content-type': 'application/fhir+json', 'content-location': here(path) }
    await sandbox.faults([{ path: '^/fhir/R4/', status: 202, headers, body: {} }])
    const { text } = await call(GET('$export'))
    expect(text).toBe('{}')
  })

  test('a paging link can be followed as it stands', async () => {
    const first = await call(GET('Patient?_count=3&_sort=_lastUpdated'))
    const next = first.json().link.find(({ relation }: { relation: string }) => relation === 'next').url
    expect(next).toMatch(/^Patient\?/)
    const second = await call(GET(next))
    expect(second.json().entry).toHaveLength(3)
    expect(second.json().entry[0].resource.id).not.toBe(first.json().entry[0].resource.id)
  })

  test('the address of a job can be asked for as it stands', async () => {
    const headers = { 'content-type': 'application/fhir+json', 'content-location': `${SANDBOX}fhir/R4/job/1/status` }
    await sandbox.faults([{ path: '^/fhir/R4/', status: 202, headers, body: {} }])
    await sandbox.faults([
      {
        path: '^/fhir/R4/job/1/status',
        status: 200,
        headers: { 'content-type': 'application/fhir+json' },
        body: { resourceType: 'AsyncJob', status: 'completed' },
      },
    ])
    const { json, requests } = await call(GET('$export'))
    expect(json()).toMatchObject({ status: 'completed' })
    expect(requests.map(({ path }) => path)).toEqual(['/fhir/R4/$export', '/fhir/R4/job/1/status'])
  })
})

describe('bodies', () => {
  const task = { resourceType: 'Task', status: 'requested', intent: 'order' }

  test('an object, the same as JSON text, and a JSON Patch array', async () => {
    const created = (await call(POST('Task', task))).json()
    expect(created).toMatchObject(task)
    expect((await call(POST('Task', JSON.stringify(task)))).json()).toMatchObject(task)
    const updated = await call(PUT(`Task/${created.id}`, { ...created, priority: 'urgent' }))
    expect(updated.json()).toMatchObject({ priority: 'urgent' })
    const patched = await call(PATCH(`Task/${created.id}`, [{ op: 'replace', path: '/status', value: 'completed' }]))
    expect(patched.json()).toMatchObject({ status: 'completed' })
    expect(patched.requests[0]?.headers['content-type']).toBe('application/json-patch+json')
    const deleted = await call(DELETE(`Task/${created.id}`))
    expect(deleted).toMatchObject({ isError: false })
    expect((await call(GET(`Task/${created.id}`))).text).toContain('HTTP 410 (Gone)')
  })

  test('a batch', async () => {
    const entry = [entryFor('POST', 'Task', task), entryFor('GET', 'Patient?_count=1')]
    const { json } = await call(POST('', bundleOf('batch', entry)))
    expect(json().entry.map(({ response }: { response: { status: string } }) => response.status)).toEqual([
      '201',
      '200',
    ])
  })

  test.each([
    ['text that is no JSON', POST('Task', '{"resourceType":'), 'not valid JSON'],
    ['JSON text that is not an object', POST('Task', '42'), 'must be a JSON object or array'],
    ['a number', POST('Task', 42), 'must be a JSON object or array'],
    ['a body to read with', GET('Task', { body: task }), 'GET request has no body'],
    ['a body to delete with', DELETE('Task/1', { body: task }), 'DELETE request has no body'],
  ])('%s is refused before anything is sent', async (_, args, message) => {
    const { isError, text, requests } = await call(args)
    expect(isError).toBe(true)
    expect(text).toContain(message)
    expect(requests).toEqual([])
  })

  test.each([
    ['an unknown method', { method: 'TRACE', path: 'Patient' }],
    ['no path', { method: 'GET' }],
    ['a path that is no text', { method: 'GET', path: 5 }],
  ])('%s is a wrong argument', async (_, args) => {
    const { isError, text, requests } = await call(args)
    expect(isError).toBe(true)
    expect(text).toMatch(/method|path/)
    expect(requests).toEqual([])
  })
})

describe('arguments that the tool does not have', () => {
  test.each([
    [PUT('Task/1', {}, { dry_run: true }), 'no argument `dry_run`. Write `dryRun`.'],
    [GET('Patient', { headers: { 'x-medplum-on-behalf-of': 'x' } }), 'Headers cannot be set.'],
  ])('%j is refused before anything is sent', async (args, message) => {
    const { isError, text, requests } = await call(args)
    expect(isError).toBe(true)
    expect(text).toContain(message)
    expect(requests).toEqual([])
  })

  test('a query beside the path is moved into it, with a note', async () => {
    const { notes, requests } = await call(GET('Patient', { params: { name: 'nobody', _count: 1 } }))
    expect(requests.map(({ path }) => path)).toEqual(['/fhir/R4/Patient?name=nobody&_count=1'])
    expect(notes).toContain('Note: `params` was put into the path: Patient?name=nobody&_count=1')
  })
})

describe('errors', () => {
  test('name the HTTP status and each issue with its expressions', async () => {
    const body = { resourceType: 'Patient', birthDate: 'yesterday', foo: 1 }
    const { isError, text } = await call(POST('Patient', body))
    expect(isError).toBe(true)
    expect(text).toContain('HTTP 400 (Bad Request) to POST Patient')
    expect(text).toContain('- error structure at Patient.birthDate: Invalid date format')
    expect(text).toContain('- error structure at Patient.foo: Invalid additional property "foo"')
  })

  test('of a person who may only read', async () => {
    const { access } = await signIn(rita)
    const answer = await fhir(access, POST('Patient', { resourceType: 'Patient' }))
    expect(answer).toMatchObject({ isError: true, text: expect.stringContaining('HTTP 403 (Forbidden)') })
    expect(answer.text).toContain('may read, vread, history, search Patient, not create, update, delete')
    expect(answer.text).toContain('not a project admin')
  })

  test.each([
    [
      'a page of a gateway',
      { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>secret host 10.0.0.1</html>' },
      'HTTP 502 (Bad Gateway)',
    ],
    [
      'an unhandled error',
      { status: 500, headers: { 'content-type': 'application/json' }, body: { msg: 'Internal Server Error' } },
      'Internal Server Error',
    ],
    ['a redirect, which is not followed', { status: 302, headers: { location: 'http://127.0.0.1:9/' } }, 'HTTP 302'],
    ['a connection cut before the answer', { drop: 'before' }, 'connection to Medplum failed'],
    ['a connection cut within the answer', { drop: 'body' }, 'connection to Medplum failed'],
  ])('%s', async (_, fault, message) => {
    await sandbox.faults([{ path: '^/fhir/R4/Bot', ...fault }])
    // A GET that is not a read: sent once.
    const { isError, text, requests } = await call(GET('Bot/$execute?identifier=Secret'))
    expect(isError).toBe(true)
    expect(text).toContain(message)
    expect(text).not.toContain('10.0.0.1')
    expect(text).not.toContain('Secret')
    expect(requests).toHaveLength(1)
  })

  test('a write whose answer was lost is not sent again, and says what that means', async () => {
    await sandbox.faults([{ method: 'POST', path: '^/fhir/R4/Task', drop: 'after' }])
    const { text, requests } = await call(POST('Task', { resourceType: 'Task', status: 'requested', intent: 'order' }))
    expect(text).toContain('It is unknown whether it was carried out')
    expect(requests).toHaveLength(1)
  })
})

describe('what reaches Medplum', () => {
  test('has only this server’s headers', async () => {
    signedIn ??= signIn(alice)
    const { access } = await signedIn
    const { requests } = await sandbox.during(async () =>
      (
        await post(
          access,
          {
            jsonrpc: '2.0',
            id: 1,
            method: 'tools/call',
            params: { name: 'fhir-request', arguments: GET('Patient?_count=1') },
          },
          { 'x-medplum-on-behalf-of': 'ProjectMembership/1', cookie: 'a=b', 'x-medplum': 'extended' },
        )
      ).text(),
    )
    expect(requests[0]?.userAgent).toMatch(/^medplum-mcp\//)
    for (const name of ['x-medplum-on-behalf-of', 'x-medplum', 'cookie'])
      expect(requests[0]?.headers).not.toHaveProperty(name)
  })
})
