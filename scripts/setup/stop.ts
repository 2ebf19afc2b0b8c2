// Why setup can't go on, and what to do about it.

export class Stop extends Error {
  readonly fix: string
  constructor(problem: string, fix: string) {
    super(problem)
    this.name = 'Stop'
    this.fix = fix
  }
}

/** Runs a program; if it stops, prints why and exits with 1. */
export async function orStop(program: () => Promise<void>): Promise<void> {
  try {
    await program()
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    console.error(`${error.message}\n  ${error.fix}`)
    process.exitCode = 1
  }
}
