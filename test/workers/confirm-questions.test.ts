// A question shows the person all that will happen; what can't be shown is not asked about.
import { beforeAll, describe, expect, test } from 'vitest'
import { ACCEPT, type Answer, calls, Decider, direct, exists, linkIn, writesDuring } from './confirming.ts'
import { create, medplumToken, type Resource } from './medplum.ts'
import { signIn } from './signing-in.ts'
import { sam } from './world.ts'

const TASK = { resourceType: 'Task', status: 'requested', intent: 'order', description: 'Call back' }
const call = calls()
let access: string
let medplum: string

beforeAll(async () => {
  access = (await signIn(sam)).access
  medplum = await medplumToken(sam)
})

const make = (resource: { resourceType: string; [name: string]: unknown }) => create(medplum, resource)
const batch = (entry: object[], type = 'batch') => ({
  method: 'POST',
  path: '',
  body: { resourceType: 'Bundle', type, entry },
})
const put = (resource: { resourceType: string; id: string; [name: string]: unknown }) => ({
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  resource,
})

/** What happens to a call, of which nothing but reads may reach Medplum. */
async function asked(args: Record<string, unknown>): Promise<Answer> {
  const { result, writes } = await writesDuring(() => call(access, args))
  expect(writes).toEqual([])
  return result
}

/** All that the person is shown: in the client's form, or on the page that the answer links to. */
async function shown(args: Record<string, unknown>): Promise<string[]> {
  const answer = await asked(args)
  if (answer.question !== undefined) return answer.question.split('\n')
  const { html } = await new Decider().open(linkIn(answer.text), sam)
  return (/<pre>([\s\S]*?)<\/pre>/.exec(html)?.[1] ?? '').split('\n')
}

async function refusal(args: Record<string, unknown>): Promise<string> {
  const { isError, question, text } = await asked(args)
  expect({ isError, question }).toEqual({ isError: true, question: undefined })
  return text
}

test('a batch within a batch is told entry by entry', async () => {
  const { id } = await make(TASK)
  const inner = { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'DELETE', url: `Task/${id}` } }] }
  expect(await shown(batch([{ request: { method: 'POST', url: '' }, resource: inner }]))).toContain(
    `- Delete Task/${id} "Call back"`,
  )
})

test.each([
  ['a DELETE that an operation’s name hides in', (id: string) => ({ method: 'DELETE', path: `Task/${id}?x=/$run` })],
  [
    'GraphQL of another kind',
    () => ({ method: 'POST', path: '$graphql', body: { query: 'subscription { Task { id } }' } }),
  ],
])('%s is not sent unasked', async (_, args) => {
  const { id } = await make(TASK)
  const { question, isError, text } = await asked(args(String(id)))
  expect(question !== undefined || text.includes('/confirm/') || isError, text).toBe(true)
  expect(await exists(medplum, `Task/${id}`)).toBe(true)
})

describe('GraphQL', () => {
  test('names the record whose id is a variable’s default, behind a long comment', async () => {
    const { id } = await make(TASK)
    const query = `# ${'nothing to see '.repeat(20)}\nmutation($id: ID = "${id}") { TaskDelete(id: $id) { id } }`
    expect(await shown({ method: 'POST', path: '$graphql', body: { query } })).toEqual([
      `Delete Task/${id} "Call back"`,
    ])
  })

  test('describes each of its mutations, with what it writes', async () => {
    const [one, two] = await Promise.all([make(TASK), make(TASK)])
    const query = `mutation($t: TaskCreate!) {
      a: TaskDelete(id: "${one.id}") { id }
      b: TaskUpdate(id: "${two.id}", res: $t) { id }
      ...More
    }
    fragment More on Mutation { TaskCreate(res: {resourceType: "Task", status: "draft", intent: "plan"}) { id } }`
    const variables = { t: { ...TASK, id: two.id, status: 'accepted' } }
    expect(await shown({ method: 'POST', path: '$graphql', body: { query, variables } })).toEqual([
      '3 changes at once: 1 deletion, 1 replacement, 1 creation',
      `- Delete Task/${one.id} "Call back"`,
      'Along with that:',
      `- Change Task/${two.id} "Call back"`,
      '  status: "requested" → "accepted"',
      '- Create Task',
      '  status: "draft"',
      '  intent: "plan"',
    ])
  })

  test.each([
    ['a mutation that isn’t known', 'mutation { Everything { id } TaskDelete(id: "1") { id } }'],
    ['an id that isn’t known', 'mutation($id: ID!) { TaskDelete(id: $id) { id } }'],
    ['what can’t be read', 'mutation { TaskDelete(id: "1" { id } }'],
  ])('with %s is not asked about', async (_, query) => {
    expect(await refusal({ method: 'POST', path: '$graphql', body: { query } })).toContain('can’t be shown to them')
  })
})

