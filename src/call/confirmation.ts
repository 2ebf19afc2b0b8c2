// A person's approval of a change and how it is kept: the contract between the tools, which ask, and the grant, which seals the answer
// and lets it be used once.

/** A version of a record that was read: a later change applies only to this one. */
export interface Seen {
  /** `Task/123` */
  path: string
  version: string
}

/** An approval. Outside memory it exists only sealed. */
export interface Agreement {
  /** Digest of the tool's name and the arguments that are sent. */
  digest: string
  seen: Seen[]
  /** The one resource that a conditional request found. */
  found?: string
  /** Milliseconds since the epoch. */
  expiresAt: number
  nonce: string
  /** The question is on a page: only the person's decision there counts, not the client's answer. */
  onPage?: true
}

/** A page where the person decides. */
export interface ConfirmationPage {
  address: string
  /** Identifies the page, but doesn't open it. */
  id: string
}

/** Seals what a person is asked under the key of the caller's grant. */
export interface Confirmations {
  /** The agreement, sealed so that it can be sent through the client. */
  seal(agreement: Agreement): Promise<string>
  /** The agreement that this grant sealed; undefined for any other text. */
  open(sealed: string): Promise<Agreement | undefined>
  /** True the first time for a nonce, then always false. */
  burn(nonce: string, expiresAt: number): Promise<boolean>
  /**
   * A page where the person can agree; the same for the same question.
   *
   * @param lines what would be done
   * @param session the MCP session that learns when the page has been answered
   */
  propose(agreement: Agreement, lines: readonly string[], session?: string): Promise<ConfirmationPage>
  /** The person's decision on the page about these arguments, undefined without a page. Reading it uses it up. */
  decision(digest: string): Promise<{ approved: string } | 'declined' | 'open' | undefined>
  /** Ends the page about these arguments, and what was decided there. */
  withdraw(digest: string): Promise<void>
}
