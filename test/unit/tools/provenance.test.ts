// The label of AI work: on which bodies, once, beside other labels; on patches depending on the record; and the Provenance.
import { describe, expect, test } from 'vitest'
import { AI_ASSERTED, labelled, labelPatch, patchesIn, provenanceOf, writtenBy } from '../../../src/marks/provenance.ts'
import { bundleOf, entryFor } from '../../calls.ts'

const LABEL = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'AIAST',
  display: 'Artificial Intelligence asserted',
}
const RESTRICTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }
const patient = { resourceType: 'Patient', active: true }

describe('a body', () => {
  test.each([
    ['POST', 'Patient'],
    ['POST', 'Patient?_format=json'],
    ['PUT', 'Patient/1'],
    ['PUT', 'Patient?identifier=a|b'],
  ] as const)('of %s %s is labelled', (method, path) => {
    expect(labelled(method, path, patient)).toEqual({ ...patient, meta: { security: [LABEL] } })
  })

  test.each([
    ['POST', 'Patient/$validate', patient],
    ['POST', 'Patient/_search', patient],
    ['POST', 'Bot/1/$execute', patient],
    ['POST', '$graphql', { query: '{x}' }],
    ['POST', 'Binary', patient],
    ['PUT', 'Binary/1', { resourceType: 'Binary', contentType: 'text/plain' }],
    ['POST', 'Bundle', bundleOf('document', [])],
    ['POST', 'Parameters', { resourceType: 'Parameters' }],
    ['PATCH', 'Patient/1', [{ op: 'add', path: '/active', value: true }]],
    ['GET', 'Patient/1', undefined],
    ['POST', 'Patient', [patient]],
    ['POST', 'Patient', { active: true }],
    ['POST', 'Patient', { ...patient, meta: 'odd' }],
    ['POST', 'Patient', { ...patient, meta: { security: 'odd' } }],
  ] as const)('of %s %s stays as it is', (method, path, body) => {
    expect(labelled(method, path, body)).toBe(body)
  })

  test('keeps other labels and gets this one once', () => {
    const once = labelled('PUT', 'Patient/1', { ...patient, meta: { tag: [{ code: 't' }], security: [RESTRICTED] } })
    expect(once).toEqual({ ...patient, meta: { tag: [{ code: 't' }], security: [RESTRICTED, LABEL] } })
    expect(labelled('PUT', 'Patient/1', once)).toBe(once)
  })

  test('that is a batch is labelled by its entries', () => {
    const entry = [
      entryFor('POST', 'Patient', patient),
      entryFor('put', '/fhir/R4/Patient/1', patient),
      entryFor('PUT', 'https://api.example/fhir/R4/Patient/1', patient),
      entryFor('POST', 'Patient/$validate', patient),
      entryFor('PATCH', 'Patient/1', { resourceType: 'Parameters' }),
      entryFor('POST', 'Binary', { resourceType: 'Binary' }),
      entryFor('GET', 'Patient/1'),
      'odd',
    ]
    const batch = bundleOf('batch', entry)
    const made = labelled('POST', '', batch) as typeof batch
    const changed = made.entry.map((one, index) => one !== entry[index])
    expect(changed).toEqual([true, true, true, false, false, false, false, false])
    expect(made.entry[0]).toEqual({ ...(entry[0] as object), resource: { ...patient, meta: { security: [LABEL] } } })
    expect(patchesIn(batch)).toBe(1)
  })
})

describe('a JSON Patch', () => {
  const change = { op: 'replace', path: '/active', value: false }

  test('appends to labels that are there', () => {
    const current = { ...patient, meta: { versionId: 'v1', security: [RESTRICTED] } }
    expect(labelPatch([change], current)).toEqual({
      operations: [change, { op: 'add', path: '/meta/security/-', value: AI_ASSERTED }],
    })
  })

  test('makes the labels where there are none, for that version only', () => {
    expect(labelPatch([change], { ...patient, meta: { versionId: 'v1' } })).toEqual({
      operations: [
        { op: 'test', path: '/meta/versionId', value: 'v1' },
        change,
        { op: 'add', path: '/meta/security', value: [AI_ASSERTED] },
      ],
      onlyFor: 'v1',
    })
  })

  test('stays as it is where the label is there', () => {
    expect(labelPatch([change], { ...patient, meta: { security: [LABEL] } })).toEqual({ operations: [change] })
  })

  test.each([
    [{ op: 'remove', path: '/meta/security/0' }],
    [{ op: 'replace', path: '/meta/security', value: [] }],
    [{ op: 'replace', path: '/meta', value: {} }],
    [{ op: 'replace', path: '', value: {} }],
    [{ op: 'move', from: '/meta/security', path: '/extension' }],
  ])('that changes the labels itself is left alone: %j', (operation) => {
    expect(labelPatch([operation], { ...patient, meta: { versionId: 'v1' } })).toBeUndefined()
  })

  test.each([[undefined], [{ resourceType: 'Patient' }], [{ resourceType: 'Binary', meta: { versionId: 'v1' } }]])(
    'is left alone for %j',
    (current) => {
      expect(labelPatch([change], current)).toBeUndefined()
    },
  )
})

