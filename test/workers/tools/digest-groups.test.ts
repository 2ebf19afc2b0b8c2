// fhir-digest: groups, of all and in a narrowed connection.
import { describe, expect, test } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { create, type Resource } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { alice, sandbox } from '../world/world.ts'
import { digest, medplum, records, setUp } from './digesting.ts'

setUp()

describe('groups', () => {
  interface Money {
    value: number
  }
  const withGroups = async (args: Record<string, unknown>) => {
    const { rows, ...rest } = await digest(args)
    return { ...rest, rows: rows as unknown as Record<string, unknown>[] }
  }

  test('sum exactly by the requested value, the largest first', async () => {
    const claims = await records('Claim')
    const cents = (all: Resource[]) => all.reduce((sum, one) => sum + Math.round((one.total as Money).value * 100), 0)
    const { head, rows } = await withGroups({ path: 'Claim', by: ['status', 'created.substring(0,4)'], sort: '-sum' })
    const expected = [...Map.groupBy(claims, ({ status, created }) => `${status} ${String(created).slice(0, 4)}`)]
    expect(head).toContain(`Digest of all ${claims.length} resources in ${expected.length} groups.`)
    expect(rows.map((row) => [`${row.status} ${row['created.substring(0,4)']}`, row.count, row.sum])).toEqual(
      expected.map(([key, all]) => [key, all.length, cents(all) / 100]).sort((a, b) => Number(b[2]) - Number(a[2])),
    )
  })

  test('give the newest of each patient, with the name', async () => {
    const found = (await records('Observation?code=4548-4')).filter(({ valueQuantity }) => valueQuantity)
    const { rows } = await withGroups({ path: 'Observation?code=4548-4', by: 'subject', pick: 'latest' })
    const bySubject = Map.groupBy(found, ({ subject }) => (subject as { reference: string }).reference)
    expect(rows.length).toBeGreaterThan(50)
    expect(rows.filter(({ value }) => value !== undefined)).toHaveLength(bySubject.size)
    for (const row of rows.filter(({ value }) => value !== undefined)) {
      const { reference, display } = row.subject as { reference: string; display: string }
      const dates = (bySubject.get(reference) ?? []).map(({ effectiveDateTime }) => String(effectiveDateTime)).sort()
      expect(row.date).toBe(dates.at(-1))
      expect(display).toMatch(/^\p{L}.* \p{L}/u)
    }
    expect((await withGroups({ path: 'GET Observation?code=4548-4', by: ['subject'], latest: true })).rows).toEqual(
      rows,
    )
  })

  test('list who has no match in another search, by name, and who has one', async () => {
    const [all, measured] = [
      await records('Condition?code=44054006'),
      await records('Observation?code=4548-4&date=ge2026-06-01'),
    ]
    const who = (resources: Resource[]) =>
      new Set(resources.map(({ subject }) => (subject as { reference: string }).reference))
    const [people, seen] = [who(all), who(measured.filter(({ status }) => status !== 'entered-in-error'))]
    expect(people.size).toBeGreaterThan(5)
    const args = { path: 'Condition?code=44054006' }
    const without = await withGroups({ ...args, without: 'Observation?code=4548-4&date=ge2026-06-01' })
    const having = await withGroups({ ...args, with: 'Observation?code=4548-4&date=ge2026-06-01' })
    const found = (rows: Record<string, unknown>[]) =>
      rows.map(({ subject }) => (subject as { reference: string }).reference).sort()
    expect(found(without.rows)).toEqual([...people].filter((one) => !seen.has(one)).sort())
    expect(found(having.rows)).toEqual([...people].filter((one) => seen.has(one)).sort())
    expect(without.head).toContain(
      `${without.rows.length} of ${people.size} subjects have no match in Observation?code=4548-4`,
    )
    expect(without.rows.length + having.rows.length).toBe(people.size)
  })

  test('of records themselves list those that nothing in the other search refers to', async () => {
    const answered = new Set(
      (await records('ExplanationOfBenefit')).map(({ claim }) => (claim as { reference: string }).reference),
    )
    const open = (await records('Claim')).filter(({ id }) => !answered.has(`Claim/${id}`))
    const { head } = await withGroups({ path: 'Claim', by: ['id'], without: 'ExplanationOfBenefit', top: 3 })
    expect(head).toContain(`${open.length} of `)
    expect(head).toContain(`${open.length - 3} more groups not shown`)
  })

  test('name the people that references do not, by one search for all of them', async () => {
    const patients = await Promise.all(
      ['Ada', 'Bo'].map((given) =>
        create(medplum, { resourceType: 'Patient', name: [{ given: [given], family: 'Nameless' }] }),
      ),
    )
    for (const { id } of patients) {
      await create(medplum, { resourceType: 'Basic', code: { text: 'x' }, subject: { reference: `Patient/${id}` } })
    }
    const path = `Basic?subject=${patients.map(({ id }) => `Patient/${id}`).join(',')}`
    const { result, requests } = await sandbox.during(() => withGroups({ path, by: ['subject'] }))
    expect(result.rows.map(({ subject }) => (subject as { display: string }).display).sort()).toEqual([
      'Ada Nameless',
      'Bo Nameless',
    ])
    expect(requests.filter(({ path }) => path.startsWith('/fhir/R4/Patient'))).toHaveLength(1)
  })

  test('say if a search was not read to the end', async () => {
    const entry = Array.from({ length: 10_000 }, (_, id) => ({
      resource: { resourceType: 'Slot', id: `${id}`, status: `s${id % 2000}` },
    }))
    const link = [{ relation: 'next', url: 'Slot?_cursor=1-1-a&_count=500&_sort=_lastUpdated' }]
    const body = { resourceType: 'Bundle', type: 'searchset', total: 12_345, entry, link }
    const fault = { path: '^/fhir/R4/Slot', status: 200, body }
    await sandbox.faults([fault])
    const { head, rows } = await withGroups({ path: 'Slot', by: ['status'] })
    expect(head).toContain('Digest of the FIRST 10,000 resources of 12,345 only, in 2,000 groups')
    expect(rows.length).toBe(2000)
    await sandbox.faults([fault])
    const against = await withGroups({ path: 'Practitioner', without: 'Slot' })
    expect(against.head).toContain('NOT EXACT: that search was not read to the end')
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['an expression that is none', { by: ['status', 'foo('] }, 'by[1]'],
    ['a value that is none', { value: 'total.matches("x")' }, 'value "total.matches'],
    ['a column that is none', { by: ['status'], sort: '-amount' }, '`sort` must be one of count, sum'],
    ['a second search that is none', { without: 'Patient/123/Observation' }, 'Observation?subject=Patient/123'],
    ['a second search that does something', { with: 'Bot/1/$execute' }, '`with` must be a search'],
    ['no rows', { top: 0 }, 'top'],
  ])('are refused before anything is sent for %s', async (_, args, why) => {
    const { result, requests } = await sandbox.during(() => digest({ path: 'Claim', ...args }))
    expect(result.isError).toBe(true)
    expect(result.text).toContain(why)
    expect(result.text).toContain('Nothing was sent')
    expect(requests.filter(({ path }) => path.startsWith('/fhir/'))).toEqual([])
  })

  test('report an expression that finds nothing, or fails', async () => {
    const { head } = await withGroups({ path: 'Claim', by: ['state'] })
    expect(head).toContain('"state" found nothing')
    const failing = await withGroups({ path: 'Claim', by: ['item.net.value.toString()'] })
    expect(failing.head).toContain('Not counted, since an expression failed there')
  })
})

