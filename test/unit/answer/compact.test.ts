// The compact form loses nothing: a decoder that knows only the documented rules restores the JSON.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeAnswer } from '../../../src/answer/answer.ts'
import { compact } from '../../../src/answer/compact/compact.ts'
import { SHORT } from '../../../src/answer/compact/short-datatype.ts'
import { writeTable } from '../../../src/answer/compact/table.ts'
import { withoutNoise } from '../../../src/answer/noise.ts'
import { compileSelect } from '../../../src/answer/select/select.ts'
import { columnsOf } from '../../../src/answer/select/select-table.ts'
import { atLeast, runs } from '../../runs.ts'
import { EXAMPLES } from './answer-examples.ts'
import { bundle, json, KINDS, name, plain, resource, rows, searchset } from './any-answer.ts'
import { decode } from './decode.ts'
import { recordings } from './recordings.ts'

function expectSame(value: unknown): void {
  const { value: clean } = withoutNoise(plain(value))
  const written = compact(clean)
  expect(decode(written), written).toEqual(clean)
}

describe('the compact form', () => {
  it('of any JSON can be decoded', () => {
    fc.assert(
      fc.property(json.value, (value) => expectSame(value)),
      { numRuns: runs(2000) },
    )
  })

  it('of any resource can be decoded', () => {
    fc.assert(
      fc.property(resource, (value) => expectSame(value)),
      { numRuns: runs(2000) },
    )
  })

  it('of any Bundle can be decoded, in order', () => {
    fc.assert(
      fc.property(bundle, (value) => expectSame(value)),
      { numRuns: runs(1000) },
    )
  })

  it('of any list of rows can be decoded', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(name, json.value, { minKeys: 1 }), { minLength: 2, maxLength: 20 }),
        (rows) => {
          const written = writeTable('rows', rows)
          expect(decode(written.replace('# rows', '#')), written).toEqual(plain(rows))
        },
      ),
      { numRuns: runs(1000) },
    )
  })

  it('of rows with columns of datatypes can be decoded', () => {
    fc.assert(
      fc.property(rows, (rows) => {
        fc.pre(rows.length > 1)
        const written = writeTable('rows', rows)
        expect(decode(written.replace('# rows', '#')), written).toEqual(rows)
      }),
      { numRuns: runs(2000) },
    )
  })

  it('of Bundles with columns of datatypes can be decoded, in order', () => {
    const types = fc.array(fc.constantFrom('Observation', 'Task'), { minLength: 12, maxLength: 12 })
    fc.assert(
      fc.property(rows, types, (rows, types) => {
        expectSame(searchset(rows.map((row, at) => ({ resourceType: types[at], ...row }))))
      }),
      { numRuns: runs(1000) },
    )
  })

  it('of Bundles in parts by code can be decoded, in order', () => {
    const kinds = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 24, maxLength: 24 })
    let divided = 0
    fc.assert(
      fc.property(rows, kinds, (rows, kinds) => {
        const bundle = searchset(
          kinds.map((kind, at) => ({ resourceType: 'Observation', ...KINDS[kind], ...rows[at % rows.length] })),
        )
        expectSame(bundle)
        if (/^### \(/m.test(compact(bundle))) divided++
      }),
      { numRuns: runs(300) },
    )
    expect(divided).toBeGreaterThan(atLeast(200, 300))
  })

  it('of an object with only a long list can be decoded', () => {
    const item = [1, 2, 3].map((n) => ({ text: `${n} ${'long '.repeat(30)}` }))
    for (const name of ['item', '', '(3)']) expectSame({ [name]: item })
  })

  it('of a real Medplum’s answers can be decoded', () => {
    const bodies = recordings.filter(({ response }) => typeof response.body === 'object' && response.body !== null)
    expect(bodies.length).toBeGreaterThan(300)
    for (const { name, response } of bodies) {
      const { value } = withoutNoise(response.body)
      const written = compact(value)
      expect(decode(written), `${name}\n${written}`).toEqual(value)
    }
  })
})

describe('docs/answers.md', () => {
  const page = readFileSync(new URL('../../../docs/answers.md', import.meta.url).pathname, 'utf8')

  it('and the instructions name each datatype that has a short form', () => {
    const instructions = readFileSync('src/mcp/server/server.ts', 'utf8')
    const told = new Set([...page.matchAll(/^\| `.*` \| ([A-Z]\w+):/gm)].map(([, type]) => type))
    expect([...told].toSorted()).toEqual(Object.keys(SHORT).toSorted())
    for (const type of Object.keys(SHORT)) expect(instructions).toMatch(new RegExp(`\\ba ${type}\\b`))
  })

  it.each(Object.keys(EXAMPLES))('shows %s as the code writes it', (name) => {
    const { body, options, select } = EXAMPLES[name] ?? {}
    const columns = select && columnsOf(compileSelect(select), 1000)
    const { text } = writeAnswer(body, { format: 'compact', maxChars: 60_000, ...options, ...(columns && { columns }) })
    expect(page).toContain(`\n\`\`\`\n${text}\n\`\`\`\n`)
    if (!select && !options) expect(decode(text)).toEqual(withoutNoise(body).value)
  })
})
