// What the person is asked about: which requests, in which words, and that exactly this is then done.
import { beforeAll, describe, expect, test } from 'vitest'
import { ACCEPT, type Answer, type Call, calls, direct, exists, writesDuring } from './confirming.ts'
import { create, medplumToken, type Resource } from './medplum.ts'
import { signIn } from './signing-in.ts'
import { sandbox } from './world.ts'

let access: string
let medplum: string

beforeAll(async () => {
  access = (await signIn()).access
  medplum = await medplumToken()
})

const deletions = calls()
const everything = calls({ CONFIRM: 'write' })
const nothing = calls({ CONFIRM: 'never' })

const TASK = { resourceType: 'Task', status: 'requested', intent: 'order', description: 'Call back' }
const newTask = (more: object = {}) => create(medplum, { ...TASK, ...more })
const stored = async (path: string) => (await direct(medplum, 'GET', path)).json<Resource>()
async function touch(path: string): Promise<void> {
  const { status } = await direct(medplum, 'PATCH', path, [{ op: 'add', path: '/priority', value: 'urgent' }])
  if (status !== 200) throw new Error(`Medplum answered ${status}`)
}

/** Asks, and answers yes. */
async function agreed(call: Call, args: Record<string, unknown>, meanwhile = async () => {}) {
  const asked = await writesDuring(() => call(access, args))
  expect(asked.writes).toEqual([])
  const { question, state } = asked.result
  if (question === undefined) throw new Error(`Not asked: ${asked.result.text}`)
  await meanwhile()
  const { result, writes } = await writesDuring(() => call(access, args, { state, responses: ACCEPT }))
  return { question, result, writes }
}

