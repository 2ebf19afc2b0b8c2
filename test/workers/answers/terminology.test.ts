// Codes of code systems that aren't loaded: every answer about them says that nothing follows from it.
import { beforeAll, describe, expect, test } from 'vitest'
import { bundleOf, entryFor, GET, POST } from '../../calls.ts'
import { fhir } from '../world/mcp.ts'
import { create, medplumToken } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { ada, alice, sandbox } from '../world/world.ts'
import { profile, withSlice } from './profiles.ts'

let access: string
let medplum: string
beforeAll(async () => {
  access = (await signIn(alice)).access
  medplum = await medplumToken()
})

/** Everything that a model reads in an answer. */
async function told(args: Record<string, unknown>): Promise<string> {
  const { text, notes } = await fhir(access, args)
  return `${text}\n${notes}`
}

const SNOMED = 'http://snomed.info/sct'
const LOINC = 'http://loinc.org'
const GENDER = 'http://hl7.org/fhir/administrative-gender'
const parameters = (parameter: object[]) => ({ resourceType: 'Parameters', parameter })

describe('an answer about a code system that is', () => {
  const coding = { name: 'coding', valueCoding: { system: LOINC, code: '4548-4' } }
  const codeableConcept = { name: 'codeableConcept', valueCodeableConcept: { coding: [coding.valueCoding] } }
  test.each([
    [
      'not loaded, of a code with itself',
      `CodeSystem/$subsumes?system=${SNOMED}&codeA=73211009&codeB=73211009`,
      SNOMED,
    ],
    ['not loaded, of a valid code', `CodeSystem/$validate-code?url=${SNOMED}&code=73211009`, SNOMED],
    ['not loaded, looked up', `CodeSystem/$lookup?system=${SNOMED}&code=73211009`, SNOMED],
    ['loaded in part', `CodeSystem/$validate-code?url=${LOINC}&code=4548-4`, LOINC],
    [
      'not there, where Medplum says that the code is valid',
      'CodeSystem/$validate-code?url=urn:none&code=x',
      'urn:none',
    ],
    ['not loaded, in a value set', 'ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/condition-code', SNOMED],
    ['loaded in part, in a value set', 'ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/observation-codes', LOINC],
    [
      'loaded in part, and any code is taken for a member',
      `ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/observation-codes&system=${LOINC}&code=zzz`,
      LOINC,
    ],
  ])('%s', async (_what, path, system) => {
    expect(await told(GET(path))).toContain(`This answer says nothing about codes of ${system}`)
  })

  test.each([
    ['named in Parameters', 'CodeSystem/$validate-code', parameters([coding])],
    [
      'named in a CodeableConcept',
      'ValueSet/$validate-code',
      parameters([{ name: 'url', valueUri: 'http://hl7.org/fhir/ValueSet/administrative-gender' }, codeableConcept]),
    ],
  ])('%s', async (_what, path, body) => {
    expect(await told(POST(path, body))).toContain(`This answer says nothing about codes of ${LOINC}`)
  })

  test('asked in a batch', async () => {
    const url = `CodeSystem/$validate-code?url=${SNOMED}&code=1`
    const body = bundleOf('batch', [entryFor('GET', url)])
    expect(await told(POST('', body))).toContain(`about codes of ${SNOMED}`)
  })
})

describe('an answer about a value set', () => {
  const sct = { system: SNOMED }
  const complete = { system: GENDER }
  const SETS: [what: string, name: string, compose: object, said: string][] = [
    [
      'of listed codes of it',
      'listed',
      { include: [{ ...sct, concept: [{ code: '73211009' }] }] },
      'This answer says nothing',
    ],
    ['that includes another', 'outer', { include: [{ valueSet: ['urn:example:listed'] }] }, `about codes of ${SNOMED}`],
    ['of it and of another', 'two', { include: [sct, { valueSet: ['urn:example:listed'] }] }, SNOMED],
    [
      'that excludes',
      'less',
      { include: [complete], exclude: [{ ...complete, concept: [{ code: 'male' }] }] },
      'exclude',
    ],
    [
      'with a filter that Medplum lacks',
      'filter',
      { include: [{ ...complete, filter: [{ property: 'code', op: 'regex', value: 'm.*' }] }] },
      'no filter regex',
    ],
    [
      'that crosses two',
      'both',
      { include: [{ ...complete, valueSet: ['urn:example:less'] }] },
      'not only those in the system too',
    ],
  ]
  // All of them first: some include another.
  beforeAll(async () => {
    for (const [, name, compose] of SETS)
      await create(medplum, { resourceType: 'ValueSet', status: 'active', url: `urn:example:${name}`, compose })
  })

  test.each(SETS)('%s', async (_what, name, _compose, said) => {
    expect(await told(GET(`ValueSet/$expand?url=urn:example:${name}`))).toContain(said)
  })

  test('that has more codes than Medplum returns, which its total does not say', async () => {
    const path = 'ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender'
    expect(await told(GET(`${path}&count=2`))).toContain('There may be more than these 2 codes')
    expect(await told(GET(`${path}&count=1000`))).not.toContain('There may be more')
  })

  test('in a translation that finds nothing', async () => {
    const element = [{ code: 'a', target: [{ code: 'b', equivalence: 'equal' }] }]
    const group = [{ source: SNOMED, target: 'urn:example:target', element }]
    await create(medplum, { resourceType: 'ConceptMap', status: 'active', url: 'urn:example:map', group })
    const path = `ConceptMap/$translate?url=urn:example:map&system=${SNOMED}&code=`
    expect(await told(GET(`${path}zzz`))).toContain(`about codes of ${SNOMED}`)
    expect(await told(GET(`${path}a`))).not.toContain('This answer says nothing')
  })
})

