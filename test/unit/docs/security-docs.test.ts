// docs/security.md names a test for each threat: it must exist under that name.
import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LEVELS, refusalOf } from '../../../src/access/access.ts'
import { KINDS, type Kind } from '../../../src/access/risk/routes.ts'

const SECTION = 'Threats, each with its test'
const document = readFileSync('docs/security.md', 'utf8')
const section = document.slice(document.indexOf(`## ${SECTION}`))
const rows = section
  .slice(0, section.indexOf('\n## ', 1))
  .split('\n')
  .filter((line) => /^\| \*\*/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))

interface Claim {
  threat: string
  file: string
  /** Words that the file must have, in the order of the document. */
  words: string[]
}

/** `workers/x` › a name, another; `unit/y`: the files of a cell, and what they should contain. */
function claimsOf(threat: string, cell: string, before: string): { claims: Claim[]; last: string } {
  let file = before
  const claims = cell.split(';').flatMap((part) => {
    const files = [...part.matchAll(/`([\w/-]+)`/g)].map(([, name = '']) => {
      file = name.includes('/') ? name : `${dirname(file)}/${name}`
      return file
    })
    const [, ...names] = part.split('›')
    const words = names.flatMap((name) => name.split(/[,…]|: /)).map((name) => name.replaceAll('`', '').trim())
    return (files.length > 0 ? files : [file]).map((one) => ({
      threat,
      file: one,
      words: words.filter((word) => word),
    }))
  })
  return { claims, last: file }
}

let last = ''
const claims = rows.flatMap(([, threat = '', , cell = '']) => {
  const found = claimsOf(threat.replaceAll('*', ''), cell, last)
  last = found.last
  return found.claims
})

test('every threat names a test', () => {
  expect(rows.length).toBeGreaterThan(30)
  for (const [, threat, , cell] of rows) expect(cell, threat).toMatch(/`\w+\/[\w/-]+`|^same|conformance/)
})

test.each(claims)('$threat: $file', ({ file, words }) => {
  const path = `test/${file}.test.ts`
  expect(existsSync(path), path).toBe(true)
  // A comment is no test.
  const text = readFileSync(path, 'utf8').replaceAll(/^\s*(\/\/|\/?\*).*$/gm, '')
  for (const word of words) expect(text, `${path}: ${word}`).toContain(word)
})

describe('the table of levels', () => {
  const lines = document.split('\n').filter((line) => KINDS.some((kind) => line.startsWith(`| \`${kind}\`: `)))
  const cells = lines.map((line) => line.split('|').map((cell) => cell.trim()))

  test('has each kind once', () => {
    expect(cells.map(([, first = '']) => /`(\w+)`/.exec(first)?.[1]).sort()).toEqual([...KINDS].sort())
  })

  test.each(cells)('is enforced: %s%s', (_, first = '', ...levels) => {
    const kind = /`(\w+)`/.exec(first)?.[1] as Kind
    const allowed = LEVELS.map((level) => refusalOf({ kind, targets: [], reason: '' }, { level }) === undefined)
    expect(levels.slice(0, LEVELS.length).map((cell) => cell === 'yes')).toEqual(allowed)
  })
})
