// The refresh tokens that were issued for a grant. If one comes back after it was replaced, somebody else has a copy (OAuth 2.1
// section 4.3.1, RFC 9700 section 4.14.2). A token that was never issued proves nothing.

import { sha256 } from '../../base/seal.ts'

const KEY = 'issued'
/** Enough for hourly renewals over 14 days, the lifetime of Medplum's refresh tokens. */
const MAX_KEPT = 340
/** Programs that share a client's tokens may renew them in parallel, before they learn of each other's renewal. */
const GRACE_MS = 60_000

/** Start of a token's digest, and when it was issued or last used, milliseconds since the epoch. */
type Issued = [digest: string, at: number]

export class IssuedTokens {
  readonly #storage: SyncKvStorage

  constructor(storage: SyncKvStorage) {
    this.#storage = storage
  }

  /** Records these tokens: the one that was used, and the one issued for it. */
  async note(...tokens: string[]): Promise<void> {
    const now = Date.now()
    const digests = await Promise.all(tokens.map(digestOf))
    const others = this.#list().filter(([digest]) => !digests.includes(digest))
    this.#storage.put(KEY, [...others, ...digests.map((digest): Issued => [digest, now])].slice(-MAX_KEPT))
  }

  /** Whether a token that the provider refused is a copy. The newest token and the one it replaced are both valid. */
  async isCopy(token: string): Promise<boolean> {
    const digest = await digestOf(token)
    const usedAt = this.#list()
      .slice(0, -2)
      .find(([one]) => one === digest)?.[1]
    return usedAt !== undefined && Date.now() - usedAt > GRACE_MS
  }

  #list(): Issued[] {
    return this.#storage.get<Issued[]>(KEY) ?? []
  }
}

async function digestOf(token: string): Promise<string> {
  return (await sha256(token)).slice(0, 16)
}
