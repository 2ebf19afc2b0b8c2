// What a question shows: every change, with its record, in full.
import { beforeAll, describe, expect, test } from 'vitest'
import { bundleOf, entryFor, POST, PUT } from '../../calls.ts'
import { ACCEPT, direct } from './confirming.ts'
import { access, asked, batch, call, make, medplum, refusal, setUp, shown, TASK } from './questioning.ts'

setUp()

test('a batch within a batch is shown entry by entry', async () => {
  const { id } = await make(TASK)
  const inner = bundleOf('batch', [entryFor('DELETE', `Task/${id}`)])
  expect(await shown(batch([entryFor('POST', '', inner)]))).toContain(`- Delete Task/${id} "Call back"`)
})

describe('GraphQL', () => {
  test('names the record whose id is a variable’s default, behind a long comment', async () => {
    const { id } = await make(TASK)
    const query = `# ${'nothing to see '.repeat(20)}\nmutation($id: ID = "${id}") { TaskDelete(id: $id) { id } }`
    expect(await shown(POST('$graphql', { query }))).toEqual([`Delete Task/${id} "Call back"`])
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
    expect(await shown(POST('$graphql', { query, variables }))).toEqual([
      '3 changes at once: 1 deletion, 1 replacement, 1 creation',
      `- Delete Task/${one.id} "Call back"`,
      'Also included:',
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
  ])('with %s is refused without asking', async (_, query) => {
    expect(await refusal(POST('$graphql', { query }))).toContain('can’t be shown to them')
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
    const lines = await shown(PUT(`AccessPolicy/${policy.id}`, body))
    expect(lines).toContain('resource[30].resourceType: added "*"')
    for (const at of types.keys()) expect(lines).toContain(`resource[${at}].criteria: removed "Task?_tag=${at}"`)
    expect(lines.join()).not.toContain('more differences')
  })

  test('a new subscription', async () => {
    const channel = { type: 'rest-hook', endpoint: 'https://collector.example.com/', header: ['X-Key: hush'] }
    const body = { resourceType: 'Subscription', status: 'active', reason: 'r', criteria: 'Patient', channel }
    const lines = await shown(POST('Subscription', body))
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
    const lines = await shown(POST('ClientApplication', body))
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
    const lines = await shown(POST('ProjectMembership', membership))
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

  test('being deployed', async () => {
    const { id } = await make({ resourceType: 'Bot', name: 'B' })
    const lines = await shown(POST(`Bot/${id}/$deploy`, { code, filename: 'b.js' }))
    expect(lines).toEqual(expect.arrayContaining([`about Bot/${id} "B"`, 'code:', ...told, 'filename: "b.js"']))
  })

  test('of a new bot', async () => {
    const parameter = [
      { name: 'name', valueString: 'B' },
      { name: 'sourceCode', valueAttachment: { contentType: 'text/typescript', data: btoa(code) } },
    ]
    const body = { resourceType: 'Parameters', parameter }
    const lines = await shown(POST('Bot/$init', body))
    expect(lines).toEqual(expect.arrayContaining(['name: "B"', 'sourceCode.data:', ...told]))
  })

  test('of a bot created and deployed with one confirmation, which then runs', async () => {
    const source = 'exports.handler = async (medplum, { input }) => ({ echo: input.word });'
    const executableCode = { contentType: 'text/javascript', title: 'index.js', data: btoa(source) }
    const init = POST('Bot/$init', { name: 'One', executableCode })
    const { question, state } = await asked(init)
    expect(question?.split('\n')).toEqual(expect.arrayContaining(['name: "One"', `executableCode.data: "${source}"`]))
    const made = await call(access, init, { state, responses: ACCEPT })
    const id = /^id: (\S+)$/m.exec(made.text)?.[1]
    const run = await direct(medplum, 'POST', `Bot/${id}/$execute`, { word: 'hello' })
    expect(await run.json()).toEqual({ echo: 'hello' })
  })

  test('given to a bot', async () => {
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
    expect(await refusal(POST('Bot/$init', body))).toContain('`sourceCode.data` contains bytes')
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
  ])('is refused without asking with %s as input', async (_, body) => {
    expect(await refusal(POST(path, body))).toContain('$rotate-secret needs either')
  })

  test.each([input({ name: 'secret', valueString: 'unmistakable' }), { secret: 'unmistakable' }])(
    'never shows the secret: %j',
    async (body) => {
      const lines = await shown(POST(path, body))
      expect(lines[1]).toMatch(/^about ClientApplication\/.* "R"$/)
      expect(lines.join()).not.toContain('unmistakable')
    },
  )
})
