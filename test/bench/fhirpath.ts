// `npm run bench -- fhirpath`: the official suite, if it is present. Goal: no result is silently different.
import { existsSync } from 'node:fs'
import { Budget, TooMuchWork } from '../../src/answer/select/budget.ts'
import { parseFhirPath } from '../../src/answer/select/fhirpath.ts'
import { FhirPathError } from '../../src/answer/select/fhirpath-error.ts'
import { judge, readSuite, SUITE, VERDICTS } from './fhirpath-suite.ts'

function evaluate(expression: string, input: unknown): unknown[] {
  const found = parseFhirPath(expression, new Budget()).evaluate(input)
  return found === undefined ? [] : Array.isArray(found) ? found : [found]
}

const isForModel = (error: unknown) => error instanceof FhirPathError || error instanceof TooMuchWork

export async function fhirpath(): Promise<void> {
  if (!existsSync(SUITE)) throw new Error(`The official FHIRPath tests are not at ${SUITE}`)
  const judged = readSuite().map((test) => ({ test, ...judge(test, evaluate, isForModel) }))
  const wrong = judged.filter(({ verdict }) => verdict === 'silently different' || verdict === 'error')
  for (const { test, found } of wrong) {
    const due = test.invalid ? 'an error' : test.outputs.join(', ')
    console.log(
      `${test.group}/${test.name}: ${test.expression}\n    ${found || 'nothing'} instead of ${due || 'nothing'}`,
    )
  }
  const counts = VERDICTS.map((one) => `${judged.filter(({ verdict }) => verdict === one).length} ${one}`)
  console.log(`${judged.length} tests: ${counts.join(', ')} (goal for the last two: 0)`)
  if (wrong.length > 0) process.exitCode = 1
}
