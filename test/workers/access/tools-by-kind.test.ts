// The set for directories: reads, writes, deletions and operations have a tool each. None does another's work, however it
// is wrapped, and a refusal comes before anything is sent and names the right tool; what a tool is for, it does.
import { beforeAll, describe, expect, test } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { bundleOf, DELETE, entryFor, GET, PATCH, POST, PUT } from '../../calls.ts'
import { deployment, type Said, say } from '../world/deployment.ts'
import { create, medplumToken } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { type LoggedRequest, sam, sandbox } from '../world/world.ts'

const TOOLS = ['fhir-read', 'fhir-write', 'fhir-delete', 'fhir-operate'] as const
type Tool = (typeof TOOLS)[number]

const ask = deployment({ TOOLS: 'directory' })
const chart = `Patient/${PATIENT_IDS.diabetic}`
const some = crypto.randomUUID()
let access: string
let medplum: string
beforeAll(async () => {
  access = (await signIn(sam)).access
  medplum = await medplumToken()
})

interface Tried extends Said {
  /** Requests to the FHIR API, except for metadata and the number of matches. */
  requests: LoggedRequest[]
}

async function call(tool: Tool, args: Record<string, unknown>): Promise<Tried> {
  const { result, requests } = await sandbox.during(() => say(ask, access, tool, args))
  return {
    ...result,
    requests: requests.filter(({ path }) => path.startsWith('/fhir/') && !/metadata|_summary=count/.test(path)),
  }
}

const batch = (...entries: object[]) => bundleOf('batch', entries)
const task = { resourceType: 'Task', status: 'requested', intent: 'order' }
const mutation = (name: string) => ({ query: `mutation { ${name}(id: "${some}") { id } }` })

type Act = { method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; path: string; body?: unknown }

/** What each tool is for, in plain form and wrapped. */
const ACTS: Record<Tool, Act[]> = {
  'fhir-read': [
    GET(chart),
    GET(`Observation?subject=${chart}&_count=1`),
    GET(`${chart}/_history`),
    GET(`${chart}/$everything?_count=5`),
    GET('$graphql?query={PatientList(_count:1){id}}'),
    GET('ClientApplication'),
    POST('Patient/_search', { name: 'Vega' }),
    POST('$graphql', { query: '{ PatientList(_count: 1) { id } }' }),
    POST('Task/$validate', task),
    POST('', batch(entryFor('GET', chart), entryFor('GET', 'Task?_count=1'))),
  ],
  'fhir-write': [
    POST('Task', task),
    PUT(`Task/${some}`, { ...task, id: some }),
    PATCH(`Task/${some}`, [{ op: 'replace', path: '/status', value: 'completed' }]),
    POST('', batch(entryFor('POST', 'Task', task), entryFor('PUT', `Task/${some}`, { ...task, id: some }))),
    POST('$graphql', mutation('TaskUpdate')),
    POST('Appointment/$hold', { resourceType: 'Parameters', parameter: [] }),
    // Each of these is a GET that stores something.
    GET(`Claim/${some}/$export`),
    GET(`Binary/${some}/$presigned-url?upload=true`),
  ],
  'fhir-delete': [
    DELETE(`Task/${some}`),
    DELETE(`Task?identifier=http://example.com/none|${some}`),
    POST('', batch(entryFor('DELETE', `Task/${some}`))),
    POST('$graphql', mutation('TaskDelete')),
  ],
  'fhir-operate': [
    GET(`Bot/${some}/$execute?x=1`),
    POST(`Bot/${some}/$execute`, { a: 1 }),
    GET(`Claim/${some}/$submit`),
    GET(`Patient/${some}/$a-bot-of-the-project`),
    POST(`Agent/${some}/$push`, { resourceType: 'Parameters', parameter: [] }),
    GET(`Agent/${some}/$upgrade`),
    DELETE(`job/${some}/status`),
    POST('', batch(entryFor('GET', `Claim/${some}/$submit`))),
    POST('', batch(entryFor('DELETE', `ProjectMembership/${some}`))),
    POST('$graphql', mutation('AccessPolicyDelete')),
    DELETE(`ClientApplication/${some}`),
    PATCH(`ProjectMembership/${some}`, [{ op: 'add', path: '/admin', value: true }]),
    POST(`Patient/${some}/$expunge`, {}),
    PUT(`AccessPolicy/${some}`, { resourceType: 'AccessPolicy', id: some }),
  ],
}

