// The scorers of the evals: right and wrong answers in the forms in which models give them; and what the tasks are.
import { expect, test } from 'vitest'
import { type Outcome, table } from '../../evals/outcome.ts'
import { answerIn, type Expected, judge, KINDS, type Task } from '../../evals/task.ts'
import { TASKS } from '../../evals/tasks.ts'

const NUMBER: Expected = { number: 7.4, within: 0.05 }
const WORDS: Expected = { words: ['Vega-Castillo', 'Sørensen'] }
const SET: Expected = { set: ['a', 'b'] }

test.each<[string, Expected, boolean]>([
  ['ANSWER: 7.4', NUMBER, true],
  ['I looked.\n\n**ANSWER: 7.44 %**', NUMBER, true],
  ['answer: 7.35', NUMBER, true],
  ['ANSWER: 7.5', NUMBER, false],
  ['ANSWER: 7 to 8', NUMBER, false],
  ['ANSWER: none', NUMBER, false],
  ['It is 7.4.', NUMBER, false],
  ['ANSWER: 7.4\nANSWER: 9', NUMBER, false],
  ['ANSWER: 1,204', { number: 1204 }, true],
  ['ANSWER: -3', { number: -3 }, true],
  ['ANSWER: 0', { number: Number.NaN }, false],
  ['ANSWER: vega-castillo.', WORDS, true],
  ['ANSWER: `Sorensen`', WORDS, true],
  ['ANSWER: Sørensen or Vega-Castillo', WORDS, false],
  ['', WORDS, false],
  ['ANSWER: b, A', SET, true],
  ['ANSWER: a; b', SET, true],
  ['ANSWER: a', SET, false],
  ['ANSWER: a, b, c', SET, false],
  ['ANSWER: none', { set: [] }, true],
  ['ANSWER: a', { set: [] }, false],
])('%j for %j is right: %s', (text, expected, right) => {
  const judgement = judge(text, expected)
  expect(judgement.right).toBe(right)
  expect(judgement.why === '').toBe(right)
})

test('the last line with an answer counts', () => {
  expect(answerIn('ANSWER: 1\nand more\nAnswer: 2\nBye')).toBe('2')
  expect(answerIn('no answer: here')).toBeUndefined()
})

test('there are at least forty tasks, some of each kind, each asked once', () => {
  expect(TASKS.length).toBeGreaterThanOrEqual(40)
  for (const kind of KINDS) expect(TASKS.filter((one) => one.kind === kind).length, kind).toBeGreaterThanOrEqual(4)
  for (const of of [(one: Task) => one.id, (one: Task) => one.ask])
    expect(new Set(TASKS.map(of)).size).toBe(TASKS.length)
  // Tests that change records come after those that need them unchanged.
  const first = TASKS.findIndex((one) => one.after !== undefined)
  expect(TASKS.slice(first).every((one) => one.kind === 'writing')).toBe(true)
})

test('the table counts by kind and in total', () => {
  const outcome = (kind: Task['kind'], right: boolean): Outcome => ({
    ...{ task: { id: kind, kind, ask: '', truth: () => SET }, right, why: '' },
    ...{ calls: 2, tokens: { in: 1500, out: 10 } },
  })
  const text = table([outcome('reading', true), outcome('reading', false), outcome('misled', true)])
  expect(text).toContain('| reading | 1 of 2 | 2.0 | 3,000 | 20 |')
  expect(text).toContain('| counting | 0 of 0 |  | 0 | 0 |')
  expect(text).toContain('| all | 2 of 3 | 2.0 | 4,500 | 30 |')
})
