// How many cases are run of tests that try many: all by `npm run check`, a tenth by `npm test`.
import { TestRunner } from 'vitest'

/** Set by vitest.config.ts: by `npm run check` (`--mode full`). */
declare const FULL_TESTS: boolean

declare module 'vitest' {
  interface TaskMeta {
    /** How many cases of a file were not tried (test/left-out.ts). */
    leftOut?: number
  }
}

/** That part of a number that is tried. */
export function share(all: number): number {
  return FULL_TESTS ? all : Math.ceil(all / 10)
}

/** How many cases of a property are tried. */
export function runs(all: number): number {
  leaveOut(all - share(all))
  return share(all)
}

/** The rows of a table that are tried: every tenth, starting at `first`. */
export function rows<T>(all: readonly T[], first = 0): T[] {
  if (FULL_TESTS) return [...all]
  const tried = all.filter((_, index) => index % 10 === first % 10)
  leaveOut(all.length - tried.length)
  return tried
}

/** The least number of random cases to expect of those that are tried, if it is `least` of `all`: fewer cases vary more by chance. */
export function atLeast(least: number, all: number): number {
  if (FULL_TESTS) return least
  const part = least / all
  const few = Math.floor(share(all) * part - 3 * Math.sqrt(share(all) * part * (1 - part)))
  if (few < 5) throw new Error(`${least} of ${all} are too few: a tenth of them could be none`)
  return few
}

function leaveOut(cases: number): void {
  const { meta } = (TestRunner.getCurrentTest() ?? TestRunner.getCurrentSuite()).file
  meta.leftOut = (meta.leftOut ?? 0) + cases
}