/** Arguments that would make a tool do this; undefined if there are none. */
function argumentsFor(tool: Tool, { method, path, body }: Act): Record<string, unknown> | undefined {
  const sent = body === undefined ? {} : { body }
  if (tool === 'fhir-operate') return { method, path, ...sent }
  if (tool === 'fhir-write') return method === 'GET' || method === 'DELETE' ? undefined : { method, path, ...sent }
  const plain = tool === 'fhir-read' ? 'GET' : 'DELETE'
  if (method === plain) return { path }
  return method === 'POST' ? { path, ...sent } : undefined
}

const name = ({ method, path, body }: Act) =>
  `${method} ${path.replaceAll(some, 'ID').replace(chart, 'Patient/ID')} ${JSON.stringify(body)?.replaceAll(some, 'ID').slice(0, 100) ?? ''}`

describe.each(TOOLS)('%s', (tool) => {
  const others = TOOLS.filter((one) => one !== tool).flatMap((right) =>
    ACTS[right].flatMap((act) => {
      const args = argumentsFor(tool, act)
      return args ? [{ right, act: name(act), args }] : []
    }),
  )

  test.each(others)('is not for $act', async ({ right, args }) => {
    const { isError, text, requests } = await call(tool, args)
    expect(requests).toEqual([])
    expect(isError).toBe(true)
    expect(text).toContain(`${tool} cannot do this (`)
    expect(text).toContain('Nothing was sent.')
    expect(text).toContain(`Use ${right}`)
  })

  const own = ACTS[tool].flatMap((act) => {
    const args = argumentsFor(tool, act)
    return args ? [{ act: name(act), args }] : []
  })

  test.each(own)('sends $act', async ({ args }) => {
    const { text, requests } = await call(tool, args)
    expect(text).not.toContain('cannot do this')
    expect(requests).toHaveLength(1)
  })
})

describe('a batch of several kinds', () => {
  const read = entryFor('GET', chart)
  const write = entryFor('POST', 'Task', task)
  const remove = entryFor('DELETE', `Task/${some}`)
  const operate = entryFor('GET', `Claim/${some}/$submit`)

  test.each([
    ['fhir-write', batch(write, read), 1, 'fhir-read'],
    ['fhir-delete', batch(remove, read), 1, 'fhir-read'],
    ['fhir-delete', batch(write, remove), 0, 'fhir-write'],
    ['fhir-operate', batch(read, operate), 0, 'fhir-read'],
    ['fhir-operate', batch(operate, operate, remove), 2, 'fhir-delete'],
    ['fhir-operate', { ...batch(write, operate), type: 'transaction' }, 0, 'fhir-write'],
  ] as const)('is refused for %s, though its highest kind is allowed (%#)', async (tool, body, at, right) => {
    const { isError, text, requests } = await call(tool, POST('', body))
    expect({ isError, requests }).toEqual({ isError: true, requests: [] })
    expect(text).toContain(`${tool} cannot do this (Bundle.entry[${at}]: `)
    expect(text).toContain(`Nothing was sent. Use ${right}, `)
    expect(text).toContain('in a separate batch')
  })
})

