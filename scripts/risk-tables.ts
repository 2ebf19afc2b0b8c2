// The tables of docs/risk.md: what each of Medplum's routes does, and the types that control access or run code.
import { GOVERNING_TYPES, ROUTES } from '../src/access/risk/routes.ts'

export function routesTable(): string {
  const code = (words: string[]) => words.map((word) => `\`${word || '(base)'}\``).join(' ')
  return [...Map.groupBy(ROUTES, ({ group }) => group)]
    .map(([group, routes]) => {
      const rows = routes.map(({ methods, paths, kind, why }) => [methods.join(' '), code(paths), kind, why])
      return `### ${group}\n\n${table([['method', 'path', 'kind', 'because it'], ...rows])}`
    })
    .join('\n\n')
}

export function typesTable(): string {
  return table([['type', 'because it'], ...Object.entries(GOVERNING_TYPES)])
}

/** With columns of even width, and a heading row. */
function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const [heading, ...lines] = rows.map(
    (row) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`,
  )
  return [heading, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...lines].join('\n')
}
