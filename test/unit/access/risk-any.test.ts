// The risk of arbitrary requests, and the types that a request concerns.
import { describe, expect, test } from 'vitest'
import { classify, MAX_TARGETS } from '../../../src/access/risk/risk.ts'
import { KINDS } from '../../../src/access/risk/routes.ts'
import { runs } from '../../runs.ts'
import { batch, entry, filled, kindOf, LINES, rank } from './risks.ts'

describe('targets', () => {
  test.each([
    ['', '*'],
    ['?_type=Patient,Task', '*'],
    ['Patient/123?name=Doe', 'Patient/123'],
    ['Patient?name=Doe', 'Patient'],
    ['Patient/123/_history/4', 'Patient/123'],
    ['Patient/_search', 'Patient'],
    ['Patient/123/$everything?start=2020-01-01', 'Patient/123/$everything'],
    ['Bot/$execute/more/and?identifier=x', 'Bot/$execute'],
    ['$export', '$export'],
    ['Patient/a b/Jane Doe', 'Patient/?/?'],
    ['job/1/status', 'job/1/status'],
  ])('of %s: %s', (path, target) => {
    expect(classify({ method: 'GET', path }).targets).toEqual([target])
  })

  test('have a limited number', () => {
    const ids = Array.from({ length: MAX_TARGETS + 1 }, (_, index) => entry('GET', `Patient/${1000 + index}`))
    const whole = classify({ method: 'POST', path: '', body: batch(...ids.slice(1)) }).targets
    expect(whole).toHaveLength(MAX_TARGETS)
    const cut = classify({ method: 'POST', path: '', body: batch(entry('POST', '/', batch(...ids))) }).targets
    expect(cut).toHaveLength(MAX_TARGETS + 1)
    expect(cut.at(-1)).toBe('…')
  })
})

/** The same numbers in every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

describe('any input', () => {
  const next = numbers(20260728)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T
  const PIECES = [
    ...['Patient', 'Bot', '$execute', '$expunge', '$graphql', '%24', '%', '/', '//', '?', '&', '=', '#', '..'],
    '_history',
  ]
  const MORE = [
    ...['\\', ' ', '\u0000', 'é', '\ud800', '1', 'urn:uuid:1', 'fhir', 'R4', 'https:', ':', '$', '~', '{id}', ''],
  ]
  const text = () => Array.from({ length: Math.floor(next() * 7) }, () => pick([...PIECES, ...MORE])).join('')
  const word = () => pick(['Bundle', 'batch', 'GET', 'delete', 'mutation{PatientDelete(id:"1"){id}}', '{x}', text()])
  const KEYS = ['resourceType', 'type', 'entry', 'request', 'method', 'url', 'resource', 'query', 'operationName', 'x']
  const value = (depth: number): unknown => {
    const simple = [undefined, null, true, 0, Number.NaN, Symbol.iterator, () => 1, 10n, word(), word()]
    if (depth === 0) return pick(simple)
    const list = () => Array.from({ length: Math.floor(next() * 4) }, () => value(depth - 1))
    const record = () => Object.fromEntries(KEYS.filter(() => next() < 0.5).map((key) => [key, value(depth - 1)]))
    return pick([() => pick(simple), list, record, record, () => batch(...list())])()
  }
  const hostile = {
    get resourceType(): string {
      throw new Error('no')
    },
  }

  test('has a kind and targets', () => {
    for (let run = runs(10_000); run > 0; run--) {
      const given = {
        method: pick(['GET', 'POST', value(1)]),
        path: pick([text(), '', '$graphql', value(1)]),
        body: value(4),
      }
      const { kind, targets, reason } = classify(given as Parameters<typeof classify>[0])
      const sound = KINDS.includes(kind) && targets.length > 0 && targets.length <= MAX_TARGETS + 1 && reason !== ''
      if (!sound) expect.fail(`${String(given.method)} ${String(given.path)}: ${kind} ${targets.length} ${reason}`)
    }
  })

  test('that throws when it is read is admin', () => {
    expect(kindOf('POST', '', hostile)).toBe('admin')
    expect(classify({ method: Object.create(null), path: 'Patient' }).kind).toBe('admin')
    expect(classify(undefined as unknown as Parameters<typeof classify>[0]).kind).toBe('admin')
  })

  test('never decreases when a batch grows', () => {
    for (let run = runs(2_000); run > 0; run--) {
      const lines = [pick(LINES), pick(LINES), pick(LINES)].filter(({ path }) => path !== '')
      const whole = kindOf('POST', '', batch(value(3), ...lines.map(({ method, path }) => entry(method, filled(path)))))
      for (const { kind } of lines) expect(rank(whole)).toBeGreaterThanOrEqual(rank(kind))
    }
  })
})
