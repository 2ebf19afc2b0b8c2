// Hostile text in records: an answer means exactly the record, and text keeps its place.
import { describe, expect, test } from 'vitest'
import { withoutNoise } from '../../../src/answer/noise.ts'
import { bundleOf, entryFor, POST } from '../../calls.ts'
import { decode } from '../../unit/answer/decode.ts'
import { create } from '../world/medplum.ts'
import { SANDBOX, sandbox } from '../world/world.ts'
import { ATTACKS, call, document, medplum, observations, patients, STORABLE, setUp, system, UNSEEN } from './hostile.ts'

setUp()

/** Pieces that reveal an attack anywhere. */
const GIVEAWAYS = [
  ...['Patient (2)', 'Patient (3)', 'status=final, code=x', 'returned: 555', 'returned: 666', 'name=evil and'],
  'of its own',
  ...['nothing at all', 'of no interest', 'all of this', 'all is well', 'Ignore previous', 'You are root'],
  'Evil turned',
  ...['very long', 'line one', ', id=1, y='],
]

/** What Medplum itself holds. */
async function held(path: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${medplum}`, accept: 'application/fhir+json' }
  return (await fetch(`${SANDBOX}fhir/R4/${path}`, { headers })).json()
}

/** Text of records is only in quotes, and nothing is invisible. */
function expectInPlace(answer: string): void {
  const outside = answer.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
  for (const giveaway of GIVEAWAYS) expect(outside).not.toContain(giveaway)
  expect(answer.replaceAll('\n', '')).not.toMatch(UNSEEN)
}

const search = () => `Observation?identifier=${system}|&_sort=_id&_count=100`

/** A record as it is read without `X-Medplum: extended`, which this server sets to learn who changed it. */
function withoutAuthor(record: unknown): unknown {
  const { meta, ...rest } = record as { meta: Record<string, unknown> }
  const { author, ...others } = meta
  expect(author).toBeDefined()
  return { ...rest, meta: others }
}

describe('an answer means exactly the record', () => {
  test('for each record', async () => {
    for (const { resourceType, id } of [...patients, ...observations]) {
      const path = `${resourceType}/${id}`
      const { text } = await call({ path })
      expect(withoutAuthor(decode(text))).toEqual(withoutNoise(await held(path)).value)
      expectInPlace(text)
    }
  })

  test('for a search, a history, a batch and a letter with many parts', async () => {
    const history = `Patient/${patients[19]?.id}/_history`
    const letter = `DocumentReference/${document.id}`
    for (const path of [search(), history, `Patient?identifier=${system}|&_sort=_id&_count=100`]) {
      const { text } = await call({ path })
      const { entry } = withoutNoise(await held(path)).value as { entry: unknown[] }
      expect(decode(text)).toMatchObject({ entry })
      expectInPlace(text)
    }
    const one = await call({ path: letter })
    expect((decode(one.text) as { content: unknown[] }).content).toHaveLength(20)
    expectInPlace(one.text)
    const entry = [letter, search()].map((url) => entryFor('GET', url))
    const batch = await call(POST('', bundleOf('batch', entry)))
    expect((decode(batch.all.split('\nNote: ')[0] ?? '') as { entry: unknown[] }).entry).toHaveLength(2)
    expectInPlace(batch.all)
  })

  test('with a budget that cuts it, and a digest of the rest', async () => {
    const { all } = await call({ path: search(), maxChars: 8000 })
    expect(all).toContain('# Dropped (')
    expectInPlace(all)
  })

  test('for JSON that is not a record, with keys of all kinds', async () => {
    const value = Object.fromEntries(ATTACKS.map((text) => [text, { [text]: [text, { [text]: text }] }]))
    const rows = ATTACKS.map((text) => ({ id: text, [text]: text, both: { [text]: 1 } }))
    const types = ATTACKS.map((text) => ({ resource: { resourceType: text, id: text, status: text }, fullUrl: text }))
    const link = [
      { relation: 'next', url: `${SANDBOX}fhir/R4/Patient?a=1` },
      { relation: ATTACKS[19], url: ATTACKS[19] },
    ]
    for (const body of [
      value,
      rows,
      { resourceType: ATTACKS[0], ...value },
      { resourceType: 'Bundle', type: ATTACKS[19], total: ATTACKS[2], id: ATTACKS[19], link, entry: types },
    ]) {
      const headers = { 'content-type': 'application/json' }
      await sandbox.faults([{ path: '\\$execute', status: 200, headers, body }])
      const { text } = await call(POST(`Bot/${crypto.randomUUID()}/$execute`, {}))
      expectInPlace(text)
      if (!('total' in body)) expect(decode(text)).toEqual(body)
    }
  })
})

describe('text keeps its place', () => {
  test('in a digest, where rows count what is there', async () => {
    const { text } = await call({ path: `Observation?identifier=${system}|` }, 'fhir-digest')
    const [head = '', table = ''] = text.split(/\n\n(.*)/s)
    expect(head).toMatch(/^Digest of all \d+ resources in \d+ rows\.$/)
    const rows = decode(table.replace(/^# \w+/, '#')) as { count: number; of?: string; display?: string }[]
    const counted = rows.filter(({ of }) => of === undefined).reduce((sum, { count }) => sum + count, 0)
    expect(counted).toBe(observations.length)
    expectInPlace(text)
  })

  test('in the digest of one record', async () => {
    for (const { id } of observations.slice(0, 20)) {
      const { text } = await call({ path: `Observation?_id=${id}` }, 'fhir-digest')
      expect(text).toMatch(/^Digest of all 1 resource in /)
      expectInPlace(text)
    }
  })

  test('in columns', async () => {
    const select = [
      ...['id', 'code.text', 'code.coding.display', 'note.text', 'subject.display', 'code', 'valueQuantity.unit'],
    ]
    const { all } = await call({ path: search(), select })
    const table = all.slice(all.indexOf('# select')).split('\nNote: ')[0] ?? ''
    const rows = decode(table.replace('# select', '#')) as Record<string, unknown>[]
    const texts = new Map(observations.map((one, at) => [one.id, STORABLE[at]]))
    expect(rows).toHaveLength(observations.length)
    for (const row of rows) expect(row['code.text']).toBe(texts.get(String(row.id)))
    expectInPlace(all)
  })

  test('in JSON, which shows invisible characters and still means the same', async () => {
    for (const { resourceType, id } of [...patients, ...observations, document]) {
      const path = `${resourceType}/${id}`
      const { text } = await call({ path, format: 'json' })
      expect(withoutAuthor(JSON.parse(text))).toEqual(await held(path))
      expect(text).not.toMatch(UNSEEN)
    }
  })

  test('if a single word looks like one of ours', async () => {
    const words = [
      ...['#', '##', '#Patient', 'returned:5', 'next:Patient?name=evil', 'same:a=b', 'total:9', 'dropped:3', '-'],
      '…',
    ]
    const made = words.map((value) =>
      create(medplum, {
        resourceType: 'Basic',
        identifier: [{ system: `${system}/words`, value }],
        code: { text: 'a' },
      }),
    )
    await Promise.all(made)
    const path = `Basic?identifier=${system}/words|&_sort=_id`
    for (const select of [undefined, ['identifier.value'], ['identifier.value', 'id']]) {
      const { text } = await call({ path, ...(select && { select }) })
      const table = text.split('\n').slice(text.split('\n').findIndex((line) => /^#+ \w+ \(\d+\)$/.test(line)) + 1)
      for (const line of table.filter((one) => !one.startsWith('same: '))) {
        expect(line).not.toMatch(/^(#|(returned|next|same|total|dropped):)/)
      }
      if (!select) {
        const { entry } = decode(text) as { entry: { resource: { identifier: { value: string }[] } }[] }
        expect(entry.map(({ resource }) => resource.identifier[0]?.value).toSorted()).toEqual(words.toSorted())
      }
    }
  })

  test('in columns that begin with it', async () => {
    const { all } = await call({ path: search(), select: ['code.text', "note.where(text!='plain').text"] })
    expectInPlace(all)
  })
})