describe('no note', () => {
  test.each([
    `CodeSystem/$validate-code?url=${GENDER}&code=male`,
    `CodeSystem/$validate-code?url=${GENDER}&code=zzz`,
    `CodeSystem/$validate-code?url=${LOINC}&code=8867-4`,
    'ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender',
  ])('about what is loaded, or was found: %s', async (path) => {
    expect(await told(GET(path))).not.toContain('This answer says nothing')
  })
})

test('a code system is asked for once', async () => {
  const { requests } = await sandbox.during(async () => {
    for (const code of ['a', 'b', 'c'])
      await fhir(access, GET(`CodeSystem/$validate-code?url=http://hl7.org/fhir/sid/icd-10&code=${code}`))
  })
  expect(requests.filter(({ path }) => /\/CodeSystem\?/.test(path))).toHaveLength(1)
})

describe('a profile that the server lacks', () => {
  const url = `http://example.org/profile/${crypto.randomUUID()}`
  const body = { resourceType: 'Patient', meta: { profile: [url] } }
  const batchOf = (to: string) => bundleOf('batch', [entryFor('GET', 'Patient?_count=1'), entryFor('POST', to, body)])
  test.each([
    POST('Patient/$validate', body),
    POST('Patient', body, { dryRun: true }),
    POST('Patient', body),
    POST('', batchOf('Patient/$validate')),
    POST('', batchOf('Patient/$validate'), { respondAsync: true }),
    POST('', batchOf('Patient'), { dryRun: true }),
  ])('is reported beside the check %j', async (args) => {
    expect(await told(args)).toContain(`Not checked against the profile ${url}`)
  })
})

test('a profile named with a version is not found by Medplum: a note says so, and the suggested call works', async () => {
  const { url, element } = withSlice()
  await create(medplum, profile(url, element))
  const validate = (name: string) =>
    told(POST('Patient/$validate', { resourceType: 'Patient', meta: { profile: [name] } }))
  const versioned = await validate(`${url}|1.0`)
  expect(versioned).toContain(`Not checked against the profile ${url}|1.0`)
  expect(versioned).toContain(`Write ${url}.`)
  expect(await validate(url)).toContain('Patient.identifier')
})

test('a dry run of a batch says what an entry’s condition finds', async () => {
  const value = crypto.randomUUID()
  const resource = { resourceType: 'Patient', identifier: [{ system: 'urn:example:dry', value }] }
  const create = POST('Patient', resource)
  const ifNoneExist = `identifier=urn:example:dry|${value}`
  const entry = [{ resource, request: { method: 'POST', url: 'Patient', ifNoneExist } }]
  const batch = POST('', bundleOf('batch', entry), { dryRun: true })
  expect(await told(batch)).toContain('finds nothing, so it would be created')
  await told(create)
  expect(await told(batch)).toContain('finds an existing record, so nothing would be created')
})

test('a note says that the profile of a contained record is not checked', async () => {
  const entry = [{ resource: { resourceType: 'Patient', meta: { profile: ['http://example.org/none'] } } }]
  const body = bundleOf('collection', entry)
  const said = await told(POST('Bundle/$validate', body))
  expect(said).toContain('Medplum checks a resource inside another')
})

test('a patch that adds a rule without effect gets a warning, tried or carried out', async () => {
  const { access: admin } = await signIn(ada)
  const policy = await create(await medplumToken(ada), {
    resourceType: 'AccessPolicy',
    name: 'Patched',
    resource: [{ resourceType: 'Patient' }],
  })
  const patch = [{ op: 'add', path: '/resource/-', value: { resourceType: 'Nope' } }]
  for (const dryRun of [true, false]) {
    const { text, notes } = await fhir(admin, { method: 'PATCH', path: `AccessPolicy/${policy.id}`, patch, dryRun })
    expect(`${text}\n${notes}`).toContain('Nope is not a resource type')
  }
})

describe('a Subscription to a Bot', () => {
  const subscription = (bot: string) => ({
    ...{ resourceType: 'Subscription', status: 'active', reason: 'test', criteria: 'Patient?name=none' },
    channel: { type: 'rest-hook', endpoint: bot },
  })
  let admin: string
  beforeAll(async () => {
    admin = (await signIn(ada)).access
  })
  const INIT = 'POST Bot/$init'

  async function said(body: object, dryRun: boolean): Promise<string> {
    const { text, notes } = await fhir(admin, POST('Subscription', body, { dryRun }))
    return `${text}\n${notes}`
  }

  test.each([true, false])('that is missing, tried %s', async (dryRun) => {
    const answer = await said(subscription(`Bot/${crypto.randomUUID()}`), dryRun)
    expect(answer).toContain('there is no Bot/')
    expect(answer).toContain(INIT)
  })

  test.each([true, false])('that cannot run: the advice works; tried %s', async (dryRun) => {
    const bot = await create(await medplumToken(ada), { resourceType: 'Bot', name: 'By POST' })
    const answer = await said(subscription(`Bot/${bot.id}`), dryRun)
    expect(answer).toContain('has no ProjectMembership')
    expect(answer).toContain(INIT)
    const made = await fhir(admin, POST('Bot/$init', { name: 'By $init' }, { format: 'json' }))
    expect(await said(subscription(`Bot/${JSON.parse(made.text).id}`), dryRun)).not.toContain(INIT)
  })
})
