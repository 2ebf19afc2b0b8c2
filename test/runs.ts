// How much of the tests that try many cases is run.

/** Set by vitest.config.ts: by `npm run check` (`--mode full`). */
declare const FULL_TESTS: boolean

/** How many cases of a property are tried: all of them by `npm run check`, a tenth by `npm test`. */
export function runs(all: number): number {
  return FULL_TESTS ? all : Math.ceil(all / 10)
}
