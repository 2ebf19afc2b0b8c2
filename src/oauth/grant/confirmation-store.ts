// The confirmations in a grant's object: which were used, and which wait for the person on a page. The object can't read them: the words
// are sealed under a key that is only in the page's address, and the agreement under the grant's `vaultKey`.

/** A confirmation that waits on its page. */
export interface Proposal {
  /** Digest of the arguments under the grant's key: two questions about the same arguments have the same digest. */
  subject: string
  /** The text of the question, for anyone with the page's address. */
  words: Uint8Array
  /** The agreement and the page's address, for the grant. */
  agreement: Uint8Array
  /** Milliseconds since the epoch. */
  expiresAt: number
  decision?: 'approved' | 'declined'
  /** A call has used the decision; the page still shows it. */
  isUsed?: true
}

const BURNT = 'burnt:'
const PROPOSAL = 'proposal:'
/** If there are more, the oldest is dropped, so that a client can't fill the storage. */
const MAX_PROPOSALS = 20

/** The confirmations of a grant, in the storage of its object. Its calls are synchronous, so none interrupts another. */
export class ConfirmationStore {
  readonly #storage: SyncKvStorage

  constructor(storage: SyncKvStorage) {
    this.#storage = storage
  }

  /** Uses up a nonce: true the first time. It is remembered until its confirmation has expired. */
  burn(nonce: string, expiresAt: number): boolean {
    if (expiresAt <= Date.now() || this.#storage.get(BURNT + nonce) !== undefined) return false
    this.#storage.put(BURNT + nonce, { expiresAt })
    return true
  }

  /** Stores a proposal, replacing an earlier one about the same subject. */
  propose(id: string, proposal: Proposal): void {
    const age = ({ isUsed, expiresAt }: Proposal) => (isUsed ? 0 : expiresAt)
    const others = this.#proposals().sort(([, a], [, b]) => age(a) - age(b))
    const kept = others.filter(([, { subject }]) => subject !== proposal.subject).slice(1 - MAX_PROPOSALS)
    for (const one of others) if (!kept.includes(one)) this.#storage.delete(one[0])
    this.#storage.put(PROPOSAL + id, proposal)
  }

  /** The proposal about a subject. Reading a decided one uses it up; its page still says what was decided. */
  settle(subject: string): Proposal | undefined {
    const found = this.#waiting(subject)
    if (!found) return undefined
    const [key, proposal] = found
    if (proposal.decision !== undefined) this.#storage.put(key, { ...proposal, isUsed: true } satisfies Proposal)
    return proposal
  }

  /** Like {@link settle}, without using it up. */
  pending(subject: string): Proposal | undefined {
    return this.#waiting(subject)?.[1]
  }

  /** The proposal behind a page's address. */
  at(id: string): Proposal | undefined {
    const proposal = this.#storage.get<Proposal>(PROPOSAL + id)
    return proposal && proposal.expiresAt > Date.now() ? proposal : undefined
  }

  /** Records what the person decided; a decision is final. False if there is nothing left to decide. */
  decide(id: string, decision: 'approved' | 'declined'): boolean {
    const proposal = this.at(id)
    if (!proposal || proposal.decision !== undefined) return false
    this.#storage.put(PROPOSAL + id, { ...proposal, decision } satisfies Proposal)
    return true
  }

  /** Withdraws the proposal about a subject, or all proposals. */
  withdraw(subject?: string): void {
    for (const [key, proposal] of this.#storage.list<Proposal>({ prefix: PROPOSAL })) {
      if (subject === undefined || proposal.subject === subject) this.#storage.delete(key)
    }
  }

  /**
   * Deletes what has expired.
   *
   * @returns when the next one expires, in milliseconds since the epoch
   */
  sweep(): number | undefined {
    const all = [BURNT, PROPOSAL].flatMap((prefix) => [...this.#storage.list<{ expiresAt: number }>({ prefix })])
    const times = all.map(([key, { expiresAt }]) => {
      if (expiresAt > Date.now()) return expiresAt
      this.#storage.delete(key)
      return Number.POSITIVE_INFINITY
    })
    const next = Math.min(...times)
    return Number.isFinite(next) ? next : undefined
  }

  #waiting(subject: string): [string, Proposal] | undefined {
    return this.#proposals().find(([, proposal]) => proposal.subject === subject && !proposal.isUsed)
  }

  #proposals(): [string, Proposal][] {
    const now = Date.now()
    return [...this.#storage.list<Proposal>({ prefix: PROPOSAL })].filter(([, { expiresAt }]) => expiresAt > now)
  }
}
