// Writes: each kind of call through our Worker, with and without a session, and what the server then has.
import type { Bundle } from '@medplum/fhirtypes'
import type { ConnectedClient } from '../../programs/clients.ts'
import type { Ground } from './ground.ts'
import { asked, refused } from './people.ts'
import { must, type Report } from './report.ts'

const TASK = { resourceType: 'Task', status: 'requested', intent: 'order', description: 'Call back' }

type Json = Record<string, unknown>

interface Kind {
  name: string
  /** Why it is left out here, if it is. */
  unless?(ground: Ground): string | undefined
  work(client: ConnectedClient, ground: Ground): Promise<void>
}

const KINDS: Kind[] = [
  {
    name: 'create, read, update, patch, history, version, delete',
    async work(client, { people: { alice } }) {
      const { id, meta } = await answer(client, { method: 'POST', path: 'Task', body: TASK })
      const path = `Task/${id}`
      const version = (meta as { versionId: string }).versionId
      await answer(client, { method: 'PUT', path, body: { ...TASK, id, status: 'accepted' }, ifMatch: version })
      const stale = await refused(client, { method: 'PUT', path, body: { ...TASK, id }, ifMatch: version })
      must(/412|409/.test(stale), stale)
      await answer(client, { method: 'PATCH', path, patch: [{ op: 'replace', path: '/status', value: 'completed' }] })
      const history = await answer(client, { method: 'GET', path: `${path}/_history` })
      must((history.entry as unknown[]).length === 3, 'not three versions')
      const first = await answer(client, { method: 'GET', path: `${path}/_history/${version}` })
      must(first.status === 'requested', 'the first version differs')
      await asked(client, { method: 'DELETE', path })
      must((await alice.send('GET', path)).status === 410, 'the Task is still there')
    },
  },
  {
    name: 'a create that depends on a search',
    async work(client) {
      const value = crypto.randomUUID()
      const body = { ...TASK, identifier: [{ system: 'urn:test', value }] }
      const create = { method: 'POST', path: 'Task', body, ifNoneExist: `identifier=urn:test|${value}` }
      const [one, two] = [await answer(client, create), await answer(client, create)]
      must(one.id === two.id, 'it was created twice')
    },
  },
  {
    name: 'a dry run changes nothing',
    async work(client, { people: { alice } }) {
      const description = crypto.randomUUID()
      const create = { method: 'POST', path: 'Task', body: { ...TASK, description }, dryRun: true }
      must((await asked(client, create)).startsWith('DRY RUN'), 'no dry run')
      const { body } = await alice.send<Bundle>('GET', 'Task?_sort=-_lastUpdated&_count=5')
      must(!JSON.stringify(body).includes(description), 'the Task was created')
    },
  },
  {
    name: 'batch',
    async work(client) {
      const entry = [
        {
          fullUrl: 'urn:uuid:4ab4f3a6-42b9-4d5c-9a9a-0d2f1d9d5b10',
          request: { method: 'POST', url: 'Task' },
          resource: TASK,
        },
        { request: { method: 'GET', url: 'Task/not-an-id' } },
      ]
      const body = { resourceType: 'Bundle', type: 'batch', entry }
      const { entry: made } = await answer(client, { method: 'POST', path: '', body })
      const statuses = (made as { response: { status: string } }[]).map(({ response }) => response.status)
      must(statuses.join() === '201,404', `the entries answer ${statuses}`)
    },
  },
  {
    name: 'transaction',
    unless: ({ project }) => (project.features.includes('transaction-bundles') ? undefined : 'the project has none'),
    async work(client, { people: { alice } }) {
      const description = crypto.randomUUID()
      const good = { request: { method: 'POST', url: 'Task' }, resource: { ...TASK, description } }
      const bad = { request: { method: 'POST', url: 'Task' }, resource: { ...TASK, status: undefined } }
      const body = (entry: unknown[]) => ({ resourceType: 'Bundle', type: 'transaction', entry })
      await refused(client, { method: 'POST', path: '', body: body([good, bad]) })
      const { body: none } = await alice.send<Bundle>('GET', 'Task?_sort=-_lastUpdated&_count=5')
      must(!JSON.stringify(none).includes(description), 'half of it was done')
      await answer(client, { method: 'POST', path: '', body: body([good, good]) })
    },
  },
  {
    name: 'a batch in the background',
    async work(client) {
      const entry = [{ request: { method: 'GET', url: 'Patient?_count=1' } }]
      const body = { resourceType: 'Bundle', type: 'batch', entry }
      const text = await asked(client, { method: 'POST', path: '', body, respondAsync: true })
      must(text.includes('batch-response'), text)
    },
  },
  {
    name: 'files: text and PDF, there and back',
    async work(client, ground) {
      const note = await answer(client, { method: 'POST', path: 'Binary', text: 'A note', contentType: 'text/plain' })
      ground.remember(String(note.id))
      must((await asked(client, { method: 'GET', path: `Binary/${note.id}` })).includes('A note'), 'another text')
      const pdf = Buffer.from('%PDF-1.4\n%%EOF\n').toString('base64')
      const file = await answer(client, { method: 'POST', path: 'Binary', text: pdf, contentType: 'application/pdf' })
      ground.remember(String(file.id))
      const { content } = await client.call('fhir-request', { method: 'GET', path: `Binary/${file.id}` })
      must(
        content.some(({ resource }) => resource?.blob === pdf),
        'another file',
      )
    },
  },
  {
    name: 'GraphQL',
    async work(client) {
      const ask = { method: 'POST', path: '$graphql', body: { query: '{ PatientList(_count: 1) { id } }' } }
      must((await asked(client, ask)).includes('PatientList'), 'no list')
    },
  },
  {
    name: 'all pages of a search',
    async work(client) {
      const { entry, total } = await answer(client, {
        ...{ method: 'GET', path: 'Patient?_count=50&_sort=birthdate&_fields=birthDate', all: true },
      })
      must((entry as unknown[]).length >= 120, `${(entry as unknown[]).length} of ${total}`)
    },
  },
  {
    name: 'pages, one after the other, and a narrow answer',
    async work(client) {
      const path = 'Observation?_count=40&_sort=date'
      const text = await asked(client, { method: 'GET', path, select: ['id', 'code.text'], maxChars: 2000 })
      const next = /"?next"?:? `?"?([^"`\s]+)/.exec(text)?.[1]
      must(next !== undefined, `no next: ${text.slice(0, 300)}`)
      await asked(client, { method: 'GET', path: next, select: ['id', 'code.text'], maxChars: 2000 })
    },
  },
]

export async function calls(ground: Ground, clients: Record<string, ConnectedClient>, report: Report): Promise<void> {
  for (const [way, client] of Object.entries(clients)) {
    for (const { name, unless, work } of KINDS) {
      const why = unless?.(ground)
      if (why) report.leaveOut(name, why)
      else await report.step(`${name} (${way})`, () => work(client, ground))
    }
  }
}

/** The answer as JSON. */
async function answer(client: ConnectedClient, args: Json): Promise<Json> {
  return JSON.parse((await asked(client, { ...args, format: 'json' })).split('\nNote:')[0] ?? '') as Json
}