describe('what governs access is shown in full, with names', () => {
  test('a policy that opens everything', async () => {
    const types = Array.from({ length: 30 }, (_, at) => ({
      resourceType: 'Task',
      criteria: `Task?_tag=${at}`,
      readonly: true,
    }))
    const policy = await make({ resourceType: 'AccessPolicy', name: 'Narrow', resource: types })
    const body = {
      ...policy,
      resource: [...types, { resourceType: '*' }].map(({ resourceType }) => ({ resourceType })),
    }
    const lines = await shown({ method: 'PUT', path: `AccessPolicy/${policy.id}`, body })
    expect(lines).toContain('resource[30].resourceType: added "*"')
    for (const at of types.keys()) expect(lines).toContain(`resource[${at}].criteria: removed "Task?_tag=${at}"`)
    expect(lines.join()).not.toContain('more differences')
  })

  test('a new subscription', async () => {
    const channel = { type: 'rest-hook', endpoint: 'https://collector.example.com/', header: ['X-Key: hush'] }
    const body = { resourceType: 'Subscription', status: 'active', reason: 'r', criteria: 'Patient', channel }
    const lines = await shown({ method: 'POST', path: 'Subscription', body })
    expect(lines).toContain('criteria: "Patient"')
    expect(lines).toContain('channel.endpoint: "https://collector.example.com/"')
    expect(lines.join()).not.toContain('hush')
  })

  test('a new client', async () => {
    const body = {
      resourceType: 'ClientApplication',
      name: 'C',
      redirectUris: ['https://evil.example.com/cb'],
      secret: 'hush',
    }
    const lines = await shown({ method: 'POST', path: 'ClientApplication', body })
    expect(lines).toContain('redirectUris[0]: "https://evil.example.com/cb"')
    expect(lines).toContain('secret: "(hidden)"')
  })

  test('a membership, new or changed', async () => {
    const [one, two] = await Promise.all([
      make({ resourceType: 'AccessPolicy', name: 'Reads little' }),
      make({ resourceType: 'AccessPolicy', name: 'Does all' }),
    ])
    const person = await make({ resourceType: 'Practitioner', name: [{ text: 'Eve Adams' }] })
    const membership = {
      resourceType: 'ProjectMembership',
      project: { reference: 'Project/5a9d0000-0000-4000-8000-000000000001' },
      user: { reference: 'User/5a9d0000-0000-4000-8000-000000000011' },
      profile: { reference: `Practitioner/${person.id}` },
      accessPolicy: { reference: `AccessPolicy/${one.id}`, display: 'Harmless' },
      admin: true,
    }
    const lines = await shown({ method: 'POST', path: 'ProjectMembership', body: membership })
    expect(lines).toContain('admin: true')
    expect(lines).toContain(`profile.reference: "Practitioner/${person.id}" ("Eve Adams")`)
    expect(lines).toContain(`accessPolicy.reference: "AccessPolicy/${one.id}" ("Reads little")`)
    const { id } = await make(membership)
    const patch = [{ op: 'replace', path: '/accessPolicy', value: { reference: `AccessPolicy/${two.id}` } }]
    const changed = await shown({ method: 'PATCH', path: `ProjectMembership/${id}`, patch })
    expect(changed).toContain(
      `accessPolicy.reference: "AccessPolicy/${one.id}" ("Reads little") → "AccessPolicy/${two.id}" ("Does all")`,
    )
    // Who has two memberships is asked at each sign-in which of them to use.
    expect((await direct(medplum, 'DELETE', `ProjectMembership/${id}`)).status).toBe(200)
  })
})

