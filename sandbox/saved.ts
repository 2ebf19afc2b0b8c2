/** A sandbox that outlives its process: what changed since the seed, and the logins, in one file. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import type { Ground } from './ground/ground.ts'
import type { SavedLogins } from './ground/logins.ts'
import type { Change } from './ground/store.ts'

interface Saved {
  changes: Change[]
  logins: SavedLogins
}

/** How long changes may wait for the disk, in ms. */
const DELAY_MS = 200

export class State {
  readonly #ground: Ground
  readonly #file: string
  #written = ''
  #timer: NodeJS.Timeout | undefined
  #writing = Promise.resolve()

  constructor(ground: Ground, file: string) {
    this.#ground = ground
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
      await this.#ground.logins.restore(logins)
      this.#ground.store.apply(changes)
    } catch (cause) {
      throw new Error(`The state of the sandbox in ${this.#file} is damaged. Start over with --fresh.`, { cause })
    }
  }

  /** Something may have changed. */
  touch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.save()
    }, DELAY_MS).unref()
  }

  /** One after the other, and each entirely or not at all. */
  save(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const saved: Saved = { changes: this.#ground.store.changes(), logins: await this.#ground.logins.saved() }
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
