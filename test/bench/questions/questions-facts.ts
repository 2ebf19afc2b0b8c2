// The facts that an answer must contain, looked for in the decoded rows. A date and its value must be in the same row.
import type { Answer, Row } from './questions-answer.ts'

export interface Fact {
  /** For the report: what was missing. */
  what: string
  holds(answers: readonly Answer[]): boolean
}

/** Values by the path of their cell, such as `quantity.value`; undefined for a cell that must be empty. */
export type Cells = Readonly<Record<string, unknown>>

/** Whether a row counts. If a record was entered in error, or not done, its row must show that. */
export type Valid = (row: Row) => boolean

/** One row of a digest contains all this. */
export function inDigest(cells: Cells): Fact {
  return {
    what: `in a digest: ${told(cells)}`,
    holds: (answers) => answers.some(({ tool, rows }) => tool === 'fhir-digest' && rows.some((row) => has(row, cells))),
  }
}

/** One row of the last answer contains all this. */
export function inRow(cells: Cells): Fact {
  return { what: `a row: ${told(cells)}`, holds: (answers) => lastOf(answers).rows.some((row) => has(row, cells)) }
}

/** The first row of the last answer that counts contains this. */
export function leads(cells: Cells, valid: Valid): Fact {
  return {
    what: `first of all: ${told(cells)}`,
    holds: (answers) => {
      const row = lastOf(answers).rows.find(valid)
      return row !== undefined && has(row, cells)
    },
  }
}

/** The last answer is complete, and these are exactly the rows that count. */
export function exactly(all: readonly Cells[], valid: Valid): Fact {
  return {
    what: `exactly ${all.length} rows: ${all.map(told).join(' / ')}`,
    holds: (answers) => {
      const { rows, whole } = lastOf(answers)
      const left = rows.filter(valid)
      if (!whole || left.length !== all.length) return false
      return all.every((cells) => {
        const at = left.findIndex((row) => has(row, cells))
        if (at >= 0) left.splice(at, 1)
        return at >= 0
      })
    },
  }
}

interface Counted {
  type: string
  /** All codes of the type, if absent. */
  code?: string
  /** Only those in one of these states; if absent, all that were not entered in error. */
  status?: readonly string[]
  /** Those that say why they have no value don't count. */
  valued?: boolean
}

/** The rows of the last digest add up to this count. */
export function counts(expected: number, counted: Counted): Fact {
  const { type, code, status } = counted
  return {
    what: `a count of ${expected} ${[status?.join(' or '), type, code].filter(Boolean).join(' ')}`,
    holds: (answers) => {
      const { rows, whole, tool } = lastOf(answers)
      const fitting = rows.filter(
        (row) => row.type === type && (code === undefined ? row.of === undefined : row.code === code),
      )
      return (
        tool === 'fhir-digest' && whole && fitting.reduce((sum, row) => sum + countIn(row, counted), 0) === expected
      )
    },
  }
}

function countIn(row: Row, { status, valued }: Counted): number {
  const states = new Map(
    String(row.status ?? '')
      .split(', ')
      .map((one) => [one.replace(/ \d+$/, ''), Number(/\d+$/.exec(one)?.[0] ?? 0)]),
  )
  if (status) return status.reduce((sum, one) => sum + (states.get(one) ?? 0), 0)
  const withdrawn = states.get('entered-in-error') ?? 0
  return Number(row.count) - withdrawn - (valued ? Number(row.noValue ?? 0) : 0)
}

function lastOf(answers: readonly Answer[]): Answer {
  const last = answers.at(-1)
  if (!last) throw new Error('Nothing was asked')
  return last
}

/** Whether the cells have these values; a list must contain the value. */
function has(row: Row, cells: Cells): boolean {
  return Object.entries(cells).every(([path, wanted]) => {
    const cell = path
      .split('.')
      .reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], row)
    const [found, needed] = [cell, wanted].map((one) => (one === undefined ? [] : [one].flat()))
    return wanted === undefined ? cell === undefined : (needed ?? []).every((one) => found?.includes(one))
  })
}

function told(cells: Cells): string {
  return Object.entries(cells)
    .map(([path, value]) => `${path} ${value === undefined ? '(none)' : [value].flat().join(' + ')}`)
    .join(', ')
}