test('in a connection narrowed to one patient, groups and second searches reach nobody else', async () => {
  const own = `Patient/${PATIENT_IDS.diabetic}`
  const narrow = (await signIn(alice, undefined, 'read', { patient: own })).access
  const calls: Record<string, unknown>[] = [
    { path: 'Observation?code=4548-4', by: ['subject'], pick: 'latest' },
    { path: 'Condition', without: 'Observation?code=29463-7' },
    { path: 'Patient', with: 'Observation' },
    { path: 'Claim', by: ['patient', 'status'], sort: '-sum' },
    { path: 'Task', by: ['for', 'owner'] },
    { path: 'Observation?code=none' },
  ]
  for (const args of calls) {
    const { text, isError } = await digest(args, narrow)
    expect(isError, text).toBe(false)
    expect(new Set(text.match(/Patient\/[0-9a-f-]{36}/g) ?? [own]), JSON.stringify(args)).toEqual(new Set([own]))
  }
  const types = (await signIn(alice, undefined, 'read', { types: 'Condition' })).access
  const refused = await digest({ path: 'Condition', without: 'Observation' }, types)
  expect(refused.isError).toBe(true)
  // Names that may not be read are left out; the groups stay.
  expect((await digest({ path: 'Condition', by: ['subject'], top: 3 }, types)).rows).toHaveLength(3)
})
