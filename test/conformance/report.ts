/** The report of the runs: a line for each, and the details of every failure. */
import type { Check, Outcome, SuiteRun } from './suite.ts'

/** One line of the table. */
export interface Part {
  title: string
  run: SuiteRun
  /** How many scored scenarios there are: one that silently went missing is a failure. */
  expected: number
  /** Whether to ignore failing checks that need the suite's own tools, because the product is tested, not the fixtures. */
  productTools?: boolean
  /** What the Worker printed. */
  log: string
}

interface Verdict {
  passed: number
  failed: number
  lines: string[]
}

/**
 * The table, and below it the reasons of each failure. Stricter than the suite: a warning (a SHOULD that isn't met) is a
 * failure here, and of what it doesn't score only extensions may fail.
 */
export function report(parts: Part[]): Verdict {
  const table = [row('', 'scored', 'not scored', 'failed')]
  const notes: string[] = []
  let passed = 0
  let failed = 0
  for (const part of parts) {
    const { outcomes, notScored } = part.run
    const scored = outcomes.filter(({ scenario }) => !notScored.has(scenario))
    const beyond = outcomes.filter(({ scenario }) => (notScored.get(scenario) ?? 'extension') !== 'extension')
    const good = (outcome: Outcome) => reasons(outcome, part).length === 0
    const bad = [...scored, ...beyond].filter((outcome) => !good(outcome))
    const problems = [
      ...bad.flatMap((outcome) => reasons(outcome, part).map((reason) => `${outcome.scenario}: ${reason}`)),
      ...irregularities(part, scored.length, bad.length),
    ]
    const failures = Math.max(bad.length, problems.length > 0 ? 1 : 0)
    passed += scored.length + beyond.length - bad.length
    failed += failures
    table.push(
      row(
        part.title,
        `${scored.filter(good).length} of ${part.expected}`,
        beyond.length > 0 ? `${beyond.filter(good).length} of ${beyond.length}` : '',
        String(failures),
      ),
    )
    const extensions = outcomes.filter((outcome) => notScored.get(outcome.scenario) === 'extension' && !good(outcome))
    note('Extension scenarios not passed', extensions.map(({ scenario }) => scenario).join(', '))
    note('Not testable without tools of the suite', untestable(part, scored).join(', '))
    for (const problem of problems) note('FAILED', problem)
    if (problems.length > 0) note('The Worker printed', `\n${withoutRequests(part.log)}`)

    function note(what: string, words: string): void {
      if (words !== '') notes.push(`${what} (${part.title}): ${words}`)
    }
  }
  return { passed, failed, lines: [...table, ...(notes.length > 0 ? ['', ...notes] : [])] }
}

/** Why a scenario did not pass; empty when it did. One in which nothing was found right has proved nothing. */
function reasons({ scenario, checks }: Outcome, { productTools, run }: Part): string[] {
  const failing = checks.filter((check) => isBad(check) && !(productTools && isUntestable(check)))
  if (failing.length === 0 && !checks.some(({ status }) => status === 'SUCCESS')) {
    return [`no check succeeded\n${sectionOf(run.output, scenario)}`]
  }
  return failing.map((check) => `${wordsOf(check)}\n${JSON.stringify(check.details ?? {}, null, 2)}`)
}

/** Signs that the suite did not run as it should have, or saw a failure that its files don't show. */
function irregularities({ run, expected, productTools }: Part, scored: number, bad: number): string[] {
  if (run.exitCode === null) return ['the suite ran out of time and was stopped']
  if (scored !== expected) return [`${scored} scored scenarios ran instead of ${expected}\n${run.output}`]
  if (run.exitCode !== 0 && bad === 0 && !productTools) return [`the suite ended with ${run.exitCode}\n${run.output}`]
  return []
}

function untestable({ productTools }: Part, outcomes: Outcome[]): string[] {
  if (!productTools) return []
  return outcomes.flatMap(({ checks }) => checks.filter(isUntestable).map(({ id }) => id))
}

function isBad({ status }: Check): boolean {
  return status === 'FAILURE' || status === 'WARNING'
}

function isUntestable(check: Check): boolean {
  return isBad(check) && check.details?.untestable === true
}

function wordsOf({ id, description, errorMessage }: Check): string {
  return `${id}: ${errorMessage ?? description}`
}

/** What the suite printed about one scenario. */
function sectionOf(output: string, scenario: string): string {
  const from = output.search(new RegExp(`^Running client scenario .*'${scenario}'`, 'm'))
  return output.slice(from).split(/^===/m)[0]?.trim() ?? ''
}

/** What wrangler printed, without its note of each request, and each line once: a Worker that fails says so very often. */
export function withoutRequests(log: string): string {
  const lines = log.split('\n').filter((line) => !line.startsWith('[wrangler:info] ') && line.trim() !== '')
  return [...new Set(lines)].join('\n')
}

function row(title: string, ...columns: string[]): string {
  return `  ${title.padEnd(24)}${columns.map((column) => column.padStart(12)).join('')}`.trimEnd()
}
