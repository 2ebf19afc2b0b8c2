// How many cases are run of tests that try many.

/** Set by vitest.config.ts: by `npm run check` (`--mode full`). */
declare const FULL_TESTS: boolean

/** How many cases of a property are tried: all of them by `npm run check`, a tenth by `npm test`. */
export function runs(all: number): number {
  return FULL_TESTS ? all : Math.ceil(all / 10)
}

/** The rows of a table that are tried: all of them by `npm run check`, every tenth by `npm test`, starting at `first`. */
export function rows<T>(all: readonly T[], first: number): T[] {
  return FULL_TESTS ? [...all] : all.filter((_, index) => index % 10 === first % 10)
}
