// A search by code that finds nothing, over the clinic: 200 codes that are mistaken or made up, and none is answered as "nothing
// there" where something is.
import { beforeAll, describe, expect, test } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { chance } from '../../../sandbox/clinic/random.ts'
import { bundleOf, entryFor, GET, POST } from '../../calls.ts'
import { atLeast, runs } from '../../runs.ts'
import { post, rpc } from '../world/mcp.ts'
import { allOf, medplumToken, type Resource } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { alice, sandbox } from '../world/world.ts'

let access: string
let medplum: string
beforeAll(async () => {
  access = (await signIn(alice)).access
  medplum = await medplumToken()
})

async function ask(name: string, args: Record<string, unknown>, bearer = access): Promise<string> {
  const { result } = await rpc(
    await post(bearer, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  )
  return (result?.content ?? []).map(({ text }: { text?: string }) => text ?? '').join('\n')
}

interface Coded {
  type: string
  parameter: string
  system: string
  code: string
  display: string
}

/** The searches by code in the clinic. */
const PLACES: readonly (readonly [type: string, parameter: string, element: string])[] = [
  ['Observation', 'code', 'code'],
  ['Condition', 'code', 'code'],
  ['MedicationRequest', 'code', 'medicationCodeableConcept'],
  ['Immunization', 'vaccine-code', 'vaccineCode'],
  ['Procedure', 'code', 'code'],
  ['AllergyIntolerance', 'code', 'code'],
  ['DiagnosticReport', 'code', 'code'],
]

/** Ways to mistake a code. */
const MISTAKES: readonly ((code: Coded) => [key: string, value: string])[] = [
  ({ parameter, code }) => [parameter, code.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10))],
  ({ parameter, code }) => [parameter, `9${code}`],
  ({ parameter, code }) => [parameter, `http://example.org/invented|${code}`],
  ({ parameter, code }) => [parameter, `|${code}`],
  ({ parameter, display }) => [parameter, display.split(/[ ,/]/)[0] ?? ''],
  ({ parameter, display }) => [`${parameter}:text`, `${(display.split(/[ ,/]/)[0] ?? '').slice(0, 5)}xq`],
  ({ parameter }) => [parameter, 'http://hl7.org/fhir/sid/icd-10-cm|Z99.89'],
  ({ parameter, system }) => [parameter, `${system}|000000`],
]

async function codedIn(type: string, parameter: string, element: string): Promise<Coded[]> {
  const all = (await allOf(medplum, type)).flatMap((one: Resource): Coded[] => {
    const { coding = [], text = '' } = (one[element] ?? {}) as {
      coding?: { system: string; code: string; display?: string }[]
      text?: string
    }
    return coding
      .slice(0, 1)
      .map(({ system, code, display }) => ({ type, parameter, system, code, display: display ?? text }))
  })
  return [...new Map(all.map((one) => [one.code, one])).values()]
}

describe('200 codes that find nothing', () => {
  test('each get an answer with the codes that are there', async () => {
    const coded = (await Promise.all(PLACES.map((place) => codedIn(...place)))).flat()
    const luck = chance('wrong codes')
    const asked = Array.from({ length: runs(200) }, (_, at) => {
      const one = luck.pick(coded)
      const [key, value] = (MISTAKES[at % MISTAKES.length] ?? (() => ['code', 'x']))(one)
      return { one, key, value, path: `${one.type}?${key}=${encodeURIComponent(value)}` }
    })
    let empty = 0
    for (const { one, key, value, path } of asked) {
      const text = await ask('fhir-read', { path, select: ['id'] })
      // By chance it may be another code of the clinic.
      if (!/^total: 0$/m.test(text)) continue
      empty++
      expect(text, path).toContain(`Nothing has \`${key}=`)
      expect(text, path).toMatch(/finds, nearest first, \d+ of /)
      // The same code under its own system, and a code one digit away, come first.
      const isSame = value.endsWith(`|${one.code}`)
      if (isSame)
        expect(/nearest first, \d+ of (.*)/.exec(text)?.[1]?.startsWith(`${one.system}|${one.code}`), path).toBe(true)
    }
    expect(empty).toBeGreaterThan(atLeast(180, 200))
  }, 120_000)
})

describe('a search by code that finds nothing', () => {
  const chart = `Patient/${PATIENT_IDS.diabetic}`

  test('says which codes this patient has, the nearest first', async () => {
    const count = (await allOf(medplum, `Observation?subject=${chart}&code=4548-4`)).length
    const text = await ask('fhir-request', GET(`Observation?subject=${chart}&code=4549-2`))
    expect(text).toContain(`nearest first, ${count} of http://loinc.org|4548-4 "Hemoglobin A1c`)
  })

  test.each([
    ['as a count', 'fhir-read', { path: 'Observation?code=4549-2&_summary=count' }],
    ['over all pages', 'fhir-read', { path: 'Observation?code=4549-2', all: true }],
    ['as a digest', 'fhir-digest', { path: 'Observation?code=4549-2' }],
    ['in groups', 'fhir-digest', { path: 'Observation?code=4549-2', by: ['subject'] }],
    [
      'as the second search of a digest',
      'fhir-digest',
      { path: 'Patient', without: 'Observation?code=4549-2', top: 1 },
    ],
    [
      'by POST',
      'fhir-request',
      POST('Observation/_search', 'code=4549-2', { contentType: 'application/x-www-form-urlencoded' }),
    ],
    ['in a batch', 'fhir-request', POST('', bundleOf('batch', [entryFor('GET', 'Observation?code=4549-2')]))],
    ['with words', 'fhir-read', { path: 'Observation?code:text=hemoglobine' }],
  ])('does so %s', async (_, name, args) => {
    expect(await ask(name, args)).toMatch(/nearest first, .*4548-4/)
  })

  test('says so if the rest of it finds nothing either', async () => {
    const text = await ask('fhir-read', { path: `Observation?subject=Patient/${crypto.randomUUID()}&code=4548-4` })
    expect(text).toContain('finds nothing either')
  })

  test('costs nothing extra if something is found, or no code was requested', async () => {
    for (const path of [
      'Observation?code=4548-4&_count=1',
      'Patient?name=nobodyofthisname',
      'Observation?code:not=4548-4&_count=1',
    ]) {
      const { requests } = await sandbox.during(() => ask('fhir-read', { path }))
      expect(
        requests.filter(({ path }) => path.startsWith('/fhir/R4/')),
        path,
      ).toHaveLength(1)
    }
  })

  test('shows nothing about others in a connection narrowed to one patient', async () => {
    const { requests, result } = await sandbox.during(() =>
      ask('fhir-read', { path: `Observation?subject=${chart}&code=none` }),
    )
    expect(result).toContain('nearest first')
    expect(requests.filter(({ path }) => path.startsWith('/fhir/R4/Observation')).length).toBeLessThanOrEqual(3)
  })
})
