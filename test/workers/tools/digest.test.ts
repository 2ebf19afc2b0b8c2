// The tool fhir-digest over the sandbox's clinic, compared with counts made here from the records themselves.
import { describe, expect, test } from 'vitest'
import { Content } from '../../../src/client/content.ts'
import { create, medplumClient, type Resource } from '../world/medplum.ts'
import { sandbox } from '../world/world.ts'
import { chart, digest, medplum, type Row, records, setUp } from './digesting.ts'

setUp()

function sums(rows: Row[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { type, count, of } of rows) if (of === undefined) found[type] = (found[type] ?? 0) + count
  return found
}

function counts(resources: Resource[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { resourceType } of resources) found[resourceType] = (found[resourceType] ?? 0) + 1
  return found
}

describe('a chart', () => {
  test('is counted exactly, each type and each code', async () => {
    const all = await records(`${chart}/$everything`)
    const { head, rows } = await digest({ path: `${chart}/$everything` })
    expect(all.length).toBeGreaterThan(300)
    expect(head.split('\n')[0]).toBe(`Digest of all ${all.length} resources in ${rows.length} rows.`)
    expect(sums(rows)).toEqual(counts(all))

    const codeOf = ({ code, vaccineCode, medicationCodeableConcept, type, class: kind }: Resource) => {
      const concept = (code ?? vaccineCode ?? medicationCodeableConcept ?? type) as { coding?: { code: string }[] }
      const first = Array.isArray(concept) ? concept[0] : concept
      return first?.coding?.[0]?.code ?? (kind as { code?: string } | undefined)?.code
    }
    for (const type of [
      ...['Condition', 'Immunization', 'MedicationRequest', 'Procedure', 'DiagnosticReport', 'Encounter'],
    ]) {
      const expected: Record<string, number> = {}
      for (const one of all.filter(({ resourceType }) => resourceType === type)) {
        const code = codeOf(one) ?? ''
        expected[code] = (expected[code] ?? 0) + 1
      }
      const found: Record<string, number> = {}
      for (const { code, count } of rows.filter((row) => row.type === type))
        found[String(code ?? '')] = (found[String(code ?? '')] ?? 0) + Number(count)
      expect(found).toEqual(expected)
    }
  })

  test('has its measurements with first, last, lowest and highest, as a search for them shows', async () => {
    const { rows } = await digest({ path: `${chart}/$everything` })
    const found = (await records(`Observation?subject=${chart}&code=4548-4`)).sort((a, b) =>
      `${a.effectiveDateTime}` < `${b.effectiveDateTime}` ? -1 : 1,
    )
    const values = found.map((one) => (one.valueQuantity as { value: number }).value)
    expect(values.length).toBeGreaterThan(10)
    expect(found.every(({ status }) => status === 'final')).toBe(true)
    expect(rows.find(({ code }) => code === '4548-4')).toMatchObject({
      ...{ type: 'Observation', system: 'http://loinc.org', count: values.length, status: `final ${values.length}` },
      ...{ first: found[0]?.effectiveDateTime, firstValue: values[0] },
      ...{ last: found.at(-1)?.effectiveDateTime, lastValue: values.at(-1) },
      ...{ min: Math.min(...values), max: Math.max(...values), unit: '%', latest: found.at(-1)?.id },
    })
  })

  test('keeps apart what must not be mixed: units, withdrawn values, components', async () => {
    const { rows } = await digest({ path: `Observation?subject=${chart}` })
    const weights = rows.filter(({ code }) => code === '29463-7')
    expect(weights.map(({ unit, count }) => [unit, count])).toEqual([
      ['kg', 33],
      ['lbs', 1],
    ])
    const valid = (await records(`Observation?subject=${chart}&code=29463-7`)).flatMap(({ status, valueQuantity }) => {
      const { unit, value } = valueQuantity as { unit: string; value: number }
      return unit === 'kg' && status !== 'entered-in-error' ? [value] : []
    })
    expect(valid).toHaveLength(32)
    expect(weights[0]).toMatchObject({
      status: 'final 32, entered-in-error 1',
      max: Math.max(...valid),
      min: Math.min(...valid),
    })

    const panels = await records(`Observation?subject=${chart}&code=85354-9`)
    const systolic = panels.flatMap(({ component }) =>
      (component as { code: { coding: { code: string }[] }; valueQuantity: { value: number } }[]).flatMap((one) =>
        one.code.coding[0]?.code === '8480-6' ? [one.valueQuantity.value] : [],
      ),
    )
    expect(rows.find(({ code }) => code === '8480-6')).toMatchObject({
      ...{ of: '85354-9', count: panels.length, min: Math.min(...systolic), max: Math.max(...systolic), unit: 'mmHg' },
    })
    expect(rows.find(({ code }) => code === '85354-9')).not.toHaveProperty('min')
  })
})

