/**
 * `npm run docs` writes what the documents have from the code: the table of settings, in README.md and docs/operations.md.
 * `-- --check` writes nothing and fails where they differ.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { settingsTable } from '../src/config/settings-docs.ts'

const BEGIN = '<!-- settings: begin, by npm run docs -->'
const END = '<!-- settings: end -->'

/** The documents that have the table. */
export const DOCUMENTS = ['README.md', 'docs/operations.md']

/**
 * A document with the table as it should be.
 *
 * @throws where the marks that the table stands between are missing
 */
export function withTable(text: string): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`The marks ${BEGIN} and ${END} are missing`)
  return `${text.slice(0, begin + BEGIN.length)}\n${settingsTable()}\n${text.slice(end)}`
}

if (import.meta.main) {
  const check = process.argv.includes('--check')
  for (const name of DOCUMENTS) {
    const text = await readFile(name, 'utf8')
    const right = withTable(text)
    if (right === text) continue
    if (!check) await writeFile(name, right)
    else process.exitCode = 1
    console.log(check ? `${name} differs from src/config/settings-docs.ts: run npm run docs` : `${name} is written`)
  }
}
