// Bodies that Medplum would misread: batches, GraphQL and the code of bots.
import { describe, expect, test } from 'vitest'
import { bundleOf, entryFor } from '../../calls.ts'
import { check, ID, refusal, warnings } from './checking.ts'

describe('batch entries', () => {
  const batch = (...entry: unknown[]) => bundleOf('batch', entry)
  const entry = (method: string, url: string, more: object = {}, resource?: unknown) => ({
    request: { method, url, ...more },
    resource,
  })

  test.each([
    [entry('GET', 'Patient?_count=abc'), '_count'],
    [entry('GET', 'Observation?date=2024-02-11'), 'Send GET Observation?date=ge2024-02-11&date=lt2024-02-12'],
    [entry('DELETE', 'Patient'), 'without criteria'],
    [entry('GET', `Patient/${ID}/Observation`), 'compartment'],
    [entry('PUT', `Patient/${ID}`, {}, { resourceType: 'Patient' }), 'has no id'],
    [entry('PATCH', `Patient/${ID}`, {}, { resourceType: 'Patient', active: true }), 'Parameters'],
    [entry('POST', 'Patient', { ifNoneExist: 'identifier:foo=x' }, { resourceType: 'Patient' }), ':foo'],
    [
      entry('POST', 'Patient', { ifNoneExist: 'birthdate=1990' }, { resourceType: 'Patient' }),
      'birthdate=ge1990-01-01',
    ],
    [entry('POST', 'Patient'), 'no `resource` to store'],
    [entry('POST', 'Patient?identifier=a|1', {}, { resourceType: 'Patient' }), 'ifNoneExist "identifier=a|1"'],
    [
      entry('PUT', `Patient/${ID}`, { ifNoneExist: 'identifier=a|1' }, { resourceType: 'Patient', id: ID }),
      'ifNoneExist is for POST',
    ],
    [entry('GET', `Patient/${ID}`, { ifNoneMatch: 'W/"1"' }), 'ignores ifNoneMatch'],
    [entry('GET', `https://medplum.example/fhir/R4/Patient/${ID}`), 'relative to the FHIR base'],
    [entry('POST', `Bot/${ID}/$execute`), 'cannot run inside a Bundle'],
    [entry('GET', 'Patient/$csv'), 'cannot run inside a Bundle'],
    [entry('POST', 'Binary'), 'cannot run inside a Bundle'],
  ])('%j', (bad, expected) => {
    const message = refusal('POST ', batch(null, entry('GET', 'Patient'), bad))
    expect(message).toContain('Bundle.entry[2] (')
    expect(message).toContain(expected)
  })

  test('warnings name the entry', () => {
    expect(warnings('POST ', batch(entry('POST', 'Patient', {}, { resourceType: 'Patient', id: 'x' })))).toContain(
      'Bundle.entry[0] (POST Patient)',
    )
  })

  test('good entries pass', () => {
    const parameters = { resourceType: 'Parameters', parameter: [] }
    const good = batch(
      entry('GET', `Patient/${ID}`),
      entry('PATCH', `Patient/${ID}`, {}, parameters),
      entry('POST', 'Patient', {}, { resourceType: 'Patient' }),
    )
    expect(check('POST ', good)).toEqual({ kind: 'clear', warnings: [] })
  })

  test('a long list of faults is cut', () => {
    const message = refusal('POST ', batch(...Array.from({ length: 500 }, () => entry('DELETE', 'Patient'))))
    expect(message).toContain('490 more')
    expect(message.length).toBeLessThan(5000)
  })
})

describe('references among the entries of a batch', () => {
  const batch = (...entry: object[]) => bundleOf('transaction', entry)
  const urn = `urn:uuid:${ID}`
  const post = (resource: object, fullUrl?: string) => ({
    ...(fullUrl && { fullUrl }),
    ...entryFor('POST', 'Task', resource),
  })
  const to = (reference: string) => post({ resourceType: 'Task', for: { reference } })
  const task = { resourceType: 'Task' }
  test.each([
    ['no entry has the name', [to(urn)], 'no entry has the fullUrl'],
    ['in other letters', [post(task, `urn:uuid:${ID.replace('1', 'A')}`), to(urn)], 'no entry has the fullUrl'],
    ['two entries have it', [post(task, urn), post(task, urn), to(urn)], 'has the same fullUrl'],
    ['an id that is not kept', [post({ ...task, id: 'tmp' }), to('Task/tmp')], 'will get another id'],
    ['a name that is no urn', [post(task, 'Task/tmp'), to('Task/tmp')], 'will get another id'],
  ])('%s', (_, entries, says) => {
    expect(refusal('POST ', batch(...entries))).toContain(says)
  })

  test.each([
    ['as it should be', [post(task, urn), to(urn)]],
    ['to a record that may be there', [post({ ...task, id: ID }), to(`Task/${ID}`)]],
    [
      'within a Bundle that is stored',
      [post({ resourceType: 'Bundle', entry: [{ resource: { for: { reference: urn } } }] })],
    ],
  ])('%s passes', (_, entries) => {
    expect(check('POST ', batch(...entries)).kind).toBe('clear')
  })
})

