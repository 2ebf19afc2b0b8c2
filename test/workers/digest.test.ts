// The tool fhir-digest over the sandbox's clinic: what it says, checked against counts made here from the records themselves.
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { PATIENT_IDS } from '../../sandbox/clinic/people.ts'
import { Content } from '../../src/client/content.ts'
import { decode } from '../unit/decode.ts'
import { events, post, rpc, startSession } from './mcp.ts'
import { allOf, create, medplumClient, medplumToken, type Resource } from './medplum.ts'
import { signIn, type Tokens } from './signing-in.ts'
import { alice, type LoggedRequest, rita, sandbox } from './world.ts'

const chart = `Patient/${PATIENT_IDS.diabetic}`
let tokens: Tokens
let medplum: string
beforeAll(async () => {
  medplum = await medplumToken()
  tokens = await signIn(alice)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await sandbox.clearFaults()
})

function call(args: Record<string, unknown>) {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'fhir-digest', arguments: args } }
}

type Row = Record<string, string | number | undefined> & { type: string; count: number }

interface Answer {
  isError: boolean
  text: string
  /** What stands above the table. */
  head: string
  rows: Row[]
}

async function digest(args: Record<string, unknown>, access = tokens.access): Promise<Answer> {
  const { result, error } = await rpc(await post(access, call(args)))
  if (!result) throw new Error(`JSON-RPC error ${error?.code}: ${error?.message}`)
  const text = result.content[0]?.text ?? ''
  const [head = '', table] = text.split(/\n\n(.*)/s)
  const rows = table === undefined ? [] : [decode(table.replace(/^# \w+/, '#'))].flat()
  return { isError: result.isError === true, text, head, rows: rows as Row[] }
}

const records = (search: string) => allOf(medplum, search)

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
      'Condition',
      'Immunization',
      'MedicationRequest',
      'Procedure',
      'DiagnosticReport',
      'Encounter',
    ]) {
      const expected: Record<string, number> = {}
      for (const one of all.filter(({ resourceType }) => resourceType === type)) {
        const code = codeOf(one) ?? ''
        expected[code] = (expected[code] ?? 0) + 1
      }
      const found = rows.filter((row) => row.type === type).map(({ code, count }) => [code, count])
      expect(Object.fromEntries(found)).toEqual(expected)
    }
  })

  test('has its measurements with first, last, least and most, as a search for them shows', async () => {
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
    // Comparators stay, also among the least.
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

  test('counts all, whatever page, order or part was asked for, and says so', async () => {
    const { head, rows } = await digest({ path: `Observation?subject=${chart}&_count=5&_sort=-date&_elements=id` })
    const { rows: whole } = await digest({ path: `Observation?subject=${chart}` })
    expect(rows).toEqual(whole)
    expect(head.split('\n').at(-1)).toBe(
      '`_count`, `_sort`, `_elements` was left out: a digest counts whole records, over all pages.',
    )
    expect((await digest({ path: `${chart}/$everything?_count=1` })).head).toContain('`_count` was left out')
  })

  test('is checked as any other: what Medplum would misread is rewritten, and told', async () => {
    const { head, rows } = await digest({ path: `${chart}/$everything?_type=Claim,CarePlan` })
    expect(head).toContain('`_type` was sent as one parameter for each type')
    expect(new Set(rows.map(({ type }) => type))).toEqual(
      new Set(['CarePlan', 'Claim', 'Location', 'Organization', 'Patient', 'Practitioner']),
    )
  })

  test('without hits says what may be behind it', async () => {
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

  test('is counted up to the cap; it says so and where to go on, and together both parts are all', async () => {
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

  test('is said to end where Medplum goes no further', async () => {
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

  test('in rows leaves out the rarest, and names them', async () => {
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
    expect(head).toContain(`Left out for length: ${left} rows with the smallest counts (up to 1).`)
    expect(head).toMatch(new RegExp(`^- ${left} rows of Basic \\(count ${left}\\): rare-\\d+, .*, …$`, 'm'))
  })
})

describe('anything but a read of records', () => {
  const API = ({ path }: LoggedRequest) => path.startsWith('/fhir/') || path.startsWith('/auth/me')

  test.each([
    ['Bot/123/$execute', 'Bot'],
    ['$export', 'export'],
    ['Patient/$export', 'export'],
    ['Claim/123/$submit', 'submit'],
    ['Agent/123/$push', 'push'],
    ['Observation/$csv?_fields=id', '`path`'],
    ['ClientApplication/$csv', 'secrets'],
    ['$graphql?query={PatientList{id}}', '`path`'],
    ['metadata', '`path`'],
    ['Patient/123/Observation', 'Observation?subject=Patient/123'],
    ['Observation?_count=abc', '_count'],
    ['../../auth/me', 'refused'],
    ['https://evil.example.com/fhir/R4/Patient', 'refused'],
    ['DELETE Patient/123', 'refused'],
  ])('is refused before anything is sent: %s', async (path, why) => {
    const { result, requests } = await sandbox.during(() => digest({ path }))
    expect(result.isError).toBe(true)
    expect(result.text).toContain(why)
    expect(result.text.toLowerCase()).toContain('nothing was sent')
    expect(requests.filter(API)).toEqual([])
  })

  test('an error of Medplum is an error', async () => {
    const { isError, text } = await digest({ path: 'Patient?foo=bar' })
    expect(isError).toBe(true)
    expect(text).toContain('HTTP 400')
    expect((await digest({ path: `Patient/${crypto.randomUUID()}/$everything` })).text).toContain('HTTP 404')
  })

  test('an error of a later page is an error, never half a digest', async () => {
    await sandbox.faults([{ path: '_cursor=', status: 400 }])
    expect(await digest({ path: 'Encounter' })).toMatchObject({ isError: true, rows: [] })
  })
})

test('reads only: a person who may not write gets the same', async () => {
  const reader = await signIn(rita)
  const { result, requests } = await sandbox.during(() => digest({ path: `${chart}/$everything` }, reader.access))
  expect(result.rows).toEqual((await digest({ path: `${chart}/$everything` })).rows)
  expect(new Set(requests.filter(({ path }) => path.startsWith('/fhir/')).map(({ method }) => method))).toEqual(
    new Set(['GET']),
  )
})

test('tells how far it is', async () => {
  const message = call({ path: 'Encounter' })
  const params = { ...message.params, _meta: { progressToken: 'p' } }
  const response = await post(tokens.access, { ...message, params }, await startSession(tokens.access))
  const told = events(await response.text())
    .map((data) => JSON.parse(data))
    .flatMap(({ method, params: progress }) => (method === 'notifications/progress' ? [progress] : []))
  expect(told.length).toBeGreaterThan(1)
  expect(told[0]).toMatchObject({ progressToken: 'p', progress: 500 })
  const [{ total }] = told
  expect(total).toBeGreaterThan(800)
  expect(told.at(-1)).toEqual({
    progressToken: 'p',
    progress: total,
    total,
    message: `Read ${total} of ${total} resources`,
  })
})

test('is written down as a read, by type, without an id', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await digest({ path: `${chart}/$everything` })
  await digest({ path: 'Patient?foo=bar' })
  const written = log.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>)
  expect(written.filter(({ event }) => event === 'tool_call')).toEqual([
    expect.objectContaining({
      tool: 'fhir-digest',
      kind: 'read',
      type: 'Patient/$everything',
      status: 200,
      outcome: 'ok',
    }),
    expect.objectContaining({ tool: 'fhir-digest', kind: 'read', type: 'Patient', status: 400, outcome: 'error' }),
  ])
  expect(JSON.stringify(written)).not.toContain(PATIENT_IDS.diabetic)
})

test('is offered as what it is: it reads, and changes nothing', async () => {
  const { result } = await rpc(await post(tokens.access, { jsonrpc: '2.0', id: 1, method: 'tools/list' }))
  const tools = result?.tools as { name: string; description: string; annotations: object; inputSchema: object }[]
  const tool = tools.find(({ name }) => name === 'fhir-digest')
  expect(tool?.annotations).toEqual({
    ...{ title: 'FHIR digest', readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  })
  expect(tool?.inputSchema).toMatchObject({
    type: 'object',
    required: ['path'],
    properties: { path: { type: 'string' } },
  })
  expect(tool?.description.length).toBeLessThan(600)
})

describe('groups', () => {
  interface Money {
    value: number
  }
  const withGroups = async (args: Record<string, unknown>) => {
    const { rows, ...rest } = await digest(args)
    return { ...rest, rows: rows as unknown as Record<string, unknown>[] }
  }

  test('sum exactly, by what is asked for, the largest first', async () => {
    const claims = await records('Claim')
    const cents = (all: Resource[]) => all.reduce((sum, one) => sum + Math.round((one.total as Money).value * 100), 0)
    const { head, rows } = await withGroups({ path: 'Claim', by: ['status', 'created.substring(0,4)'], sort: '-sum' })
    const expected = [...Map.groupBy(claims, ({ status, created }) => `${status} ${String(created).slice(0, 4)}`)]
    expect(head).toContain(`Digest of all ${claims.length} resources in ${expected.length} groups.`)
    expect(rows.map((row) => [`${row.status} ${row['created.substring(0,4)']}`, row.count, row.sum])).toEqual(
      expected.map(([key, all]) => [key, all.length, cents(all) / 100]).sort((a, b) => Number(b[2]) - Number(a[2])),
    )
  })

  test('are the newest of each patient, with the name', async () => {
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

  test('are those who have no match in another search, by name, and the others who have', async () => {
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

  test('of records themselves are those that nothing in the other search refers to', async () => {
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

  test('say when a search was not read to its end', async () => {
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
    expect(against.head).toContain('NOT EXACT: that search was not read to its end')
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['an expression that is none', { by: ['status', 'foo('] }, 'by[1]'],
    ['a value that is none', { value: 'total.matches("x")' }, 'value "total.matches'],
    ['a column that is none', { by: ['status'], sort: '-amount' }, '`sort` is one of count, sum'],
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

  test('tell of an expression that finds nothing, or fails', async () => {
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