describe('a search', () => {
  test('of thousands is counted over all its pages', async () => {
    const total = (await records('Observation')).length
    expect(total).toBeGreaterThan(5000)
    const { head, rows } = await digest({ path: 'Observation' })
    const [extent, left] = head.split('\n')
    expect(extent).toBe(`Digest of all ${total.toLocaleString('en-US')} resources in ${rows.length} rows.`)
    expect(left).toMatch(
      /^Not in sum and mean: \d+ entered in error or refuted, \d+ without a value .*, \d+ with < or > /,
    )
    expect(sums(rows)).toEqual({ Observation: total })
    // Comparators stay, also in the lowest values.
    expect(rows.some(({ min }) => typeof min === 'string' && min.startsWith('<'))).toBe(true)
    expect(rows.some(({ noValue }) => Number(noValue) > 0)).toBe(true)
  })

  test('of several types is one digest', async () => {
    const { rows } = await digest({ path: `?_type=Claim,Condition,CarePlan&_compartment=${chart}` })
    const parts = await Promise.all(
      ['Claim', 'Condition', 'CarePlan'].map((type) => records(`${type}?_compartment=${chart}`)),
    )
    expect(sums(rows)).toEqual(counts(parts.flat()))
    expect(rows.find(({ type }) => type === 'Claim')).toMatchObject({ unit: 'USD' })
  })

  test('counts everything, whatever page, order or part was requested, and says so', async () => {
    const { head, rows } = await digest({ path: `Observation?subject=${chart}&_count=5&_sort=-date&_elements=id` })
    const { rows: whole } = await digest({ path: `Observation?subject=${chart}` })
    expect(rows).toEqual(whole)
    expect(head.split('\n').at(-1)).toBe(
      '`_count`, `_sort`, `_elements` was left out: a digest counts whole records, over all pages.',
    )
    expect((await digest({ path: `${chart}/$everything?_count=1` })).head).toContain('`_count` was left out')
  })

  test('is checked like any other: what Medplum would misread is rewritten, and a note says so', async () => {
    const { head, rows } = await digest({ path: `${chart}/$everything?_type=Claim,CarePlan` })
    expect(head).toContain('`_type` was sent as one parameter for each type')
    expect(new Set(rows.map(({ type }) => type))).toEqual(
      new Set(['CarePlan', 'Claim', 'Location', 'Organization', 'Patient', 'Practitioner']),
    )
  })

  test('without hits says why that may be', async () => {
    const { isError, text } = await digest({ path: 'Patient?name=Muller' })
    expect(isError).toBe(false)
    expect(text).toMatch(/^No resources found\.\n.*accents/)
  })

  test('of a history counts its versions', async () => {
    const { id } = await create(medplum, { resourceType: 'Basic', code: { text: 'a' } })
    const content = Content.json({ resourceType: 'Basic', id, code: { text: 'b' } })
    await medplumClient(medplum).send({ method: 'PUT', path: `Basic/${id}`, content })
    const { rows } = await digest({ path: `Basic/${id}/_history` })
    expect(rows.map(({ display, count }) => [display, count])).toEqual([
      ['a', 1],
      ['b', 1],
    ])
    expect((await digest({ path: `Basic/${id}` })).head).toBe('Digest of all 1 resource in 1 row.')
  })

  test.each([
    ['url for path', { url: 'Practitioner' }],
    ['the method in front', { path: 'GET Practitioner' }],
    ['the base in front', { path: '/fhir/R4/Practitioner' }],
  ])('is understood with %s', async (_, args) => {
    expect((await digest(args)).rows).toEqual((await digest({ path: 'Practitioner' })).rows)
  })
})

