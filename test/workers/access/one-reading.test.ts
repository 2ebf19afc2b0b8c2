// A query is parsed once, however it was sent: what is stored is found again, and no check is bypassed.
import { beforeAll, describe, expect, test } from 'vitest'
import { bundleOf, GET, POST, PUT } from '../../calls.ts'
import { fhir } from '../world/mcp.ts'
import { create, medplumToken } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { callTool, contract } from '../world/surface.ts'
import { alice, sandbox } from '../world/world.ts'

let access: string
let medplum: string
const newValue = () => `AB+C-${crypto.randomUUID()}`
const SYSTEM = 'urn:example:plus'

beforeAll(async () => {
  access = (await signIn(alice)).access
  medplum = await medplumToken()
})

const patientWith = (value: string) => ({ resourceType: 'Patient', identifier: [{ system: SYSTEM, value }] })
const idsIn = ({ text }: { text: string }): string[] =>
  (JSON.parse(text).entry ?? []).map(({ resource }: { resource: { id: string } }) => resource.id)

describe('a plus in a value', () => {
  const value = newValue()
  const patient = patientWith(value)
  let id: string
  beforeAll(async () => {
    ;({ id } = await create(medplum, patient))
  })

  test('creates one record, however often', async () => {
    const fresh = newValue()
    const resource = patientWith(fresh)
    const ifNoneExist = `identifier=${SYSTEM}|${fresh}`
    const args = POST('Patient', resource, { ifNoneExist })
    const first = await fhir(access, { ...args, dryRun: true })
    expect(first.text).toContain('finds nothing, so it would be created')
    const { id } = JSON.parse((await fhir(access, args)).text)
    expect(JSON.parse((await fhir(access, args)).text).id).toBe(id)
    const again = await fhir(access, { ...args, dryRun: true })
    expect(again.text).toContain('finds an existing record, so nothing would be created')
    const entry = [{ resource, request: { method: 'POST', url: 'Patient', ifNoneExist } }]
    await fhir(access, POST('', bundleOf('batch', entry)))
    expect(idsIn(await fhir(access, GET(`Patient?${ifNoneExist}`)))).toEqual([id])
  })

  test('is found in every way', async () => {
    const query = `identifier=${SYSTEM}|${value}`
    const form = 'application/x-www-form-urlencoded'
    for (const args of [
      GET(`Patient?${query}`),
      GET('Patient', { params: { identifier: `${SYSTEM}|${value}` } }),
      { method: 'POST', path: 'Patient/_search', text: query, contentType: form },
      POST('Patient/_search', { identifier: `${SYSTEM}|${value}` }),
      POST(`Patient/_search?${query}`),
    ])
      expect(idsIn(await fhir(access, args)), JSON.stringify(args)).toEqual([id])
    const found = await contract<{ results: { id: string }[] }>(access, 'search', { query: `Patient?${query}` })
    expect(found.results.map((one) => one.id)).toEqual([`Patient/${id}`])
    const digest = await callTool(access, 'fhir-digest', { path: `Patient?${query}` })
    expect(digest.content[0]?.text).toContain('1 resource')
  })

  test('meets a conditional PUT', async () => {
    const body = { ...patient, active: true }
    const path = `Patient?identifier=${SYSTEM}|${value}`
    expect(JSON.parse((await fhir(access, PUT(path, body))).text).id).toBe(id)
  })

  test('finds the next page', async () => {
    for (let n = 0; n < 3; n++)
      await create(medplum, { resourceType: 'Basic', code: { text: 'x' }, identifier: patient.identifier })
    const seen: string[] = []
    let path: string | undefined = `Basic?identifier=${SYSTEM}|${value}&_sort=_id&_count=1`
    while (path !== undefined) {
      expect(seen.length, path).toBeLessThan(4)
      const answer = await fhir(access, GET(path))
      seen.push(...idsIn(answer))
      const links: { relation: string; url: string }[] = JSON.parse(answer.text).link ?? []
      path = links.find(({ relation }) => relation === 'next')?.url
    }
    expect(seen.length).toBe(3)
    expect(new Set(seen).size).toBe(3)
  })
})

describe('a search by POST', () => {
  test('is checked as the same search by GET', async () => {
    for (const query of ['_count=abc', 'name:ge=x', '_total=yes']) {
      for (const args of [
        GET(`Patient?${query}`),
        POST(`Patient/_search?${query}`),
        POST('Patient/_search', query),
        POST('Patient/_search', Object.fromEntries(new URLSearchParams(query))),
      ]) {
        const { result, requests } = await sandbox.during(() => fhir(access, args))
        expect(result, JSON.stringify(args)).toMatchObject({ isError: true })
        expect(result.text).toContain('Nothing was sent.')
        expect(requests).toEqual([])
      }
    }
  })

  test('is told where its criteria went', async () => {
    const { notes } = await fhir(access, POST('Patient/_search?name=nobody-of-this-name'))
    expect(notes).toContain('The criteria in the path were moved to the body')
  })

  test.each([
    ['resource', patientWith(newValue())],
    ['list', { name: ['a', 'b'] }],
    ['more than Medplum reads', `name=${'x'.repeat(110_000)}`],
  ])('takes no %s', async (_, body) => {
    expect(await fhir(access, POST('Patient/_search', body))).toMatchObject({
      isError: true,
      text: expect.stringContaining('Nothing was sent.'),
    })
  })
})

describe('a dry run', () => {
  test('gives the warnings of the real request', async () => {
    const body = { resourceType: 'Patient', id: 'mine', gender: 'Female', name: [{ family: '' }] }
    const dry = await fhir(access, POST('Patient', body, { dryRun: true }))
    const real = await fhir(access, POST('Patient', body))
    expect(dry.notes).toContain('Patient.gender "Female" is not a FHIR code')
    expect(dry.notes).toBe(real.notes)
  })
})
