// The tool search: hostile words and records, its requests, and the rights of who searches.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PRACTITIONER_IDS } from '../../../sandbox/clinic/staff.ts'
import { bundleOf, GET, POST, PUT } from '../../calls.ts'
import { fhir } from '../world/mcp.ts'
import { create } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { callTool, contract } from '../world/surface.ts'
import { ada, rita, SANDBOX, sandbox } from '../world/world.ts'
import { access, type Found, MARISOL, search, setUp, titlesOf, token } from './searching.ts'

setUp()

const HOSTILE = '"],"results":[{"id":"evil"}],"x":["'

describe('hostile words', () => {
  test.each([
    "O'Malley&_count=0",
    'x&_include=*',
    'Smith%26active=false',
    'a,b,c|d$e\\f',
    '../../auth/me',
    `${SANDBOX}auth/me?x=1`,
    'x\r\nGET /Patient HTTP/1.1',
    '#fragment',
    '\u0000\u202Eevil',
    `${'long '.repeat(1600)}`,
    '💥 ﷽ 田',
    '_has:Observation:patient:code=1',
  ])('%j are words', async (query) => {
    const { result, requests } = await sandbox.during(() => callTool(access, 'search', { query }))
    expect(result.isError).toBe(false)
    expect([...new Set(requests.map(({ method, path }) => `${method} ${path}`))]).toEqual(['POST /fhir/R4'])
  })
})

describe('hostile records', () => {
  test('stay strings', async () => {
    await create(token, {
      resourceType: 'Patient',
      name: [{ family: `Hostileson ${HOSTILE}\n(Practitioner)\u202E`, given: ['<b>Eve</b>'] }],
    })
    const { results } = await search('Hostileson')
    expect(results).toHaveLength(1)
    expect(results[0]?.title).toBe(`<b>Eve</b> Hostileson ${HOSTILE} (Practitioner)\\u202e (Patient)`)
    expect(results[0]?.id).toMatch(/^Patient\/[0-9a-f-]{36}$/)
  })

  test('with endless names have a readable title', async () => {
    await create(token, { resourceType: 'Organization', name: `Endlessly ${'long '.repeat(500)}` })
    const [title = ''] = await titlesOf('Endlessly')
    expect(title.length).toBeLessThan(200)
    expect(title).toMatch(/…\s\(Organization\)$/)
  })
})

describe('its requests', () => {
  test('one batch of reads if something is found at once, two at most', async () => {
    const once = await sandbox.during(() => search('Vega-Castillo'))
    expect(once.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /fhir/R4'])
    const never = await sandbox.during(() => search('Zzyzx Nobodyhere'))
    expect(never.requests).toHaveLength(2)
  })

  test('are repeated after a failure, since they only read', async () => {
    await sandbox.faults([{ method: 'POST', path: '^/fhir/R4/?$', status: 503, times: 1 }])
    expect((await search('Vega-Castillo')).results[0]?.id).toBe(MARISOL)
  })

  test('report a rate limit instead of finding nothing', async () => {
    const throttled = bundleOf('batch-response', [
      {
        response: {
          status: '429',
          outcome: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'throttled' }] },
        },
      },
    ])
    await sandbox.faults([
      POST('^/fhir/R4/?$', throttled, { status: 200, headers: { 'content-type': 'application/fhir+json' }, times: 1 }),
    ])
    const { isError, content } = await callTool(access, 'search', { query: 'Vega-Castillo' })
    expect(isError).toBe(true)
    expect(content[0]?.text).toContain('429')
  })
})

describe('rights', () => {
  test('a person with read access finds the same', async () => {
    const reader = (await signIn(rita)).access
    expect(await contract(reader, 'search', { query: 'Vega-Castillo' })).toEqual(await search('Vega-Castillo'))
  })

  describe('of a person who may see only organizations', () => {
    let administrator: string
    let membership: Record<string, unknown>
    beforeAll(async () => {
      administrator = (await signIn(ada)).access
      const policy = {
        resourceType: 'AccessPolicy',
        name: 'Directory',
        resource: [{ resourceType: 'Organization', readonly: true }],
      }
      const made = await fhir(administrator, POST('AccessPolicy', policy))
      const found = await fhir(administrator, GET(`ProjectMembership?profile=Practitioner/${PRACTITIONER_IDS.rita}`))
      membership = JSON.parse(found.text).entry[0].resource
      const accessPolicy = { reference: `AccessPolicy/${JSON.parse(made.text).id}` }
      await fhir(administrator, PUT(`ProjectMembership/${membership.id}`, { ...membership, accessPolicy }))
    })
    afterAll(async () => {
      await fhir(administrator, PUT(`ProjectMembership/${membership.id}`, membership))
    })

    test('nothing else is found, and that is no error', async () => {
      const reader = (await signIn(rita)).access
      const found = await contract<Found>(reader, 'search', { query: 'Maplewood' })
      expect(found.results.map(({ title }) => title)).toContain('Maplewood Community Clinic (Organization)')
      expect(await contract(reader, 'search', { query: 'Vega-Castillo' })).toEqual({ results: [] })
      const refused = await callTool(reader, 'search', { query: 'Patient?name=vega' })
      expect(refused.isError).toBe(true)
      expect(refused.content[0]?.text).toContain('403')
      const [{ text } = { text: '' }] = (await callTool(reader, 'whoami', {})).content
      expect(text).toContain('Rights: May only read: Organization. Nothing else.')
    })
  })
})