describe('code is shown in full, decoded', () => {
  const steps = Array.from({ length: 60 }, (_, at) => `  step(${at})`)
  const code = ['exports.handler = async () => {', ...steps, '};'].join('\n')
  const told = code.split('\n').map((line) => `  | ${line}`)

  test('that is deployed', async () => {
    const { id } = await make({ resourceType: 'Bot', name: 'B' })
    const lines = await shown({ method: 'POST', path: `Bot/${id}/$deploy`, body: { code, filename: 'b.js' } })
    expect(lines).toEqual(expect.arrayContaining([`about Bot/${id} "B"`, 'code:', ...told, 'filename: "b.js"']))
  })

  test('that a new bot is made with', async () => {
    const parameter = [
      { name: 'name', valueString: 'B' },
      { name: 'sourceCode', valueAttachment: { contentType: 'text/typescript', data: btoa(code) } },
    ]
    const body = { resourceType: 'Parameters', parameter }
    const lines = await shown({ method: 'POST', path: 'Bot/$init', body })
    expect(lines).toEqual(expect.arrayContaining(['name: "B"', 'sourceCode.data:', ...told]))
  })

  test('of a bot that is made and deployed with one confirmation, and runs then', async () => {
    const source = 'exports.handler = async (medplum, { input }) => ({ echo: input.word });'
    const executableCode = { contentType: 'text/javascript', title: 'index.js', data: btoa(source) }
    const init = { method: 'POST', path: 'Bot/$init', body: { name: 'One', executableCode } }
    const { question, state } = await asked(init)
    expect(question?.split('\n')).toEqual(expect.arrayContaining(['name: "One"', `executableCode.data: "${source}"`]))
    const made = await call(access, init, { state, responses: ACCEPT })
    const id = /^id: (\S+)$/m.exec(made.text)?.[1]
    const run = await direct(medplum, 'POST', `Bot/${id}/$execute`, { word: 'hello' })
    expect(await run.json()).toEqual({ echo: 'hello' })
  })

  test('that a bot is given', async () => {
    const { id } = await make({ resourceType: 'Bot', name: 'B', code: 'old-code' })
    const lines = await shown({
      method: 'PATCH',
      path: `Bot/${id}`,
      patch: [{ op: 'add', path: '/code', value: code }],
    })
    expect(lines).toEqual(expect.arrayContaining(told))
    expect(lines.join()).not.toContain('old-code')
  })

  test('that isn’t text can’t be confirmed', async () => {
    const valueAttachment = { contentType: 'text/typescript', data: btoa('\xff\xfe\xfd') }
    const body = { resourceType: 'Parameters', parameter: [{ name: 'sourceCode', valueAttachment }] }
    expect(await refusal({ method: 'POST', path: 'Bot/$init', body })).toContain('`sourceCode.data` holds bytes')
  })
})

describe('$rotate-secret', () => {
  const input = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter })
  let path: string

  beforeAll(async () => {
    const { id } = await make({ resourceType: 'ClientApplication', name: 'R', secret: 'unmistakable' })
    path = `ClientApplication/${id}/$rotate-secret`
  })

  test.each([
    ['none', undefined],
    ['an empty one', input()],
    ['two', input({ name: 'secret', valueString: 'a' }, { name: 'retiringSecret', valueString: 'b' })],
    ['another', input({ name: 'other', valueString: 'a' })],
  ])('is not asked about with %s for input', async (_, body) => {
    expect(await refusal({ method: 'POST', path, body })).toContain('$rotate-secret needs one')
  })

  test.each([input({ name: 'secret', valueString: 'unmistakable' }), { secret: 'unmistakable' }])(
    'never shows the secret: %j',
    async (body) => {
      const lines = await shown({ method: 'POST', path, body })
      expect(lines[1]).toMatch(/^about ClientApplication\/.* "R"$/)
      expect(lines.join()).not.toContain('unmistakable')
    },
  )
})