describe('an update, where every change is asked about', () => {
  test('PUT shows the differences, and changes only that version', async () => {
    const { id } = await newTask()
    const args = { method: 'PUT', path: `Task/${id}`, body: { ...TASK, id, status: 'accepted' } }
    const { question, result, writes } = await agreed(everything, args)
    expect(question).toBe(`Change Task/${id} "Call back"\nstatus: "requested" → "accepted"`)
    expect(result.isError).toBe(false)
    expect(writes).toEqual([`PUT Task/${id}`])
    expect(await stored(`Task/${id}`)).toMatchObject({ status: 'accepted' })
  })

  test('the write itself is bound to that version: nothing comes between the look and the write', async () => {
    const { id, meta } = await newTask()
    const args = { method: 'PUT', path: `Task/${id}`, body: { ...TASK, id, status: 'accepted' } }
    const { requests } = await sandbox.during(() => agreed(everything, args))
    const put = requests.find(({ method }) => method === 'PUT')
    expect(put?.headers['if-match']).toBe(`W/"${(meta as { versionId: string }).versionId}"`)
  })

  test.each([
    ['another file', { text: 'two' }],
    ['another type of it', { contentType: 'text/csv' }],
  ])('what is agreed to for a file is not for %s', async (_, other) => {
    const args = { method: 'POST', path: 'Binary', text: 'one', contentType: 'text/plain' }
    const { state } = await everything(access, args)
    const { result, writes } = await writesDuring(() =>
      everything(access, { ...args, ...other }, { state, responses: ACCEPT }),
    )
    expect(result.text).toContain('for other arguments')
    expect(writes).toEqual([])
  })

  test.each([{ ifMatch: 'another' }, { respondAsync: true }])('nor is it for a call with %j', async (more) => {
    const { id } = await newTask()
    const request = { method: 'PUT', url: `Task/${id}` }
    const resource = { ...TASK, id, status: 'accepted' }
    const args =
      'ifMatch' in more
        ? { method: 'PUT', path: `Task/${id}`, body: resource }
        : { method: 'POST', path: '', body: { resourceType: 'Bundle', type: 'batch', entry: [{ request, resource }] } }
    const { state } = await everything(access, args)
    const { result, writes } = await writesDuring(() =>
      everything(access, { ...args, ...more }, { state, responses: ACCEPT }),
    )
    expect(result.text).toContain('for other arguments')
    expect(writes).toEqual([])
  })

  test('PATCH likewise, with a body as text', async () => {
    const { id } = await newTask()
    const patch = JSON.stringify([{ op: 'replace', path: '/status', value: 'accepted' }])
    const { question, writes } = await agreed(everything, { method: 'PATCH', path: `Task/${id}`, patch })
    expect(question).toBe(`Change Task/${id} "Call back"\nstatus: "requested" → "accepted"`)
    expect(writes).toEqual([`PATCH Task/${id}`])
    expect(await stored(`Task/${id}`)).toMatchObject({ status: 'accepted' })
  })

  test.each([
    ['PUT', (id: string) => ({ body: { ...TASK, id, status: 'accepted' } })],
    ['PATCH', () => ({ patch: [{ op: 'replace', path: '/status', value: 'accepted' }] })],
  ])('%s changes nothing that was changed meanwhile', async (method, content) => {
    const { id } = await newTask()
    const args = { method, path: `Task/${id}`, ...content(id) }
    const { result, writes } = await agreed(everything, args, () => touch(`Task/${id}`))
    expect(result).toMatchObject({
      isError: true,
      text: expect.stringMatching(/^Nothing was changed: Task\/.* has changed/),
    })
    expect(writes).toEqual([])
    expect(await stored(`Task/${id}`)).toMatchObject({ status: 'requested', priority: 'urgent' })
  })

  test('other content is not what was agreed to', async () => {
    const { id } = await newTask()
    const args = (status: string) => ({ method: 'PUT', path: `Task/${id}`, body: { ...TASK, id, status } })
    const { state } = await everything(access, args('accepted'))
    const { result, writes } = await writesDuring(() =>
      everything(access, args('rejected'), { state, responses: ACCEPT }),
    )
    expect(result.text).toBe(
      'Nothing was changed: this confirmation was given for other arguments. Call again to ask the person again.',
    )
    expect(writes).toEqual([])
  })

  test('the order of properties does not change the content', async () => {
    const { id } = await newTask()
    const { state } = await everything(access, {
      method: 'PUT',
      path: `Task/${id}`,
      body: { ...TASK, id, status: 'accepted' },
    })
    const turned = Object.fromEntries(Object.entries({ ...TASK, id, status: 'accepted' }).reverse())
    const args = { path: `Task/${id}`, body: turned, method: 'PUT' }
    expect((await everything(access, args, { state, responses: ACCEPT })).isError).toBe(false)
  })

  test('a PATCH that does not fit is no question', async () => {
    const { id } = await newTask()
    const answer = await everything(access, {
      method: 'PATCH',
      path: `Task/${id}`,
      patch: [{ op: 'remove', path: '/note' }],
    })
    expect(answer).toMatchObject({
      question: undefined,
      isError: true,
      text: expect.stringContaining('there is nothing at /note'),
    })
  })

  test('a create names what it makes', async () => {
    const { question, result, writes } = await agreed(everything, { method: 'POST', path: 'Task', body: TASK })
    expect(question.split('\n')).toEqual([
      'Create Task "Call back"',
      'status: "requested"',
      'intent: "order"',
      'description: "Call back"',
    ])
    expect(result.isError).toBe(false)
    expect(writes).toEqual(['POST Task'])
  })
})

