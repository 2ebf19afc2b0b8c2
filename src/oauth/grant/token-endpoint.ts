// `POST /oauth/token` about one grant: code exchange, refresh and revocation (RFC 6749, RFC 7009), one at a time in its object.

import { OAuthError } from '@cloudflare/workers-oauth-provider'
import type { OAuthEvent } from '../../audit/audit.ts'
import { sha256 } from '../../base/seal.ts'
import type { Bindings } from '../../config/settings.ts'
import { findSettings, tenantOf } from '../../config/tenants.ts'
import { grantOf, identityOf } from '../grant-name.ts'
import { UpstreamError } from '../medplum.ts'
import { createAuthorizationServer } from '../provider.ts'
import type { GrantProps } from '../record.ts'
import { ConsistentKv } from './consistent-kv.ts'
import { IssuedTokens } from './issued.ts'
import { expiryOf, lifetimes } from './lifetimes.ts'
import { isWriteLimit, Replays, retried } from './replays.ts'
import type { Standing } from './standing.ts'
import { supersede } from './supersede.ts'
import type { Vault } from './vault.ts'

/** Tokens that were renewed within this time aren't renewed again: a client that lost the answer repeats the request. */
const RENEWED_LATELY_MS = 60_000
/** Hash of the token that is being revoked: a client that lost the answer repeats the request when the provider no longer knows it. */
const REVOKING = 'revoking'

/** The operations of the grant's object that the endpoint needs. */
interface GrantLife {
  /** Ends the grant and, if the key is known, the login at Medplum. */
  end(vaultKey?: string): Promise<void>
  /** Forgets everything, for a grant that has ended at the provider. */
  wipe(): Promise<void>
  /** Schedules the deletion of everything (milliseconds since the epoch). */
  expireAt(expiresAt: number): Promise<void>
  audit(event: OAuthEvent): Promise<void>
}

export class TokenEndpoint {
  readonly #ctx: DurableObjectState
  readonly #grantName: string
  readonly #vault: Vault
  readonly #standing: Standing
  readonly #life: GrantLife
  readonly #replays = new Replays()
  readonly #issued: IssuedTokens
  readonly #writes: ConsistentKv
  /** The bindings as the provider gets them. */
  readonly #env: Bindings
  readonly #provider: ReturnType<typeof createAuthorizationServer>

  constructor(
    env: Bindings,
    ctx: DurableObjectState,
    grantName: string,
    { vault, standing, life }: { vault: Vault; standing: Standing; life: GrantLife },
  ) {
    this.#ctx = ctx
    this.#grantName = grantName
    this.#vault = vault
    this.#standing = standing
    this.#life = life
    this.#issued = new IssuedTokens(ctx.storage.kv)
    this.#writes = new ConsistentKv(env.OAUTH_KV, ctx.storage.kv, `grant:${grantName}`, () => standing.isActive())
    this.#env = { ...env, OAUTH_KV: this.#writes.kv }
    this.#provider = createAuthorizationServer(env, (input) => this.#exchange(input))
  }

  /** Answers a request with this form as its body. */
  async answer(request: Request, body: string): Promise<Response> {
    const form = new URLSearchParams(body)
    const asked = () => this.#ask(new Request(request, { body }))
    // Like the provider, treats an empty grant_type as missing.
    if (!form.get('grant_type')) return this.#revoke(form.get('token') ?? '', asked)
    const send = async () => this.#unlessEnded(await asked())
    if (form.get('grant_type') === 'refresh_token') {
      const token = form.get('refresh_token') ?? ''
      const response = await this.#replays.answer(request, form, async () => this.#noted(await retried(send), token))
      const decision = response.ok ? 'token_refreshed' : 'token_refused'
      await this.#life.audit({ decision, status: response.status })
      if (response.status === 400) await this.#endIfCopied(token)
      return response
    }
    if (form.get('grant_type') === 'authorization_code') return this.#begun(await this.#noted(await retried(send)))
    return retried(send)
  }

  /** Deletes the grant and its tokens at the provider. */
  async revokeGrant(): Promise<void> {
    const { userId, grantId } = identityOf(this.#grantName)
    await this.#provider.getOAuthApi(this.#env).revokeGrant(grantId, userId)
  }

  /** Forgets remembered answers and writes. */
  clear(): void {
    this.#replays.clear()
    this.#writes.clear()
  }

  /** One request to the provider. A storage failure loses nothing, because the vault already has Medplum's tokens. */
  async #ask(request: Request): Promise<Response> {
    try {
      const ctx = this.#ctx as unknown as ExecutionContext
      return await this.#writes.recordLast(() => this.#provider.fetch(request, this.#env, ctx))
    } catch (error) {
      console.error(JSON.stringify({ event: 'token_endpoint_failed' }))
      return Response.json(
        { error: 'temporarily_unavailable', error_description: 'Token storage is unavailable: try again.' },
        { status: isWriteLimit(error) ? 429 : 503, headers: { 'Retry-After': '5', 'Cache-Control': 'no-store' } },
      )
    }
  }