describe('a batch', () => {
  test('names each change, and says what they come to', async () => {
    const tasks = await Promise.all(Array.from({ length: 14 }, (_, at) => make({ ...TASK, description: `T${at}` })))
    const [gone, ...kept] = tasks as [Resource, ...Resource[]]
    const entries = kept.map((task) => put({ ...task, status: 'accepted' }))
    const lines = await shown(batch([...entries, { request: { method: 'DELETE', url: `Task/${gone.id}` } }]))
    expect(lines.slice(0, 3)).toEqual([
      '14 changes at once: 13 replacements, 1 deletion',
      `- Delete Task/${gone.id} "T0"`,
      'Along with that:',
    ])
    for (const [at, { id }] of kept.entries()) expect(lines).toContain(`- Change Task/${id} "T${at + 1}"`)
    expect(lines.filter((line) => line === '  status: "requested" → "accepted"')).toHaveLength(13)
  })

  test('shows what a patch in it does, however it is written', async () => {
    const client = await make({ resourceType: 'ClientApplication', name: 'P' })
    const operation = { op: 'add', path: '/redirectUris', value: ['https://evil.example.com'] }
    const part = [
      { name: 'op', valueCode: 'add' },
      { name: 'path', valueString: operation.path },
      { name: 'value', valueString: JSON.stringify(operation.value) },
    ]
    for (const resource of [
      { resourceType: 'Binary', contentType: 'application/json-patch+json', data: btoa(JSON.stringify([operation])) },
      { resourceType: 'Parameters', parameter: [{ name: 'operation', part }] },
    ]) {
      const lines = await shown(
        batch([{ request: { method: 'PATCH', url: `ClientApplication/${client.id}` }, resource }]),
      )
      expect(lines).toContain('  redirectUris[0]: added "https://evil.example.com"')
    }
  })

  test('of very many writes needs confirmation, and with more than can be shown is refused', async () => {
    const entries = (count: number) =>
      batch(Array.from({ length: count }, () => ({ request: { method: 'POST', url: 'Task' }, resource: TASK })))
    expect((await shown(entries(50)))[0]).toBe('50 changes at once: 50 creations')
    expect(await refusal(entries(201))).toMatch(/it makes 201 changes.*split it/)
    const { question } = await call(access, entries(2))
    expect(question).toBeUndefined()
  })

  test('whose deletion depends on a search is not asked about', async () => {
    const value = crypto.randomUUID()
    const { id } = await make({ ...TASK, identifier: [{ system: 'urn:q', value }] })
    const url = `Task?identifier=urn:q|${value}`
    expect(await refusal(batch([{ request: { method: 'DELETE', url } }]))).toContain(`DELETE Task/${id}`)
  })

  test('that could not be carried out at all needs no confirmation', async () => {
    const url = `Task/${crypto.randomUUID()}`
    expect(await refusal(batch([{ request: { method: 'DELETE', url } }]))).toContain('Medplum answers 404')
  })
})

