// Answers of fhir-request: their form, and all of them by `next`.
import { describe, expect, test } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { withoutNoise } from '../../../src/answer/noise.ts'
import { Content } from '../../../src/client/content.ts'
import { bundleOf, entryFor, GET, POST } from '../../calls.ts'
import { decode } from '../../unit/answer/decode.ts'
import { allOf, create, medplumClient } from '../world/medplum.ts'
import { sandbox } from '../world/world.ts'
import { type Bundle, call, chart, follow, medplum, reference, setUp, sorted } from './answering.ts'

setUp()

describe('the form', () => {
  test.each([
    ['a record', chart],
    ['a search', 'Task?_sort=_id&_count=50'],
    ['a search with what it includes', 'Observation?_sort=_id&_count=30&_include=Observation:subject'],
    ['a chart', `${chart}/$everything?_count=60`],
    ['a history', `${chart}/_history`],
  ])('of %s is compact by default and means the same as the JSON', async (_, path) => {
    const [compact, json] = [
      await call({ path, maxChars: 100_000 }),
      await call({ path, format: 'json', maxChars: 100_000 }),
    ]
    expect(compact.text).toMatch(/^# [A-Z][A-Za-z]+\n/)
    expect(await call({ path, format: 'compact', maxChars: 100_000 })).toEqual(compact)
    const body = JSON.parse(json.text)
    expect(decode(compact.text)).toEqual(withoutNoise(body).value)
    expect(compact.text.length).toBeLessThan(json.text.length)
  })

  test('of a complete search says how many there are; of a page, where to continue', async () => {
    const found = (await allOf(medplum, `Condition?subject=${chart}`)).length
    const whole = await call({ path: `Condition?subject=${chart}&_count=100` })
    expect(whole.text).toMatch(new RegExp(`^# Bundle\\ntotal: ${found}\\nreturned: ${found}\\n`))
    expect(whole.text).not.toMatch(/^(next|dropped): /m)
    const page = await call({ path: 'Encounter?_sort=_id&_count=7' })
    expect(page.text).toMatch(/^# Bundle\nreturned: 7\nnext: Encounter\?\S+\n/)
    const total = (await allOf(medplum, 'Encounter')).length
    const counted = await call({ path: 'Encounter?_sort=_id&_count=7&_total=accurate' })
    expect(counted.text).toMatch(new RegExp(`^# Bundle\\ntotal: ${total}\\nreturned: 7\\nnext: `))
  })

  test('of a search without hits says so, and keeps possible reasons', async () => {
    const { isError, all } = await call({ path: 'Patient?name=Muller' })
    expect(isError).toBe(false)
    expect(all).toMatch(/^total: 0\nreturned: 0$/m)
    expect(all).toMatch(/^Note: .*accents/m)
  })

  test('of a GraphQL query, of a batch and of a batch in the background is compact, and means the same', async () => {
    const query = `{ Patient(id: "${PATIENT_IDS.diabetic}") { id name { family } } ObservationList(_count: 9) { id status } }`
    const graphql = POST('$graphql', { query })
    const plain = JSON.parse((await call({ ...graphql, format: 'json' })).text)
    expect(plain.data.ObservationList).toHaveLength(9)
    expect(decode((await call(graphql)).text)).toEqual(plain)

    const entry = [chart, 'Task?_sort=_id&_count=3', 'Task/none'].map((url) => entryFor('GET', url))
    const batch = POST('', bundleOf('batch', entry))
    const now = await call(batch)
    const body = JSON.parse((await call({ ...batch, format: 'json' })).text)
    expect(body.entry.map(({ response }: { response: { status: string } }) => response.status)).toEqual([
      '200',
      '200',
      '404',
    ])
    expect(decode(now.text)).toEqual(withoutNoise(body).value)
    const later = decode((await call({ ...batch, respondAsync: true })).text) as Bundle
    expect(later.entry?.map((one) => one.resource?.resourceType)).toEqual(['Patient', 'Bundle', undefined])
  })

  test('of the server’s capabilities is a summary, unless JSON is requested', async () => {
    const server = await call({ path: 'metadata' })
    expect(server.text).toContain('Types (')
    expect(server.text.length).toBeLessThan(4200)
    const type = await call({ path: 'metadata?type=Observation' })
    expect(type.text).toMatch(/^Observation .*\n[\s\S]*token: .*\bcode\b/)
    // Search parameters, and the elements.
    expect(type.text.length).toBeLessThan(4500)
    expect((await call({ path: 'metadata', format: 'json' })).text).toContain('"CapabilityStatement"')
  })

  test('of CSV and HL7 is the text itself between marks that nobody could guess', async () => {
    const csv = await call({ path: 'Patient/$csv?_fields=id,birthDate&_count=5' })
    expect(csv.text).toMatch(
      /^text\/csv, quoted record content up to the line (end-of-content-[0-9a-f]{8}):\n[\s\S]*id,birthDate\n(".*\n){5}\1$/,
    )
    const message = 'MSH|^~\\&|LAB|A|EHR|B|20260101||ACK|1|P|2.5\rMSA|AA|1\r'
    const type = 'x-application/hl7-v2+er7'
    await sandbox.faults([{ path: '\\$execute', status: 200, headers: { 'content-type': type }, body: message }])
    const hl7 = await call({
      method: 'POST',
      path: `Bot/${crypto.randomUUID()}/$execute`,
      text: message,
      contentType: type,
    })
    const mark = /end-of-content-[0-9a-f]{8}/.exec(hl7.text)?.[0]
    expect(hl7.text).toBe(`${type}, quoted record content up to the line ${mark}:\n${message}\n${mark}`)
    expect(csv.text).not.toContain(mark)
  })
})

describe('following `next`', () => {
  const LARGE: [string, string, number][] = [
    ['a search of 1,000', 'Observation?code=29463-7,8302-2,39156-5&_sort=_id&_count=1000', 20_000],
    ['a long chart', `${chart}/$everything`, 8_000],
    ['a search by cursor', 'Observation?category=laboratory&_sort=_lastUpdated&_count=400', 100_000],
    ['a search in small pages', 'Encounter?_sort=-date,_id&_count=100', 4_000],
  ]

  test.each(LARGE)('for %s by the path alone gives exactly what Medplum has', async (_, path, maxChars) => {
    const { found, bundles, answers } = await follow({ path, maxChars })
    const held = path.replace(/[?&]_(sort|count)=[^&]*/g, '')
    const all = (await allOf(medplum, held)).map(reference)
    expect(all.length).toBeGreaterThan(300)
    expect(sorted(found)).toEqual(sorted(all))
    expect(bundles.length).toBeGreaterThan(2)
    for (const [at, answer] of answers.entries())
      expect(answer.length).toBeLessThanOrEqual(at === 0 ? maxChars : 60_000)
    for (const { total } of bundles) expect([undefined, all.length]).toContain(total)
  })

  test('with the smallest budget gives the same', async () => {
    const path = `Observation?subject=${chart}&code=4548-4&_sort=_id&_count=1000`
    const again = { maxChars: 2000 }
    const { found, answers } = await follow({ path, ...again }, again)
    expect(sorted(found)).toEqual(
      sorted((await allOf(medplum, path.replace('&_sort=_id&_count=1000', ''))).map(reference)),
    )
    expect(answers.length).toBeGreaterThan(3)
    for (const answer of answers) expect(answer.length).toBeLessThanOrEqual(2000)
  })

  test('as JSON gives the same', async () => {
    const again = { maxChars: 20_000, format: 'json' }
    const { found, answers } = await follow({ path: `${chart}/$everything`, ...again }, again)
    expect(sorted(found)).toEqual(sorted((await allOf(medplum, `${chart}/$everything`)).map(reference)))
    for (const answer of answers) expect(answer.length).toBeLessThanOrEqual(20_000)
  })

  test('gives each included resource once, beside the first match that it belongs to', async () => {
    const search = `Observation?subject=${chart}`
    const path = `${search}&_include=Observation:performer&_include=Observation:encounter&_sort=_id&_count=1000`
    const matches = await allOf(medplum, search)
    const included = matches.flatMap(({ performer, encounter }) =>
      [
        ...((performer ?? []) as { reference?: string }[]),
        ...(encounter ? [encounter as { reference?: string }] : []),
      ].flatMap((one) => one.reference ?? []),
    )
    const { found, bundles } = await follow({ path, maxChars: 9000 }, { maxChars: 9000 })
    expect(sorted(found)).toEqual(sorted([...matches.map(reference), ...new Set(included)]))
    expect(bundles.length).toBeGreaterThan(3)
  })

  test('gives each version of a history once, including the deletion', async () => {
    const { id } = await create(medplum, { resourceType: 'Basic', code: { text: 'version 0 '.repeat(30) } })
    const client = medplumClient(medplum)
    const versions: string[] = []
    for (let version = 1; version <= 40; version++) {
      const content = Content.json({ resourceType: 'Basic', id, code: { text: `version ${version} `.repeat(30) } })
      await client.send({ method: 'PUT', path: `Basic/${id}`, content })
    }
    const { body } = await client.send(GET(`Basic/${id}/_history?_count=100`))
    versions.push(...((body as Bundle).entry ?? []).map(({ resource }) => resource.meta.versionId))
    expect(versions).toHaveLength(41)
    for (const path of [`Basic/${id}/_history`, `Basic/${id}/_history?_count=7`]) {
      const { found, answers } = await follow({ path, maxChars: 5000 }, {}, ({ meta }) => meta.versionId)
      expect(sorted(found)).toEqual(sorted(versions))
      expect(answers.length).toBeGreaterThan(1)
    }
  })

  test('continues after what `select` showed', async () => {
    const path = 'Encounter?_sort=_id&_count=1000'
    const first = await call({ path, select: ['id', 'period.start'], maxChars: 6000 })
    const shown = [...first.text.matchAll(/^([0-9a-f-]{36})(?:\||$)/gm)].map(([, id]) => `Encounter/${id}`)
    const next = /^next: (\S+)$/m.exec(first.text)?.[1]
    expect(next).toContain('_skip=')
    const { found } = await follow({ path: next })
    expect(sorted([...shown, ...found])).toEqual(sorted((await allOf(medplum, 'Encounter')).map(reference)))
  })
})