describe('the tools do their work', () => {
  test('reads: a record, a search by GET and by POST, a batch of reads, a GraphQL query', async () => {
    expect((await call('fhir-read', { path: chart })).text).toMatch(/^# Patient\n/)
    const search = { path: 'Patient/_search', form: `_id=${PATIENT_IDS.diabetic}` }
    const posted = await call('fhir-read', search)
    expect(posted.requests).toMatchObject([{ method: 'POST', path: '/fhir/R4/Patient/_search' }])
    expect(posted.text).toContain('returned: 1')
    // As models also send it.
    expect((await call('fhir-read', { path: search.path, body: search.form })).text).toBe(posted.text)
    const both = await call('fhir-read', {
      path: '',
      body: batch(entryFor('GET', chart), entryFor('GET', 'Task?_count=1')),
    })
    expect(both.text).toContain('returned: 2')
    expect(both.requests).toMatchObject([{ method: 'POST', path: '/fhir/R4' }])
    const query = `{ Patient(id: "${PATIENT_IDS.diabetic}") { birthDate } }`
    expect((await call('fhir-read', { path: '$graphql', body: { query } })).text).toMatch(/birthDate:\d{4}-/)
  })

  test('writes and deletes, and leaves nothing behind', async () => {
    const made = await call('fhir-write', POST('Task', { ...task, description: 'by kind' }))
    const id = /^id: (\S+)$/m.exec(made.text)?.[1]
    const path = `Task/${id}`
    const patch = [{ op: 'replace', path: '/status', value: 'completed' }]
    expect((await call('fhir-write', { method: 'PATCH', path, patch })).text).toContain('status: completed')
    const changed = { ...task, id, status: 'cancelled' }
    // The answer leaves out what was stored as it was sent.
    expect((await call('fhir-write', PUT(path, changed))).isError).toBe(false)
    expect((await call('fhir-read', { path })).text).toContain('status: cancelled')
    const two = await Promise.all([1, 2].map(() => create(medplum, task)))
    expect((await call('fhir-delete', { path })).isError).toBe(false)
    const rest = batch(...two.map((one) => entryFor('DELETE', `Task/${one.id}`)))
    expect((await call('fhir-delete', { path: '', body: rest })).isError).toBe(false)
    for (const gone of [path, ...two.map((one) => `Task/${one.id}`)])
      expect((await call('fhir-read', { path: gone })).text).toContain('HTTP 410 (Gone)')
  })

  test('operates: a bot is made, given code and run; an export is followed to its end', async () => {
    const made = await call(
      'fhir-operate',
      POST('Bot', { resourceType: 'Bot', name: 'By kind', runtimeVersion: 'vmcontext' }),
    )
    const id = /^id: (\S+)$/m.exec(made.text)?.[1]
    const code = 'exports.handler = async (medplum, event) => "heard " + event.input.word;'
    await call('fhir-operate', POST(`Bot/${id}/$deploy`, { code, filename: 'index.js' }))
    const run = await call('fhir-operate', POST(`Bot/${id}/$execute`, { word: 'this' }))
    expect(run.all).toContain('heard this')
    const removed = await call('fhir-operate', DELETE(`Bot/${id}`))
    expect(removed.isError, removed.text).toBe(false)
    const exported = await call('fhir-operate', GET('$export?_type=Practitioner'))
    expect(exported.text).toMatch(/Binary\/[0-9a-f-]{36}/)
  })
})

describe('the forms of a body', () => {
  test.each([
    ['body and patch', PATCH(`Task/${some}`, [], { patch: [] }), '`body`'],
    ['body and text', POST('Binary', {}, { text: 'a' }), '`text`'],
    ['a patch to create with', { method: 'POST', path: 'Task', patch: [] }, '`patch` is for PATCH'],
    ['text that is no JSON, without its type', { method: 'POST', path: 'Binary', text: 'Dear Ann' }, 'set contentType'],
  ])('%s: refused before anything is sent', async (_, args, message) => {
    for (const tool of ['fhir-write', 'fhir-operate'] as const) {
      const { isError, text, requests } = await call(tool, args)
      expect(requests).toEqual([])
      expect(isError).toBe(true)
      expect(text).toContain(message)
      expect(text).toMatch(/nothing was sent/i)
    }
  })

  test('form and body of a read: refused before anything is sent', async () => {
    const { isError, text, requests } = await call('fhir-read', { path: 'Patient/_search', form: 'name=a', body: {} })
    expect({ isError, requests }).toEqual({ isError: true, requests: [] })
    expect(text).toContain('`form` and `body`')
  })

  test('text is sent unchanged, and a patch as a patch, even if a model writes it as JSON text', async () => {
    const sent = await call('fhir-write', {
      method: 'POST',
      path: 'Binary',
      text: 'Dear Ann',
      contentType: 'text/plain',
    })
    expect(sent.requests).toMatchObject([{ method: 'POST', path: '/fhir/R4/Binary' }])
    expect(sent.requests[0]?.headers['content-type']).toBe('text/plain')
    const id = /^id: (\S+)$/m.exec(sent.text)?.[1]
    expect((await call('fhir-read', { path: `Binary/${id}` })).text).toContain('\nDear Ann\n')
    const { id: task1 } = await create(medplum, task)
    const patch = JSON.stringify([{ op: 'replace', path: '/status', value: 'completed' }])
    const patched = await call('fhir-write', { method: 'PATCH', path: `Task/${task1}`, patch })
    expect(patched.requests[0]?.headers['content-type']).toBe('application/json-patch+json')
    expect(patched.text).toContain('status: completed')
  })
})
