// Medplum's tokens of one grant, in the storage of its object: sealed under the `vaultKey` of the grant's props, which is not stored here.

import { open, seal } from '../../base/seal.ts'
import type { Bindings } from '../../config/settings.ts'
import { settingsFor } from '../../config/tenants.ts'
import { identityOf } from '../grant-name.ts'
import { logOut, type MedplumTokens, refreshTokens, UpstreamError } from '../medplum.ts'
import { expiryOf } from './lifetimes.ts'

const KEY = 'medplum-tokens'

interface Kept {
  tokens: MedplumTokens
  /** When they were last renewed, milliseconds since the epoch; 0 for those of the sign-in itself. */
  renewedAt: number
}

export class Vault {
  readonly #env: Bindings
  readonly #storage: DurableObjectStorage
  readonly #grantName: string
  readonly #onKept: (expiresAt: number) => Promise<void>
  /** The key of the last call, in memory only, so that a disconnection soon afterwards can log out at Medplum. */
  #vaultKey: string | undefined

  /** @param onKept called with tokens that were stored, and when they expire (milliseconds since the epoch) */
  constructor(
    env: Bindings,
    storage: DurableObjectStorage,
    grantName: string,
    onKept: (expiresAt: number) => Promise<void>,
  ) {
    this.#env = env
    this.#storage = storage
    this.#grantName = grantName
    this.#onKept = onKept
  }

  /** The last used key, if this object has seen one. */
  get vaultKey(): string | undefined {
    return this.#vaultKey
  }

  isFilled(): boolean {
    return this.#storage.kv.get(KEY) !== undefined
  }

  /** Stores the tokens of a sign-in. */
  async fill(vaultKey: string, tokens: MedplumTokens, expiresAt: number): Promise<void> {
    await this.#keep(vaultKey, { tokens, renewedAt: 0 }, expiresAt)
  }

  /** @throws {UpstreamError} if there are no tokens any more */
  async tokens(vaultKey: string): Promise<MedplumTokens> {
    return (await this.#open(vaultKey)).tokens
  }

  /**
   * Uses the refresh token, unless it was used within the last `lately` milliseconds, and stores the new one before anything else.
   *
   * @throws {UpstreamError}
   */
  async renew(vaultKey: string, lately: number): Promise<MedplumTokens> {
    const { tokens, renewedAt } = await this.#open(vaultKey)
    if (Date.now() - renewedAt < lately) return tokens
    if (!tokens.refreshToken) throw new UpstreamError('ended', 'Medplum returned no refresh token')
    const { userId } = identityOf(this.#grantName)
    const renewed = await refreshTokens(settingsFor(this.#env, userId), tokens.refreshToken)
    await this.#keep(vaultKey, { tokens: renewed, renewedAt: Date.now() }, expiryOf(renewed))
    return renewed
  }

  /** Ends the login at Medplum, if the tokens are still there. */
  async logOut(vaultKey: string): Promise<void> {
    const tokens = await this.tokens(vaultKey).catch(() => undefined)
    const { userId } = identityOf(this.#grantName)
    if (tokens) await logOut(settingsFor(this.#env, userId), tokens.accessToken)
  }

  /** Forgets the key; the owner deletes what is in storage. */
  clear(): void {
    this.#vaultKey = undefined
  }

  async #open(vaultKey: string): Promise<Kept> {
    const sealed = await this.#storage.get<Uint8Array>(KEY)
    if (!sealed) throw new UpstreamError('ended', 'The sign-in is no longer stored')
    const kept = await open<Kept>(vaultKey, this.#purpose(), sealed)
    this.#vaultKey = vaultKey
    return kept
  }

  async #keep(vaultKey: string, kept: Kept, expiresAt: number): Promise<void> {
    this.#storage.kv.put(KEY, await seal(vaultKey, this.#purpose(), kept))
    this.#vaultKey = vaultKey
    await this.#onKept(expiresAt)
  }

  #purpose(): string {
    return `grant ${this.#grantName}`
  }
}
