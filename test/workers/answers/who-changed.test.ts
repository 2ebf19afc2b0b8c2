// A read shows who changed a record: Medplum says so only in its extended mode.
import { beforeAll, expect, test } from 'vitest'
import { GET, PUT } from '../../calls.ts'
import { fhir } from '../world/mcp.ts'
import { create, medplumToken } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { alice, sandbox } from '../world/world.ts'

let access: string
let id: string
const AUTHOR = expect.stringMatching(/^(Practitioner|ClientApplication)\//)

beforeAll(async () => {
  access = (await signIn(alice)).access
  id = String((await create(await medplumToken(), { resourceType: 'Patient', name: [{ family: 'Who' }] })).id)
})

test.each(['', '/_history'])(
  'is shown in a record and its history, without Medplum’s internal data: %s',
  async (more) => {
    const { text } = await fhir(access, GET(`Patient/${id}${more}`))
    const body = JSON.parse(text)
    const { meta } = more === '' ? body : body.entry[0].resource
    expect(Object.keys(meta).sort()).toEqual(['author', 'lastUpdated', 'versionId'])
    expect(meta.author.reference).toEqual(AUTHOR)
    const compact = await fhir(access, GET(`Patient/${id}${more}`, { format: 'compact' }))
    expect(compact.text).toContain('author')
  },
)

test('no other request asks for it', async () => {
  const { requests } = await sandbox.during(async () => {
    await fhir(access, GET('Patient?_count=1'))
    await fhir(access, PUT(`Patient/${id}`, { resourceType: 'Patient', id }))
    await fhir(access, GET(`Patient/${id}/$everything`))
  })
  expect(requests.length).toBeGreaterThan(2)
  for (const { method, path, headers } of requests) {
    if (method === 'GET' && /Patient\/[^/$?]+$/.test(path)) continue
    expect(headers, `${method} ${path}`).not.toHaveProperty('x-medplum')
  }
})
