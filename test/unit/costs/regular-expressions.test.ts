// An isolate serves many people: no expression in src may take more than linear time, whatever the text. Each is checked
// by recheck, which knows (by automata) or tries (by fuzzing) how its time grows; the one safe form is the same for all inputs.
import { globSync, readFileSync } from 'node:fs'
import { check, type Parameters } from 'recheck'
import { describe, expect, test } from 'vitest'
import { parseAst } from 'vitest/node'
import { rows } from '../../runs.ts'

/** Measured by the characters that are read, never by the time: other work of the machine mustn't count. */
const STEADY: Parameters = {
  ...{ timeout: 100_000, attackTimeout: null, incubationTimeout: null, seedingTimeout: null },
  ...{ randomSeed: 1, attackLimit: 100_000_000 },
}

interface Expression {
  source: string
  flags: string
  /** The first place where it occurs. */
  place: string
}

type Node = Record<string, unknown> & { type: string; start: number; end: number }

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value
}

function* nodesIn(value: unknown): Generator<Node> {
  if (isNode(value)) yield value
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) yield* nodesIn(part)
}

/** A text that is known before anything runs: a literal, or a template of the constants given. */
function textOf(node: unknown, constants: ReadonlyMap<string, string>): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined
  if (node.type === 'Identifier') return constants.get(String(node.name))
  if (node.type !== 'TemplateLiteral') return undefined
  const quasis = node.quasis as { value: { cooked: string } }[]
  const values = (node.expressions as unknown[]).map((one) => textOf(one, constants))
  if (values.includes(undefined)) return undefined
  return quasis.map(({ value }, at) => value.cooked + (values[at] ?? '')).join('')
}

/** All expressions of a program; those that are built at run time are `undefined`. */
function expressionsIn(code: string, lang: 'ts' | 'tsx', file: string): (Expression | string)[] {
  const constants = new Map<string, string>()
  const found: (Expression | string)[] = []
  for (const node of nodesIn(parseAst(code, { lang }))) {
    const place = `${file}:${code.slice(0, node.start).split('\n').length}`
    if (node.type === 'VariableDeclarator' && isNode(node.id)) {
      const text = textOf(node.init, constants)
      if (text !== undefined) constants.set(String(node.id.name), text)
    }
    if (node.type === 'Literal' && 'regex' in node) {
      const { pattern, flags } = node.regex as { pattern: string; flags: string }
      found.push({ source: pattern, flags, place })
    }
    if (/^(New|Call)Expression$/.test(node.type) && isNode(node.callee) && node.callee.name === 'RegExp') {
      const [source, flags] = (node.arguments as unknown[]).map((one) => textOf(one, constants))
      found.push(source === undefined ? place : { source, flags: flags ?? '', place })
    }
  }
  return found
}

const found = globSync('src/**/*.{ts,tsx}').flatMap((file) =>
  expressionsIn(readFileSync(file, 'utf8'), file.endsWith('x') ? 'tsx' : 'ts', file),
)

test('no expression is built at run time, where it can’t be checked', () => {
  expect(found.filter((one) => typeof one === 'string')).toEqual([])
})

describe('the checker', () => {
  test.each([
    ['^ +| +$', 'g'],
    ['(a+)+$', ''],
    ['\\|+$', ''],
    ['^(?:[^\\s?#]*\\/)?Patient(?:[?|].*)$', ''],
  ])('finds /%s/%s', async (source, flags) => {
    expect((await check(source, flags, STEADY)).status).toBe('vulnerable')
  })
})

test('every expression takes linear time', { timeout: 120_000 }, async () => {
  const different = new Map(
    found.flatMap((one) => (typeof one === 'string' ? [] : [[`/${one.source}/${one.flags}`, one]])),
  )
  expect(different.size).toBeGreaterThan(200)
  const judged = await Promise.all(
    rows([...different]).map(async ([text, { source, flags, place }]) => {
      const { status } = await check(source, flags, STEADY)
      return status === 'safe' ? [] : [`${place} ${text} is ${status}`]
    }),
  )
  expect(judged.flat()).toEqual([])
})