describe('more than a digest holds', () => {
  const many =
    '?_type=Observation,Slot,Encounter,DiagnosticReport,MedicationRequest,Immunization,Condition,DocumentReference,Appointment'

  test('is counted up to the limit; it says so and where to continue, and both parts together are everything', async () => {
    const types = many.slice('?_type='.length).split(',')
    const totals = await Promise.all(types.map(async (type) => [type, (await records(type)).length] as const))
    const start = await digest({ path: many })
    expect(start.head).toMatch(
      /^Digest of the FIRST 10,000 resources only, in \d+ rows: a digest counts at most 10,000\./,
    )
    expect(start.head).toContain('Narrow the search, e.g. by code or date.')
    const path = /Continue with path (\S+)/.exec(start.head)?.[1]
    const rest = await digest({ path })
    expect(rest.head).toMatch(/^Digest of \d+ resources in \d+ rows, from this page on\.$/m)
    const both = sums(start.rows)
    for (const [type, count] of Object.entries(sums(rest.rows))) both[type] = (both[type] ?? 0) + count
    expect(both).toEqual(Object.fromEntries(totals))
  })

  test('says so if Medplum goes no further', async () => {
    const { head } = await digest({ path: `${many},Procedure&_sort=_id&_count=500&_offset=10000` })
    expect(head).toMatch(/^Digest of the NEXT 500 resources only, in \d+ rows: Medplum stops at 10000 /)
    expect(head).not.toContain('The rest')
  })

  test('says how many there are, if Medplum does', async () => {
    const entry = Array.from({ length: 10_000 }, (_, id) => ({ resource: { resourceType: 'Slot', id: `${id}` } }))
    const link = [{ relation: 'next', url: 'Slot?_cursor=1-1-a&_count=500&_sort=_lastUpdated' }]
    const body = { resourceType: 'Bundle', type: 'searchset', total: 23_456, entry, link }
    await sandbox.faults([{ path: '^/fhir/R4/Slot', status: 200, body }])
    const { head, rows } = await digest({ path: 'Slot' })
    expect(head).toContain('Digest of the FIRST 10,000 resources of 23,456 only, in 1 row:')
    expect(head).toContain('path Slot?_cursor=1-1-a&_count=500&_sort=_lastUpdated')
    expect(sums(rows)).toEqual({ Slot: 10_000 })
  })

  test('leaves out the rarest rows, and names them', async () => {
    const coded = (code: string, times: number) =>
      Array.from({ length: times }, (_, id) => ({
        resource: {
          resourceType: 'Basic',
          id: `${code}-${id}`,
          code: { coding: [{ code, display: `${code} `.repeat(20) }] },
        },
      }))
    const entry = [...coded('often', 3), ...Array.from({ length: 1500 }, (_, at) => coded(`rare-${at}`, 1)).flat()]
    await sandbox.faults([{ path: '^/fhir/R4/Basic', status: 200, body: { resourceType: 'Bundle', entry } }])
    const { head, rows, text } = await digest({ path: 'Basic' })
    expect(text.length).toBeLessThanOrEqual(60_000)
    expect(text.length).toBeGreaterThan(50_000)
    expect(rows[0]).toMatchObject({ code: 'often', count: 3 })
    expect(head).toContain('Digest of all 1,503 resources in 1,501 rows.')
    const left = (1501 - rows.length).toLocaleString('en-US')
    expect(head).toContain(`Left out because of the length: ${left} rows with the smallest counts (up to 1).`)
    expect(head).toMatch(new RegExp(`^- ${left} rows of Basic \\(count ${left}\\): rare-\\d+, .*, …$`, 'm'))
  })
})