describe('the same condition twice in a batch', () => {
  const create = (ifNoneExist: string) => ({
    request: { method: 'POST', url: 'Patient', ifNoneExist },
    resource: { resourceType: 'Patient' },
  })
  const bundle = (type: string, ...entry: unknown[]) => bundleOf(type, entry)

  test.each(['batch', 'transaction'])('is refused in a %s, however it is written', (type) => {
    const message = refusal('POST ', bundle(type, create('identifier=a|b&name=x'), create('name=x&identifier=a%7Cb')))
    expect(message).toContain('Bundle.entry[1]: entry[0] has the same ifNoneExist')
  })

  test('is allowed for another type or another value', () => {
    const other = {
      ...create('identifier=a|b'),
      request: { method: 'POST', url: 'Person', ifNoneExist: 'identifier=a|b' },
    }
    expect(check('POST ', bundle('transaction', create('identifier=a|b'), create('identifier=a|c'), other)).kind).toBe(
      'clear',
    )
  })
})

describe('searches in GraphQL', () => {
  const query = (text: string, variables?: object) => ({ query: text, ...(variables && { variables }) })

  test.each([
    ['{ ObservationList(date: "2026-01-01") { id } }', '_filter: "date ge'],
    ['{ Patient(id: "1") { ObservationList(_reference: subject, date: "2026-01-01") { id } } }', '_filter'],
    ['{ PatientConnection(gender: "Female") { count } }', 'compared as exact strings.\nNothing was sent'],
    [String.raw`{ PatientList(identifier: "DOM\\x") { id } }`, String.raw`identifier=DOM\\x`],
    ['{ PatientList(name: "*") { id } }', 'find everything'],
    ['{ PatientList(name: "") { id } }', 'has no value'],
    ['{ PatientList(_cursor: "zzz") { id } }', 'not a Medplum cursor'],
    ['query Q { ...F } fragment F on Query { PatientList(birthdate: "ap1990-01-01") { id } }', 'approximately'],
  ])('%s is refused', (text, message) => {
    expect(refusal('POST $graphql', query(text))).toContain(message)
  })

  test('a value may be a variable', () => {
    const text = 'query Q($d: String) { ObservationList(date: $d) { id } }'
    expect(refusal('POST $graphql', query(text, { d: '2026-01-01' }))).toContain('_filter')
    expect(check('POST $graphql', query(text, { d: 'ge2026-01-01' })).kind).toBe('clear')
    const preset = 'query Q($d: String = "2026-01-01") { ObservationList(date: $d) { id } }'
    expect(refusal('POST $graphql', query(preset))).toContain('_filter')
    expect(check('POST $graphql', query(preset, { d: 'ge2026-01-01' })).kind).toBe('clear')
  })

  test('a number that Medplum reads as a different one', () => {
    const text = (value: string) => `mutation { ObservationCreate(res: { valueQuantity: { value: ${value} } }) { id } }`
    expect(warnings('POST $graphql', query(text('9007199254740993')))).toContain('as 9007199254740992')
    expect(warnings('POST $graphql', query(text('1.10')))).toContain('reads 1.10 as 1.1')
    expect(warnings('POST $graphql', query(text('81.5')))).toBe('')
  })

  test('warns about a unit, and about more than a page holds', () => {
    expect(warnings('POST $graphql', query('{ ObservationList(value_quantity: "5|mg") { id } }'))).toContain(
      'ignores the unit',
    )
    expect(warnings('POST $graphql', query('{ PatientList(_count: 2000) { id } }'))).toContain('at most 1000')
  })

  test.each([
    '{ ObservationList(_filter: "date ge 2026-01-01 and date lt 2026-01-02", subject: "Patient/1") { id } }',
    '{ PatientList(name: "x", _count: 5, _sort: "-_lastUpdated") { id } }',
    '{ Patient(id: "1") { id } }',
    'no document',
  ])('%s passes', (text) => {
    expect(check('POST $graphql', query(text)).kind).toBe('clear')
  })
})

describe('the code of a bot created by $init', () => {
  const made = (code: string) => ({ name: 'b', executableCode: { contentType: 'text/javascript', data: btoa(code) } })
  const parameters = (code: string) => ({
    resourceType: 'Parameters',
    parameter: [{ name: 'executableCode', valueAttachment: made(code).executableCode }],
  })

  test.each([
    ['import x from "y"', 'has an `import` statement'],
    ['const handler = 1;', 'sets no `exports.handler`'],
  ])('is refused if it would fail every time: %s', (code, why) => {
    for (const body of [made(code), parameters(code)]) {
      expect(refusal('POST Bot/$init', body)).toContain(why)
      expect(refusal('POST Bot/$init', body)).toContain('`executableCode`')
    }
  })

  test.each([
    made('exports.handler = async function (medplum, event) { return 1; };'),
    { name: 'b' },
    { name: 'b', executableCode: { data: '%%%' } },
    undefined,
  ])('is otherwise left alone: %j', (body) => {
    expect(warnings('POST Bot/$init', body)).toBe('')
  })
})
