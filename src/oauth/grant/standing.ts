// Whether a grant is active: from the sign-in until the person, the client, Medplum or the operator ends it.

import { type Level, lower } from '../../access/access.ts'
import { type Bindings, readSettings } from '../../config/settings.ts'
import { forgetState } from '../current-access.ts'
import { UpstreamError } from '../medplum.ts'
import type { GrantState } from '../record.ts'

const LIMIT = 'limit'
/** When the person signed in, milliseconds since the epoch. */
const SINCE = 'since'
/** Set once the code has been exchanged. */
const BEGUN = 'begun'
/** When the client was last asked to step up, milliseconds since the epoch. */
const CHALLENGED = 'challenged'
/** A client that refreshes within this time after the challenge does so because of it. */
const CHALLENGED_LATELY_MS = 60_000
/** Set when the grant begins to end, until everything is deleted: neither an exchange that waits for Medplum nor a restart may stop it. */
const ENDING = 'ending'
/** An interrupted end is repeated after this time. */
const END_RETRY_MS = 30_000

export class Standing {
  readonly #env: Bindings
  readonly #storage: DurableObjectStorage
  readonly #grantName: string
  readonly #hasTokens: () => boolean
  /** Undefined until it is read. */
  #active: boolean | undefined

  constructor(env: Bindings, storage: DurableObjectStorage, grantName: string, hasTokens: () => boolean) {
    this.#env = env
    this.#storage = storage
    this.#grantName = grantName
    this.#hasTokens = hasTokens
  }

  /** Cached, since each call asks. */
  isActive(): boolean {
    this.#active ??= this.#hasTokens() && !this.isEnding() && !this.#isRevoked()
    return this.#active
  }

  /** @throws {UpstreamError} if the grant has ended */
  demandActive(): void {
    if (!this.isActive()) throw new UpstreamError('ended', 'The sign-in is no longer stored')
  }

  /** Makes the next check read storage again, since the tokens have changed. */
  recheck(): void {
    this.#active = undefined
  }

  /** What the person has decided about this grant since it was made. */
  state(): GrantState {
    const limit = this.#storage.kv.get<Level>(LIMIT)
    return { active: this.isActive(), ...(limit && { limit }) }
  }

  /** Permanently reduces what the client may do. */
  lower(level: Level): void {
    const { kv } = this.#storage
    kv.put(LIMIT, lower(kv.get<Level>(LIMIT) ?? level, level))
  }

  /** Records that the client was asked to step up now. */
  challenged(): void {
    this.#storage.kv.put(CHALLENGED, Date.now())
  }

  /** Whether the current refresh is the client's reaction to a challenge. The challenge is then forgotten. */
  isRefreshedInstead(): boolean {
    const { kv } = this.#storage
    const askedAt = kv.get<number>(CHALLENGED)
    if (askedAt !== undefined) kv.delete(CHALLENGED)
    return askedAt !== undefined && Date.now() - askedAt < CHALLENGED_LATELY_MS
  }

  /** Records that the person signed in now. */
  signedIn(): void {
    this.#storage.kv.put(SINCE, Date.now())
  }

  /** Records that the code was exchanged. */
  begin(): void {
    this.#storage.kv.put(BEGUN, true)
  }

  hasBegun(): boolean {
    return this.#storage.kv.get(BEGUN) !== undefined
  }

  /** Begins to end the grant, which stops working from now on. */
  async beginEnd(): Promise<void> {
    this.#storage.kv.put(ENDING, true)
    this.ended()
    await this.#storage.setAlarm(Date.now() + END_RETRY_MS)
  }

  isEnding(): boolean {
    return this.#storage.kv.get(ENDING) !== undefined
  }

  /** Called when the grant has ended; the owner deletes what is in storage. */
  ended(): void {
    this.#active = false
    forgetState(this.#grantName)
  }

  /** Whether the operator has ended all sign-ins of that time. */
  #isRevoked(): boolean {
    const { revokedBefore } = readSettings(this.#env)
    return revokedBefore > 0 && (this.#storage.kv.get<number>(SINCE) ?? 0) < revokedBefore
  }
}