describe('what was written', () => {
  const since = Date.parse('2026-01-01T12:00:00Z')
  const stored = (lastUpdated = '2026-01-01T12:00:01Z') => ({
    ...patient,
    id: 'p',
    meta: { versionId: 'v2', lastUpdated },
  })
  const written = (method: 'POST' | 'PUT' | 'PATCH' | 'GET', path: string, status: number, body: unknown) =>
    writtenBy({ method, path }, { status, body }, since)

  test.each([
    ['POST', 'Patient', 201, true],
    ['PUT', 'Patient/p', 200, false],
    ['PUT', 'Patient?identifier=x', 201, true],
    ['PATCH', 'Patient/p', 200, false],
  ] as const)('%s %s, %i: that version', (method, path, status, created) => {
    expect(written(method, path, status, stored())).toEqual([{ reference: 'Patient/p/_history/v2', created }])
  })

  test.each([
    ['a conditional create that found its record', 'POST', 'Patient', 200, stored()],
    ['a replacement by the same', 'PUT', 'Patient/p', 200, stored('2026-01-01T11:00:00Z')],
    ['a check', 'POST', 'Patient/$validate', 200, stored()],
    ['a read', 'GET', 'Patient/p', 200, stored()],
    ['an answer without a version', 'POST', 'Patient', 201, patient],
    ['a job', 'POST', 'Patient', 202, undefined],
    ['a Provenance', 'POST', 'Provenance', 201, { ...stored(), resourceType: 'Provenance' }],
    ['an AuditEvent', 'POST', 'AuditEvent', 201, { ...stored(), resourceType: 'AuditEvent' }],
  ] as const)('%s: nothing', (_, method, path, status, body) => {
    expect(written(method, path, status, body)).toEqual([])
  })

  test('by a batch: what its entries created', () => {
    const body = {
      resourceType: 'Bundle',
      entry: [
        entryFor('POST', 'Patient', patient),
        entryFor('PUT', 'Patient/p', patient),
        entryFor('GET', 'Patient/p'),
        entryFor('POST', 'Patient', patient),
      ],
    }
    const answered = (status: string, resource?: object) => ({ response: { status }, resource })
    const answer = {
      resourceType: 'Bundle',
      entry: [answered('201', stored()), answered('404'), answered('200', stored()), answered('200', stored())],
    }
    expect(writtenBy({ method: 'POST', path: '', body }, { status: 200, body: answer }, since)).toEqual([
      { reference: 'Patient/p/_history/v2', created: true },
    ])
  })
})

test('the Provenance names version, person and client', () => {
  const made = provenanceOf(
    [{ reference: 'Patient/p/_history/v2', created: true }],
    { profile: 'Practitioner/1', client: 'Claude' },
    new Date('2026-01-01T00:00:00Z'),
  )
  expect(made).toMatchObject({
    resourceType: 'Provenance',
    target: [{ reference: 'Patient/p/_history/v2' }],
    recorded: '2026-01-01T00:00:00.000Z',
    activity: { coding: [{ code: 'CREATE' }] },
    agent: [
      { type: { coding: [{ code: 'enterer' }] }, who: { reference: 'Practitioner/1' } },
      { type: { coding: [{ code: 'assembler' }] }, who: { display: 'Claude' } },
    ],
  })
  const bot = provenanceOf([{ reference: 'x', created: false }], { profile: 'Bot/1', client: 'c' }, new Date())
  expect(bot.agent[0]?.who).toEqual({ display: 'Bot/1' })
  expect(bot.activity.coding[0]?.code).toBe('UPDATE')
})
