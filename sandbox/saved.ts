/** Keeps a sandbox's state from one run to the next: the changes since the seed, and the logins, in one file. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import type { SandboxContext } from './core/context.ts'
import type { SavedLogins } from './core/logins.ts'
import type { Change } from './core/store.ts'

interface Saved {
  changes: Change[]
  logins: SavedLogins
}

/** How long to collect changes before they are saved. */
const DELAY_MS = 200

export class SavedState {
  readonly #context: SandboxContext
  readonly #file: string
  #written = ''
  #timer: NodeJS.Timeout | undefined
  #writing = Promise.resolve()

  constructor(context: SandboxContext, file: string) {
    this.#context = context
    this.#file = file
  }

  /** @throws {Error} if the file is damaged */
  async restore(): Promise<void> {
    const text = await readFile(this.#file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    if (text === undefined) return
    try {
      const { changes, logins } = JSON.parse(text) as Saved
      await this.#context.logins.restore(logins)
      this.#context.store.apply(changes)
    } catch (cause) {
      throw new Error(`The state of the sandbox in ${this.#file} is damaged. Start over with --fresh.`, { cause })
    }
  }

  /** Saves soon, because something may have changed. */
  touch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.save()
    }, DELAY_MS).unref()
  }

  /** Saves one after the other, each atomically. */
  save(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const saved: Saved = { changes: this.#context.store.changes(), logins: await this.#context.logins.saved() }
      const text = JSON.stringify(saved)
      if (text === this.#written) return
      await writeFile(`${this.#file}.new`, text, { mode: 0o600 })
      await rename(`${this.#file}.new`, this.#file)
      this.#written = text
    })
    return this.#writing
  }

  close(): Promise<void> {
    clearTimeout(this.#timer)
    return this.save()
  }
}