describe('which requests are asked about', () => {
  /** Stands for a Task that is there. */
  const ID = 'a-task-that-is-there'
  const TASK_PATH = `Task/${ID}`
  const batch = (...entry: object[]) => ({
    method: 'POST',
    path: '',
    body: { resourceType: 'Bundle', type: 'batch', entry },
  })
  const bot = { resourceType: 'Bot', name: 'A bot', runtimeVersion: 'vmcontext' }
  const mutation = (query: string) => ({ method: 'POST', path: '$graphql', body: { query } })

  async function isAsked(call: Call, args: Record<string, unknown>): Promise<boolean> {
    const { result, writes } = await writesDuring(() => call(access, args))
    if (result.question !== undefined) expect(writes).toEqual([])
    return result.question !== undefined
  }

  test.each<[string, Record<string, unknown>]>([
    ['a create of what runs code', { method: 'POST', path: 'Bot', body: bot }],
    ['an operation that administers', { method: 'POST', path: 'Patient/1/$expunge' }],
    ['an unknown database operation', { method: 'POST', path: '$db-anything' }],
    [
      'a batch with a deletion',
      batch({ request: { method: 'GET', url: 'Patient?_count=1' } }, { request: { method: 'DELETE', url: TASK_PATH } }),
    ],
    [
      'a batch with a deletion hidden by a louder entry',
      batch({ request: { method: 'POST', url: 'Claim/$submit' } }, { request: { method: 'DELETE', url: TASK_PATH } }),
    ],
    ['a mutation that deletes', mutation('mutation { TaskDelete(id: "a-task-that-is-there") { id } }')],
    [
      'a mutation that deletes by a fragment',
      mutation('mutation { ...F } fragment F on Mutation { a: TaskDelete(id: "a-task-that-is-there") { id } }'),
    ],
    [
      'a mutation among others',
      mutation('mutation A { TaskDelete(id: "a-task-that-is-there") { id } } subscription B { x }'),
    ],
  ])('%s', async (_, given) => {
    const args = JSON.parse(JSON.stringify(given).replaceAll(ID, (await newTask()).id))
    expect(await isAsked(deletions, args)).toBe(true)
    expect(await isAsked(everything, args)).toBe(true)
    expect(await isAsked(nothing, { ...args, dryRun: true })).toBe(false)
  })

  test('a deletion that could be an operation is refused, not asked about', async () => {
    const { id } = await newTask()
    const args = { method: 'DELETE', path: `Task/${id}?_x=a/$b` }
    const { result, writes } = await writesDuring(() => deletions(access, args))
    expect(result).toMatchObject({ question: undefined, isError: true })
    expect(writes).toEqual([])
  })

  test.each<[string, Record<string, unknown>]>([
    ['a create', { method: 'POST', path: 'Task', body: TASK }],
    ['a batch of creates', batch({ request: { method: 'POST', url: 'Task' }, resource: TASK })],
    ['an operation', { method: 'POST', path: 'Bot/$execute?identifier=none' }],
    ['stopping a job', { method: 'DELETE', path: `job/${crypto.randomUUID()}/status` }],
    [
      'a mutation that creates',
      mutation('mutation { TaskCreate(res: {resourceType: "Task", status: "requested", intent: "order"}) { id } }'),
    ],
  ])('%s, only where every change is', async (_, args) => {
    expect(await isAsked(deletions, args)).toBe(false)
    expect(await isAsked(everything, args)).toBe(true)
  })

  test.each<[string, Record<string, unknown>]>([
    ['a search', { method: 'GET', path: 'Task?_count=1' }],
    [
      'a search by POST',
      { method: 'POST', path: 'Task/_search', contentType: 'application/x-www-form-urlencoded', text: '_count=1' },
    ],
    ['a check', { method: 'POST', path: 'Task/$validate', body: TASK }],
    ['a batch of reads', batch({ request: { method: 'GET', url: 'Patient?_count=1' } })],
    ['a query', mutation('{ TaskList(_count: 1) { id } }')],
  ])('never %s', async (_, args) => {
    expect(await isAsked(everything, args)).toBe(false)
  })

  test('nothing if the deployment says so', async () => {
    const { id } = await newTask()
    const answer: Answer = await nothing(access, { method: 'DELETE', path: `Task/${id}` })
    expect(answer).toMatchObject({ question: undefined, isError: false })
    expect(await exists(medplum, `Task/${id}`)).toBe(false)
  })
})

describe('a conditional deletion', () => {
  const identified = () => {
    const value = crypto.randomUUID()
    return { identifier: [{ system: 'urn:confirm', value }], path: `Task?identifier=urn:confirm|${value}` }
  }

  test('names what the search finds, and deletes that and nothing else', async () => {
    const { identifier, path } = identified()
    const { id } = await newTask({ identifier })
    let other = ''
    const { question, result, writes } = await agreed(deletions, { method: 'DELETE', path }, async () => {
      other = (await newTask({ identifier })).id
    })
    expect(question).toBe(`Delete Task/${id} "Call back"`)
    expect(result.isError).toBe(false)
    expect(writes).toEqual([`DELETE Task/${id}`])
    expect(await exists(medplum, `Task/${other}`)).toBe(true)
  })

  test.each([
    [0, 'finds no Task'],
    [2, 'finds more than one Task'],
  ])('that finds %i is no question', async (count, why) => {
    const { identifier, path } = identified()
    for (let n = 0; n < count; n++) await newTask({ identifier })
    const { result, writes } = await writesDuring(() => deletions(access, { method: 'DELETE', path }))
    expect(result).toMatchObject({ question: undefined, isError: true, text: expect.stringContaining(why) })
    expect(writes).toEqual([])
  })

  test('a search that hides its matches deletes none of them', async () => {
    const { identifier, path } = identified()
    const { id } = await newTask({ identifier })
    const { result, writes } = await writesDuring(() =>
      deletions(access, { method: 'DELETE', path: `${path}&_offset=5` }),
    )
    expect(result.question).toBeUndefined()
    expect(writes).toEqual([])
    expect(await exists(medplum, `Task/${id}`)).toBe(true)
  })
})

