// Whether a model can find the answers to questions, and at what cost: 200 generated questions about the sandbox's clinic, each answered in
// at most three calls by a fixed policy, through a real MCP client and the running Worker. The right answers come from the records. A
// missing fact is a failure; tokens are only reported.
import { openBench } from '../bench-world.ts'
import { across } from './questions-across.ts'
import { type Answer, Asker, RawCosts, Stuck } from './questions-answer.ts'
import { KINDS, type Question } from './questions-draw.ts'
import { type Exact, exactQuestions, putExactly } from './questions-exact.ts'
import { listed } from './questions-listed.ts'
import { measured } from './questions-measured.ts'
import { people } from './questions-people.ts'
import { times } from './questions-times.ts'
import { Truth } from './questions-truth.ts'

const OF_A_KIND = 22
const COUNTS = 23
const LISTS = 23
/** Number of questions at the same time. */
const TOGETHER = 2

interface Outcome {
  question: Question
  answers: readonly Answer[]
  /** What was not found; none if it is answered. */
  missing: string[]
}

/** Prints the results and their cost; fails if a fact is missing. */
export async function questions(): Promise<void> {
  const bench = await openBench()
  try {
    const truth = await Truth.read(bench.send)
    const all = [
      ...measured(truth, OF_A_KIND),
      ...listed(truth, LISTS, COUNTS),
      ...people(truth, OF_A_KIND),
      ...times(truth, OF_A_KIND),
      ...across(truth, OF_A_KIND),
    ]
    const raw = new RawCosts(bench)
    const waiting = all.entries()
    const outcomes: Outcome[] = []
    const work = async () => {
      for (const [at, question] of waiting) outcomes[at] = await pursue(question, new Asker(bench.client, raw))
    }
    await Promise.all(Array.from({ length: TOGETHER }, work))
    report(outcomes)
    await exactly(await exactQuestions(bench.send), () => new Asker(bench.client, raw))
  } finally {
    await bench.close()
  }
}

async function pursue(question: Question, asker: Asker): Promise<Outcome> {
  const { answers } = asker
  try {
    await question.policy(asker)
  } catch (error) {
    if (!(error instanceof Stuck)) throw error
    return { question, answers, missing: [error.message] }
  }
  const missing = question.facts.filter((fact) => !fact.holds(answers)).map(({ what }) => what)
  return { question, answers, missing }
}

/** Maximum share of the raw tokens that an exact question may cost. */
const MOST_OF_RAW = 1 / 20

/** The exact questions: each must be answered by one call without a wrong figure. */
async function exactly(all: readonly Exact[], asker: () => Asker): Promise<void> {
  const results: { one: Exact; answer: Answer | undefined; missing: string[] }[] = []
  for (const one of all) {
    const asking = asker()
    const missing = await putExactly(asking, one)
    results.push({ one, answer: asking.answers[0], missing })
  }
  console.log('\nExact, in one call')
  line('Kind', 'questions', 'exact', 'median', 'total', 'raw total', 'ratio', 'worst')
  for (const [kind, some] of [...Map.groupBy(results, ({ one }) => one.kind), ['all', results] as const]) {
    const answers = some.flatMap(({ answer }) => answer ?? [])
    const [ours, raw] = [answers.map(({ tokens }) => tokens), answers.map(({ rawTokens }) => rawTokens)]
    line(
      ...[kind, some.length, some.filter(({ missing }) => missing.length === 0).length],
      ...[median(ours), sum(ours), sum(raw)].map(amount),
      (sum(ours) / sum(raw)).toFixed(4),
      Math.max(...answers.map(({ tokens, rawTokens }) => tokens / rawTokens)).toFixed(4),
    )
  }
  for (const { one, answer, missing } of results) {
    const isDear = answer !== undefined && answer.tokens > answer.rawTokens * MOST_OF_RAW
    if (missing.length === 0 && !isDear) continue
    process.exitCode = 1
    console.log(`\nNOT EXACT  [${one.kind}] ${one.text} ${JSON.stringify(one.args)}`)
    for (const what of missing) console.log(`  missing ${what}`)
    if (isDear) console.log(`  costs ${answer.tokens} tokens of ${answer.rawTokens}`)
  }
}

// ── Report ──

function report(outcomes: readonly Outcome[]): void {
  line('Kind', 'questions', 'answered', 'calls', 'median', 'total', 'raw median', 'raw total', 'ratio')
  for (const kind of KINDS)
    summarize(
      kind,
      outcomes.filter(({ question }) => question.kind === kind),
    )
  summarize('all', outcomes)
  const traps = Map.groupBy(
    outcomes.flatMap(({ question }) => question.traps),
    (trap) => trap,
  )
  console.log(`\nWith traps      ${[...traps].map(([trap, { length }]) => `${trap} ${length}`).join(', ')}`)
  const reads = outcomes.flatMap(({ answers }) => answers.filter(({ tool }) => tool === 'fhir-read'))
  const ratio = sum(reads.map(({ tokens }) => tokens)) / sum(reads.map(({ rawTokens }) => rawTokens))
  console.log(`Without digests ${ratio.toFixed(3)} of the raw tokens, if codes were known beforehand on both sides`)
  console.log('Tokens count arguments and answers (o200k); raw is the same requests as extended JSON.')
  const failed = outcomes.filter(({ missing }) => missing.length > 0)
  for (const { question, missing } of failed) {
    console.log(`\nNOT ANSWERED  [${question.kind}, ${question.form}] ${question.text}`)
    for (const what of missing) console.log(`  missing ${what}`)
  }
  if (failed.length === 0) return
  console.log(`\n${failed.length} of ${outcomes.length} questions were not answered.`)
  process.exitCode = 1
}

function summarize(name: string, outcomes: readonly Outcome[]): void {
  const answered = outcomes.filter(({ missing }) => missing.length === 0).length
  const ours = outcomes.map(({ answers }) => sum(answers.map(({ tokens }) => tokens)))
  const raw = outcomes.map(({ answers }) => sum(answers.map(({ rawTokens }) => rawTokens)))
  line(
    ...[name, outcomes.length, `${((100 * answered) / outcomes.length).toFixed(1)} %`],
    (sum(outcomes.map(({ answers }) => answers.length)) / outcomes.length).toFixed(2),
    ...[median(ours), sum(ours), median(raw), sum(raw)].map(amount),
    (sum(ours) / sum(raw)).toFixed(3),
  )
}

function line(first: string | number, ...cells: (string | number)[]): void {
  console.log(`${String(first).padEnd(14)}${cells.map((cell) => String(cell).padStart(12)).join('')}`)
}

function amount(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.floor(middle - 0.5)] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
}
