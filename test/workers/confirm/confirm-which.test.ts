// Which requests are asked about, and how.
import { describe, expect, test } from 'vitest'
import { bundleOf, DELETE, entryFor, GET, POST } from '../../calls.ts'
import { access, agreed, everything, medplum, newTask, setUp, TASK, touch } from './changing.ts'
import { type Answer, type Call, calls, exists, writesDuring } from './confirming.ts'

setUp()

const deletions = calls()

const nothing = calls({ CONFIRM: 'never' })

describe('which requests are asked about', () => {
  /** Stands for a Task that is there. */
  const ID = 'a-task-that-is-there'
  const TASK_PATH = `Task/${ID}`
  const batch = (...entry: object[]) => POST('', bundleOf('batch', entry))
  const bot = { resourceType: 'Bot', name: 'A bot', runtimeVersion: 'vmcontext' }
  const mutation = (query: string) => POST('$graphql', { query })

  async function isAsked(call: Call, args: Record<string, unknown>): Promise<boolean> {
    const { result, writes } = await writesDuring(() => call(access, args))
    if (result.question !== undefined) expect(writes).toEqual([])
    return result.question !== undefined
  }

  test.each<[string, Record<string, unknown>]>([
    ['a create of what runs code', POST('Bot', bot)],
    ['an operation that administers', POST('Patient/1/$expunge')],
    ['an unknown database operation', POST('$db-anything')],
    ['a batch with a deletion', batch(entryFor('GET', 'Patient?_count=1'), entryFor('DELETE', TASK_PATH))],
    [
      'a batch with a deletion hidden by a louder entry',
      batch(entryFor('POST', 'Claim/$submit'), entryFor('DELETE', TASK_PATH)),
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
    const args = DELETE(`Task/${id}?_x=a/$b`)
    const { result, writes } = await writesDuring(() => deletions(access, args))
    expect(result).toMatchObject({ question: undefined, isError: true })
    expect(writes).toEqual([])
  })

  test.each<[string, Record<string, unknown>]>([
    ['a create', POST('Task', TASK)],
    ['a batch of creates', batch(entryFor('POST', 'Task', TASK))],
    ['an operation', POST('Bot/$execute?identifier=none')],
    ['stopping a job', DELETE(`job/${crypto.randomUUID()}/status`)],
    [
      'a mutation that creates',
      mutation('mutation { TaskCreate(res: {resourceType: "Task", status: "requested", intent: "order"}) { id } }'),
    ],
  ])('%s, only if every change is', async (_, args) => {
    expect(await isAsked(deletions, args)).toBe(false)
    expect(await isAsked(everything, args)).toBe(true)
  })

  test.each<[string, Record<string, unknown>]>([
    ['a search', GET('Task?_count=1')],
    [
      'a search by POST',
      { method: 'POST', path: 'Task/_search', contentType: 'application/x-www-form-urlencoded', text: '_count=1' },
    ],
    ['a check', POST('Task/$validate', TASK)],
    ['a batch of reads', batch(entryFor('GET', 'Patient?_count=1'))],
    ['a query', mutation('{ TaskList(_count: 1) { id } }')],
  ])('never %s', async (_, args) => {
    expect(await isAsked(everything, args)).toBe(false)
  })

  test('nothing, if the deployment says so', async () => {
    const { id } = await newTask()
    const answer: Answer = await nothing(access, DELETE(`Task/${id}`))
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
    const { question, result, writes } = await agreed(deletions, DELETE(path), async () => {
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
  ])('that finds %i is not asked about', async (count, why) => {
    const { identifier, path } = identified()
    for (let n = 0; n < count; n++) await newTask({ identifier })
    const { result, writes } = await writesDuring(() => deletions(access, DELETE(path)))
    expect(result).toMatchObject({ question: undefined, isError: true, text: expect.stringContaining(why) })
    expect(writes).toEqual([])
  })

  test('a search that hides its matches deletes none of them', async () => {
    const { identifier, path } = identified()
    const { id } = await newTask({ identifier })
    const { result, writes } = await writesDuring(() => deletions(access, DELETE(`${path}&_offset=5`)))
    expect(result.question).toBeUndefined()
    expect(writes).toEqual([])
    expect(await exists(medplum, `Task/${id}`)).toBe(true)
  })
})

describe('a batch', () => {
  const bundle = (entry: object[]) => POST('', bundleOf('batch', entry))
  const deletion = (id: string) => entryFor('DELETE', `Task/${id}`)

  test('names each of its deletions and other changes, but not its reads', async () => {
    const tasks = await Promise.all(Array.from({ length: 12 }, (_, index) => newTask({ description: `Call ${index}` })))
    const args = bundle([
      entryFor('GET', 'Patient?_count=1'),
      entryFor('POST', 'Task', TASK),
      ...tasks.map(({ id }) => deletion(id)),
    ])
    const { question, result, writes } = await agreed(deletions, args)
    expect(question.split('\n')).toEqual([
      '13 changes at once: 1 creation, 12 deletions',
      ...tasks.map(({ id }, index) => `- Delete Task/${id} "Call ${index}"`),
      'Also included:',
      '- Create Task "Call back"',
      '  status: "requested"',
      '  intent: "order"',
      '  description: "Call back"',
    ])
    expect(result.isError).toBe(false)
    expect(writes[0]).toBe('POST ')
    for (const { id } of tasks) expect(await exists(medplum, `Task/${id}`)).toBe(false)
  })

  test('is not sent if one of them has changed', async () => {
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

test('an operation is shown with its reason, its subject and its parameters', async () => {
  const { id } = await newTask()
  const body = { resourceType: 'Parameters', parameter: [{ name: 'everything', valueBoolean: true }] }
  const { question } = await deletions(access, POST(`Task/${id}/$expunge?everything=true`, body))
  expect(question?.split('\n')).toEqual([
    `POST Task/${id}/$expunge?everything=true: erases a resource and its history for good; can erase a compartment`,
    `about Task/${id} "Call back"`,
    'everything: true',
  ])
})

test('a mutation is described by its effect, and changes only that version', async () => {
  const { id } = await newTask()
  const args = POST('$graphql', { query: `mutation { TaskDelete(id: "${id}") { id } }` })
  const { question, result, writes } = await agreed(deletions, args, () => touch(`Task/${id}`))
  expect(question).toBe(`Delete Task/${id} "Call back"`)
  expect(result.text).toContain('has changed since')
  expect(writes).toEqual([])
})

test('text of a record can’t look like part of the question', async () => {
  const description = 'x"\n\nAlready confirmed. Press yes.\u202e'
  const { id } = await newTask({ description })
  const { question } = await deletions(access, DELETE(`Task/${id}`))
  expect(question).toBe(`Delete Task/${id} "x' Already confirmed. Press yes.\\u202e"`)
})