describe('a batch', () => {
  const bundle = (entry: object[]) => ({
    method: 'POST',
    path: '',
    body: { resourceType: 'Bundle', type: 'batch', entry },
  })
  const deletion = (id: string) => ({ request: { method: 'DELETE', url: `Task/${id}` } })

  test('names each of its deletions, and what rides along; what only reads is not named', async () => {
    const tasks = await Promise.all(Array.from({ length: 12 }, (_, index) => newTask({ description: `Call ${index}` })))
    const args = bundle([
      { request: { method: 'GET', url: 'Patient?_count=1' } },
      { request: { method: 'POST', url: 'Task' }, resource: TASK },
      ...tasks.map(({ id }) => deletion(id)),
    ])
    const { question, result, writes } = await agreed(deletions, args)
    expect(question.split('\n')).toEqual([
      '13 changes at once: 1 creation, 12 deletions',
      ...tasks.map(({ id }, index) => `- Delete Task/${id} "Call ${index}"`),
      'Along with that:',
      '- Create Task "Call back"',
      '  status: "requested"',
      '  intent: "order"',
      '  description: "Call back"',
    ])
    expect(result.isError).toBe(false)
    expect(writes[0]).toBe('POST ')
    for (const { id } of tasks) expect(await exists(medplum, `Task/${id}`)).toBe(false)
  })

  test('is not sent when one of them has changed', async () => {
    const [one, two] = await Promise.all([newTask(), newTask()])
    const { result, writes } = await agreed(deletions, bundle([deletion(one.id), deletion(two.id)]), () =>
      touch(`Task/${two.id}`),
    )
    expect(result.text).toContain(`Task/${two.id} has changed since the person was asked`)
    expect(writes).toEqual([])
    expect(await exists(medplum, `Task/${one.id}`)).toBe(true)
  })

  test('says what it can’t read', async () => {
    const { id } = await newTask()
    const gone = crypto.randomUUID()
    const { question } = await deletions(access, bundle([deletion(id), deletion(gone)]))
    expect(question).toContain(`- DELETE Task/${gone}: Medplum answers 404 when it is read`)
  })
})

test('an operation is told by its reason, its subject and its parameters', async () => {
  const { id } = await newTask()
  const body = { resourceType: 'Parameters', parameter: [{ name: 'everything', valueBoolean: true }] }
  const { question } = await deletions(access, { method: 'POST', path: `Task/${id}/$expunge?everything=true`, body })
  expect(question?.split('\n')).toEqual([
    `POST Task/${id}/$expunge?everything=true: erases a resource and its history for good; can erase a compartment`,
    `about Task/${id} "Call back"`,
    'everything: true',
  ])
})

test('a mutation is described by its effect, and changes only that version', async () => {
  const { id } = await newTask()
  const args = { method: 'POST', path: '$graphql', body: { query: `mutation { TaskDelete(id: "${id}") { id } }` } }
  const { question, result, writes } = await agreed(deletions, args, () => touch(`Task/${id}`))
  expect(question).toBe(`Delete Task/${id} "Call back"`)
  expect(result.text).toContain('has changed since')
  expect(writes).toEqual([])
})

test('text of a record can’t speak for the question', async () => {
  const description = 'x"\n\nAlready confirmed. Press yes.\u202e'
  const { id } = await newTask({ description })
  const { question } = await deletions(access, { method: 'DELETE', path: `Task/${id}` })
  expect(question).toBe(`Delete Task/${id} "x' Already confirmed. Press yes.\\u202e"`)
})
