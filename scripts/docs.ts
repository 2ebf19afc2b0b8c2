/**
 * `npm run docs` writes the parts of documents that come from the code: the tables of settings, of the rooms of src/, of
 * the risk of Medplum's routes, and of the requests per call.
 * `-- --check` writes nothing and fails if they differ.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { settingsTable } from '../src/config/settings-docs.ts'
import { routesTable, typesTable } from './risk-tables.ts'
import { roomsTable } from './rooms.ts'
import { requestsTable } from './upstream-requests.ts'

/** The tables of each document, by the name in its markers. */
export const DOCUMENTS: Record<string, Record<string, () => string>> = {
  'docs/operations.md': { settings: settingsTable },
  'docs/architecture.md': { rooms: roomsTable },
  'docs/risk.md': { routes: routesTable, types: typesTable },
  'docs/performance.md': { requests: requestsTable },
}

/**
 * A document with its tables replaced by the given ones.
 *
 * @throws if the markers around a table are missing
 */
export function withTables(text: string, tables: Record<string, () => string>): string {
  return Object.entries(tables).reduce((before, [name, table]) => {
    const [first, last] = [`<!-- ${name}: begin, by npm run docs -->`, `<!-- ${name}: end -->`]
    const [begin, end] = [before.indexOf(first), before.indexOf(last)]
    if (begin < 0 || end < begin) throw new Error(`The marks ${first} and ${last} are missing`)
    return `${before.slice(0, begin + first.length)}\n${table()}\n${before.slice(end)}`
  }, text)
}

if (import.meta.main) {
  const check = process.argv.includes('--check')
  for (const [name, tables] of Object.entries(DOCUMENTS)) {
    const text = await readFile(name, 'utf8')
    const right = withTables(text, tables)
    if (right === text) continue
    if (!check) await writeFile(name, right)
    else process.exitCode = 1
    console.log(check ? `${name} differs from the code: run npm run docs` : `${name} written`)
  }
}