describe('a write that destroys', () => {
  const PATIENT = {
    resourceType: 'Patient',
    name: [{ family: 'A', given: ['B'] }],
    birthDate: '1970-01-01',
    gender: 'female',
    telecom: [{ system: 'phone', value: '1' }],
  }

  test.each([
    ['PUT', (id: string) => ({ body: { resourceType: 'Patient', id, gender: 'female' } })],
    [
      'PUT by other values',
      (id: string) => ({
        body: {
          ...PATIENT,
          id,
          name: [{ family: 'X', given: ['Y'] }],
          birthDate: '1980-01-01',
          telecom: [{ system: 'phone', value: '2' }],
        },
      }),
    ],
    ['PATCH', () => ({ patch: ['name', 'birthDate', 'telecom'].map((name) => ({ op: 'remove', path: `/${name}` })) })],
  ])('most of a record, by %s, is asked about', async (how, content) => {
    const { id } = await make(PATIENT)
    const lines = await shown({ method: how.split(' ')[0], path: `Patient/${id}`, ...content(id) })
    expect(lines[1]).toMatch(/^most of the record would be lost: \d of its 6 values$/)
  })

  test('hidden values that are replaced count too', async () => {
    const url = 'https://www.medplum.com/fhir/StructureDefinition/subscription-secret'
    const holder = (one: string) => ({
      resourceType: 'Basic',
      code: { text: 'Holder' },
      extension: [{ url, valueCoding: { system: `urn:${one}`, version: one, code: one, display: one } }],
    })
    const { id } = await make(holder('first'))
    const lines = await shown({ method: 'PUT', path: `Basic/${id}`, body: { ...holder('second'), id } })
    expect(lines[1]).toBe('most of the record would be lost: 4 of its 6 values')
  })

  test('in a batch and by GraphQL too', async () => {
    const { id } = await make(PATIENT)
    const rest = { resourceType: 'Patient', id }
    expect((await shown(batch([put(rest)])))[1]).toBe(`- Change Patient/${id} "B A, born 1970-01-01"`)
    const query = `mutation { PatientUpdate(id: "${id}", res: {resourceType: "Patient", id: "${id}"}) { id } }`
    expect((await shown({ method: 'POST', path: '$graphql', body: { query } }))[1]).toMatch(/^most of the record/)
  })

  test('is done once the person agreed; a small change is done unasked', async () => {
    const patient = await make(PATIENT)
    const path = `Patient/${patient.id}`
    const small = await call(access, { method: 'PUT', path, body: { ...patient, gender: 'other' } })
    expect(small).toMatchObject({ question: undefined, isError: false })
    const args = { method: 'PUT', path, body: { resourceType: 'Patient', id: patient.id } }
    const { question, state } = await asked(args)
    expect(question).toContain('most of the record')
    expect((await call(access, args, { state, responses: ACCEPT })).isError).toBe(false)
    expect(await (await direct(medplum, 'GET', path)).json()).not.toHaveProperty('name')
  })
})

test('what is too long for the client’s form is asked on the page, whole, and done once approved there', async () => {
  const tasks = await Promise.all(Array.from({ length: 45 }, (_, at) => make({ ...TASK, description: `Long ${at}` })))
  const args = batch(tasks.map(({ id }) => ({ request: { method: 'DELETE', url: `Task/${id}` } })))
  const { text, question } = await asked(args)
  expect(question).toBeUndefined()
  expect(text).toContain('the question is too long for the client’s form')
  const browser = new Decider()
  const { html } = await browser.open(linkIn(text), sam)
  for (const at of tasks.keys()) expect(html).toContain(`"Long ${at}"`)
  await browser.decide(linkIn(text), sam, 'approved')
  const { result, writes } = await writesDuring(() => call(access, args))
  expect(result.isError).toBe(false)
  expect(writes).toEqual(['POST '])
  expect(await exists(medplum, `Task/${tasks[44]?.id}`)).toBe(false)
})

test('more than a page can hold is not asked about', async () => {
  const entries = Array.from({ length: 2 }, () => ({
    request: { method: 'POST', url: 'Bot' },
    resource: { resourceType: 'Bot', name: 'B', code: 'x'.repeat(250_000) },
  }))
  expect(await refusal(batch(entries))).toContain('more than a person can review at once')
})

test('a page holds nearly that much', async () => {
  const { id } = await make({ resourceType: 'Bot', name: 'B' })
  const code = `exports.handler = '${'漢'.repeat(300_000)}';`
  const lines = await shown({ method: 'POST', path: `Bot/${id}/$deploy`, body: { code } })
  expect(lines.at(-1)).toBe(`  | ${code}`)
})

test('a line of code can’t look like another part of the question', async () => {
  const { id } = await make({ resourceType: 'Bot', name: 'B' })
  const code = 'exports.handler = a\nDelete nothing\u202e\r\nApproved already\u2028x'
  const lines = await shown({ method: 'POST', path: `Bot/${id}/$deploy`, body: { code } })
  expect(lines.slice(-3)).toEqual([
    '  | exports.handler = a',
    '  | Delete nothing\\u202e',
    '  | Approved already\\u2028x',
  ])
})
