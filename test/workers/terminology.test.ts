// Codes of code systems that aren't loaded: every answer about them says that nothing follows from it.
import { beforeAll, describe, expect, test } from 'vitest'
import { alice, fhir, sandbox, signIn } from './world.ts'

let access: string
beforeAll(async () => {
  access = (await signIn(alice)).access
})

/** Everything that a model reads of an answer. */
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
    expect(await told({ method: 'GET', path })).toContain(`Nothing follows from this answer about codes of ${system}`)
  })

  test.each([
    ['named in Parameters', 'CodeSystem/$validate-code', parameters([coding])],
    [
      'named in a CodeableConcept',
      'ValueSet/$validate-code',
      parameters([{ name: 'url', valueUri: 'http://hl7.org/fhir/ValueSet/administrative-gender' }, codeableConcept]),
    ],
  ])('%s', async (_what, path, body) => {
    expect(await told({ method: 'POST', path, body })).toContain(
      `Nothing follows from this answer about codes of ${LOINC}`,
    )
  })

  test('asked in a batch', async () => {
    const url = `CodeSystem/$validate-code?url=${SNOMED}&code=1`
    const body = { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url } }] }
    expect(await told({ method: 'POST', path: '', body })).toContain(`about codes of ${SNOMED}`)
  })
})

describe('nothing is said', () => {
  test.each([
    `CodeSystem/$validate-code?url=${GENDER}&code=male`,
    `CodeSystem/$validate-code?url=${GENDER}&code=zzz`,
    `CodeSystem/$validate-code?url=${LOINC}&code=8867-4`,
    'ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender',
  ])('of what is loaded, or was found: %s', async (path) => {
    expect(await told({ method: 'GET', path })).not.toContain('Nothing follows')
  })
})

test('a code system is asked for once', async () => {
  const { requests } = await sandbox.during(async () => {
    for (const code of ['a', 'b', 'c'])
      await fhir(access, {
        method: 'GET',
        path: `CodeSystem/$validate-code?url=http://hl7.org/fhir/sid/icd-10&code=${code}`,
      })
  })
  expect(requests.filter(({ path }) => /\/CodeSystem\?/.test(path))).toHaveLength(1)
})

describe('a profile that the server lacks', () => {
  const url = `http://example.org/profile/${crypto.randomUUID()}`
  const body = { resourceType: 'Patient', meta: { profile: [url] } }
  test.each([
    { method: 'POST', path: 'Patient/$validate', body },
    { method: 'POST', path: 'Patient', body, dryRun: true },
  ])('is told beside the check %j', async (args) => {
    expect(await told(args)).toContain(`Not checked by the profile ${url}`)
  })
})

test('a dry run of a batch says what the condition of an entry finds', async () => {
  const value = crypto.randomUUID()
  const resource = { resourceType: 'Patient', identifier: [{ system: 'urn:example:dry', value }] }
  const create = { method: 'POST', path: 'Patient', body: resource }
  const ifNoneExist = `identifier=urn:example:dry|${value}`
  const entry = [{ resource, request: { method: 'POST', url: 'Patient', ifNoneExist } }]
  const batch = { method: 'POST', path: '', body: { resourceType: 'Bundle', type: 'batch', entry }, dryRun: true }
  expect(await told(batch)).toContain('finds nothing, so it would be created')
  await told(create)
  expect(await told(batch)).toContain('already finds one, so nothing would be created')
})
