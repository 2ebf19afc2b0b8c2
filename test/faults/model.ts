// What must hold, whatever goes wrong: each acknowledged write exists once, each with an unknown result at most once, each refused one not
// at all; no answer shows what another client wrote; nobody who did not sign out has to sign in again.

/** The system of every identifier that a run writes. */
export const SYSTEM = 'https://soak.example.com/write'

/** What a client knows about a request that changes something. */
export type Fate = 'done' | 'unknown' | 'not sent'

interface Write {
  actor: number
  fate: Fate
  /** Texts that the record may have now. */
  texts: Set<string>
}

/** A record as the FHIR API shows it at the end. */
export interface Found {
  id: string
  marker: string
  text: string
  author: string
}

export class Model {
  readonly #writes = new Map<string, Write>()
  readonly broken: string[] = []
  /** Number of attempts, by result. */
  readonly counts = new Map<string, number>()

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  /** A client is about to create a record: until more is known, it may exist. */
  creating(actor: number, marker: string, text: string): void {
    this.#writes.set(marker, { actor, fate: 'unknown', texts: new Set([text]) })
    this.count('create')
  }

  /** The answer to a client's create. */
  created(actor: number, marker: string, text: string, fate: Fate): void {
    this.#writes.set(marker, { actor, fate, texts: new Set([text]) })
    this.count(`create: ${fate}`)
  }

  /** A client is about to change a record: until more is known, it may have this text. */
  updating(marker: string, text: string): void {
    this.#writes.get(marker)?.texts.add(text)
    this.count('update')
  }

  /** The answer to a client's change, which was guarded by the version. */
  updated(marker: string, text: string, fate: Fate): void {
    const write = this.#writes.get(marker)
    if (!write) throw new Error(`An update of ${marker}, which was never created`)
    if (fate === 'done') write.texts.clear()
    if (fate === 'not sent') write.texts.delete(text)
    else write.texts.add(text)
    this.count(`update: ${fate}`)
  }

  /** The answer to a client: it may show only what that client wrote. */
  answered(actor: number, text: string): void {
    for (const [marker, owner] of text.matchAll(/soak-(\d+)-\d+/g)) {
      if (Number(owner) !== actor) this.broken.push(`client ${actor} was shown ${marker}`)
    }
  }

  expect(holds: boolean, otherwise: string): void {
    if (!holds) this.broken.push(otherwise)
  }

  /**
   * Compares what clients know with what the server has.
   *
   * @param authorOf the profile of a client's person
   */
  settle(found: readonly Found[], authorOf: (actor: number) => string): void {
    const byMarker = Map.groupBy(found, ({ marker }) => marker)
    for (const marker of byMarker.keys())
      this.expect(this.#writes.has(marker), `${marker} is there, and nobody wrote it`)
    for (const [marker, { actor, fate, texts }] of this.#writes) {
      const records = byMarker.get(marker) ?? []
      const most = fate === 'not sent' ? 0 : 1
      this.expect(records.length <= most, `${marker} (${fate}) is there ${records.length} times`)
      this.expect(fate !== 'done' || records.length === 1, `${marker} was acknowledged and is lost`)
      for (const { text, author } of records) {
        this.expect(
          texts.has(text),
          `${marker} reads "${text}" instead of ${[...texts].map((one) => `"${one}"`).join(' or ')}`,
        )
        this.expect(author === authorOf(actor), `${marker} was written by ${author}`)
      }
    }
  }
}
