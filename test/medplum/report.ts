// The result of each step, and where servers differ; printed as it goes, and counted at the end.

/** The run was told to stop. */
export class Interrupted extends Error {}

export class Report {
  #passed = 0
  readonly #failed: string[] = []
  readonly #leftOut: string[] = []
  readonly #differences = new Map<string, string[]>()
  #chapter = ''
  #stop: Interrupted | undefined

  chapter(name: string): void {
    this.#chapter = name
    console.log(`\n${name}`)
  }

  /** No further step begins. */
  stop(why: Interrupted): void {
    this.#stop = why
  }

  /** Where a long step can be stopped. @throws {Interrupted} */
  pause(): void {
    if (this.#stop) throw this.#stop
  }

  /** @returns what the work returned; undefined if it failed, which doesn't keep the next from being tried */
  async step<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    this.pause()
    try {
      const value = await work()
      this.#passed++
      console.log(`  ok      ${name}`)
      return value
    } catch (error) {
      this.pause()
      const why = error instanceof Error ? error.message : String(error)
      this.#failed.push(`${this.#chapter}: ${name}: ${why.split('\n')[0]}`)
      console.log(`  FAILED  ${name}: ${why}`)
      return undefined
    }
  }

  leaveOut(name: string, why: string): void {
    this.#leftOut.push(`${this.#chapter}: ${name}: ${why}`)
    console.log(`  left    ${name}: ${why}`)
  }

  /** @param kind such as `recording, but not this server` */
  differ(kind: string, what: string): void {
    const all = this.#differences.get(kind) ?? []
    this.#differences.set(kind, [...all, what])
    console.log(`  differs ${kind}: ${what}`)
  }

  /** @returns whether nothing failed */
  close(): boolean {
    console.log('')
    for (const one of this.#failed) console.log(`FAILED ${one}`)
    for (const one of this.#leftOut) console.log(`left out ${one}`)
    for (const [kind, all] of this.#differences) {
      console.log(`${all.length} × ${kind}`)
      for (const one of all) console.log(`  ${one}`)
    }
    console.log(`${this.#passed} passed, ${this.#failed.length} failed, ${this.#leftOut.length} left out`)
    return this.#failed.length === 0
  }
}

/** @throws unless the condition is true */
export function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
}
