// The results of the tasks.
import { KINDS, type Task } from './task.ts'

export interface Outcome {
  task: Task
  right: boolean
  why: string
  calls: number
  tokens: { in: number; out: number }
}

/** The outcomes as a table: for each kind, and in all. */
export function table(outcomes: readonly Outcome[]): string {
  const row = (name: string, some: readonly Outcome[]) => {
    const sum = (of: (one: Outcome) => number) => some.reduce((all, one) => all + of(one), 0)
    const right = some.filter((one) => one.right).length
    const per = (of: (one: Outcome) => number) => (some.length === 0 ? '' : (sum(of) / some.length).toFixed(1))
    const tokens = (of: (one: Outcome) => number) => sum(of).toLocaleString('en-US')
    return `| ${name} | ${right} of ${some.length} | ${per((one) => one.calls)} | ${tokens((one) => one.tokens.in)} | ${tokens((one) => one.tokens.out)} |`
  }
  return [
    '| tasks | right | calls per task | tokens read | tokens written |',
    '| --- | --- | --- | --- | --- |',
    ...KINDS.map((kind) =>
      row(
        kind,
        outcomes.filter(({ task }) => task.kind === kind),
      ),
    ),
    row('all', outcomes),
  ].join('\n')
}