  /** The provider's callback at each exchange: returns renewed props, and lifetimes that depend on Medplum's tokens. */
  async #exchange({ grantType, props }: { grantType: string; props: GrantProps }) {
    try {
      this.#standing.demandActive()
      if (grantType === 'refresh_token') {
        const renewed = lifetimes(props, await this.#vault.renew(props.vaultKey, RENEWED_LATELY_MS))
        if (!this.#standing.isRefreshedInstead()) return renewed
        return { ...renewed, accessTokenProps: { ...renewed.newProps, challenged: true as const } }
      }
      return lifetimes(props, await this.#vault.tokens(props.vaultKey))
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      if (error.kind === 'unavailable') {
        throw new OAuthError('temporarily_unavailable', {
          description: 'Medplum could not be reached. The sign-in is kept: try again.',
          statusCode: 503,
          headers: { 'Retry-After': '5' },
        })
      }
      await this.#life.wipe()
      throw new OAuthError('invalid_grant', { description: 'The Medplum sign-in has ended. Sign in again.' })
    }
  }

  /** The response, unless the grant has ended in the meantime: then no tokens, and those already in KV are deleted again. */
  async #unlessEnded(response: Response): Promise<Response> {
    if (!response.ok || this.#standing.isActive()) return response
    await this.revokeGrant().catch(() => console.warn(JSON.stringify({ event: 'end_failed' })))
    return Response.json(
      { error: 'invalid_grant', error_description: 'The grant has ended. Sign in again.' },
      { status: 400, headers: { 'Cache-Control': 'no-store' } },
    )
  }

  /** Records the refresh token that is issued, and the one it replaces. */
  async #noted(response: Response, ...taken: string[]): Promise<Response> {
    if (!response.ok) return response
    const { refresh_token: given } = await response.clone().json<{ refresh_token?: string }>()
    if (given !== undefined) await this.#issued.note(...taken, given)
    return response
  }

  /** Ends the grant if the token is a copy: two parties have it, and which of them is the person's client is unknown. */
  async #endIfCopied(token: string): Promise<void> {
    if (!this.#standing.isActive() || !(await this.#issued.isCopy(token))) return
    await this.#life.end(this.#vault.vaultKey)
    await this.#life.audit({ decision: 'ended', reason: 'reused' })
  }

  /** Once its code is exchanged the grant is active, and replaces the client's earlier ones. */
  async #begun(response: Response): Promise<Response> {
    if (!response.ok) {
      // A code that is used twice ends the grant at the provider (RFC 6749 section 4.1.2). Before its first use, KV may not know it yet.
      if (this.#standing.hasBegun() && !(await this.#isRecorded())) await this.#life.wipe()
      return response
    }
    this.#standing.begin()
    const { vaultKey } = this.#vault
    // Only now, so that nothing of an interrupted exchange outlives its code.
    if (vaultKey !== undefined) await this.#life.expireAt(expiryOf(await this.#vault.tokens(vaultKey)))
    const { userId, grantId } = identityOf(this.#grantName)
    // A failure here must not fail the exchange; the earlier grants then simply remain.
    await supersede(this.#provider.getOAuthApi(this.#env), this.#env, userId, grantId).catch(() => {
      console.warn(JSON.stringify({ event: 'supersede_failed' }))
    })
    return response
  }

  /** Revoking any token of the grant signs out: the grant ends here and the login at Medplum (RFC 7009 section 2.1 allows it). */
  async #revoke(token: string, send: () => Promise<Response>): Promise<Response> {
    const { kv } = this.#ctx.storage
    // Another grant's token must not end this one.
    if (grantOf(token) !== this.#grantName) return send()
    const { userId } = identityOf(this.#grantName)
    // Tokens of a removed tenant can still be revoked.
    const resource = findSettings(this.#env, tenantOf(userId))?.resource
    const validate = async () =>
      resource ? this.#provider.validateToken<GrantProps>(resource, token, this.#env) : null
    const known = await validate()
    const hash = await sha256(token)
    const again = kv.get(REVOKING) === hash
    if (known) kv.put(REVOKING, hash)
    const response = await send()
    const revoked = resource && (known || again) ? (await validate()) === null : !(await this.#isRecorded())
    if (response.ok && revoked) {
      await this.#life.end(known?.props.vaultKey)
      await this.#life.audit({ decision: 'revoked' })
    }
    return response
  }

  /** Whether the provider still has this grant. */
  async #isRecorded(): Promise<boolean> {
    return (await this.#writes.kv.get(`grant:${this.#grantName}`)) !== null
  }
}
