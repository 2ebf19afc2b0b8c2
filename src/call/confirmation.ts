// A person's approval of a change and how it is kept: the contract between the tools, which ask, and the grant, which seals the answer
// and lets it be used once.

/** A version of a record that was read: what is done later is done to this one only. */
export interface Seen {
  /** `Task/123` */
  path: string
  version: string
}

/** What was agreed to. Outside memory it exists sealed only. */
export interface Agreement {
  /** Of the tool's name and the arguments that are sent. */
  digest: string
  seen: Seen[]
  /** The one resource that a condition found. */
  found?: string
  /** Milliseconds since the epoch. */
  expiresAt: number
  nonce: string
}

/** Seals what a person is asked under the key of the caller's grant. */
export interface Confirmations {
  /** The agreement as it may travel through the client. */
  seal(agreement: Agreement): Promise<string>
  /** What this grant sealed; undefined for anything else. */
  open(sealed: string): Promise<Agreement | undefined>
  /** True the first time for a nonce, false ever after. */
  burn(nonce: string, expiresAt: number): Promise<boolean>
  /**
   * A page where the person can agree: its address, the same one as long as the same is asked.
   *
   * @param lines what would be done
   */
  propose(agreement: Agreement, lines: readonly string[]): Promise<string>
  /** What the person decided on the page about these arguments; it is used up by this. */
  decision(digest: string): Promise<{ approved: string } | 'declined' | undefined>
}
