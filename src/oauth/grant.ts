// One object per OAuth grant: the only place that spends a Medplum refresh token, and the gate of the token endpoint.
// KV has no compare-and-swap and Medplum's refresh tokens are single-use, so everything here runs one after the other.

import { DurableObject } from 'cloudflare:workers'
import { OAuthError } from '@cloudflare/workers-oauth-provider'
import { auditOAuth, type OAuthEvent } from '../audit.ts'
import type { GrantProps } from '../caller.ts'
import { type Bindings, readSettings } from '../env.ts'
import { type Level, lower } from '../fhir/access.ts'
import { open, seal, sha256 } from '../seal.ts'
import { findSettings, settingsFor, tenantOf } from '../tenants.ts'
import { type Activity, ActivityRing } from './activity.ts'
import { ConfirmationStore, type Proposal } from './confirmation-store.ts'
import { forgetState, type GrantState } from './current.ts'
import { expiryOf, lifetimes } from './lifetimes.ts'
import { logOut, type MedplumTokens, refreshTokens, UpstreamError } from './medplum.ts'
import { OwnWrites } from './own-writes.ts'
import { createAuthorizationServer } from './provider.ts'
import { isWriteLimit, Replays, retried } from './repetition.ts'
import { supersede } from './supersede.ts'

/** Tokens renewed less than this ago are not renewed again: a client that lost the answer asks again with the same token. */
const RENEWED_LATELY_MS = 60_000
/** How long a sign-in whose code isn't exchanged is kept: as long as the code lives at the provider. */
const CODE_MS = 600_000
const VAULT = 'medplum-tokens'
const LIMIT = 'limit'
/** Set when the grant begins to end, until all is wiped: an exchange that waits for Medplum must not delay it, nor a restart undo it. */
const ENDING = 'ending'
/** The token that is being revoked, hashed: whoever lost the answer asks again, when the provider no longer knows the token. */
const REVOKING = 'revoking'
/** An end that was cut off is done again after this. */
const END_RETRY_MS = 30_000
/** That the code was exchanged. */
const BEGUN = 'begun'
/** When the person signed in, milliseconds since the epoch. */
const SINCE = 'since'
/** When all that lies here has expired, milliseconds since the epoch: the one alarm also serves the ring. */
const EXPIRES = 'expires'

/** What lies in storage, sealed under the `vaultKey` of the grant's props. */
interface Vault {
  tokens: MedplumTokens
  /** When they were last renewed, milliseconds since the epoch; 0 for those of the sign-in itself. */
  renewedAt: number
}

/** A Medplum access token, or why there is none. */
export type Fresh = { accessToken: string; accessExpiresAt: number } | { failed: 'ended' | 'unavailable' }

/** What the person is shown of a grant besides what KV has. */
export interface GrantReport extends GrantState {
  /** From the latest. */
  activity: Activity[]
}

export class Grant extends DurableObject<Bindings> {
  #tail: Promise<unknown> = Promise.resolve()
  /** Whether there are tokens and the person has not disconnected; unknown until it is asked. */
  #active: boolean | undefined
  readonly #replays = new Replays()
  readonly #activity = new ActivityRing(this.ctx.storage.kv)
  readonly #confirmations = new ConfirmationStore(this.ctx.storage.kv)
  /** As the last call brought it along; in memory only, so that a disconnection soon after can log out at Medplum. */
  #vaultKey: string | undefined
  readonly #provider = createAuthorizationServer(this.env, (input) => this.#exchange(input))
  readonly #writes = new OwnWrites(this.env.OAUTH_KV, this.ctx.storage.kv, `grant:${this.ctx.id.name}`, () =>
    this.#isActive(),
  )
  /** As the provider gets it. */
  readonly #providerEnv: Bindings = { ...this.env, OAUTH_KV: this.#writes.kv }

  /** Keeps the tokens of a fresh sign-in, for as long as its code can be exchanged. */
  async keep(vaultKey: string, tokens: MedplumTokens): Promise<void> {
    this.ctx.storage.kv.put(SINCE, Date.now())
    await this.#store(vaultKey, { tokens, renewedAt: 0 }, Date.now() + CODE_MS)
  }

  /** A Medplum access token other than `refused`, renewed if need be. */
  fresh(vaultKey: string, refused: string): Promise<Fresh> {
    return this.#exclusive(async () => {
      try {
        this.#demandActive()
        const { tokens } = await this.#load(vaultKey)
        const usable = tokens.accessToken !== refused && tokens.accessExpiresAt > Date.now()
        const { accessToken, accessExpiresAt } = usable ? tokens : await this.#renew(vaultKey, 0)
        return { accessToken, accessExpiresAt }
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error
        if (error.kind === 'ended') {
          await this.#end()
          await this.#audit({ decision: 'ended' })
        }
        return { failed: error.kind }
      }
    })
  }

  /** What the person has decided about this grant since it was made. */
  async state(): Promise<GrantState> {
    const limit = this.ctx.storage.kv.get<Level>(LIMIT)
    return { active: this.#isActive(), ...(limit && { limit }) }
  }

  /** What the person is shown. */
  async about(): Promise<GrantReport> {
    return { ...(await this.state()), activity: this.#activity.list() }
  }

  /** Lowers what the client may do, for good: it can't be raised again, nor does a token refresh. */
  async lower(level: Level): Promise<void> {
    const { kv } = this.ctx.storage
    if (!this.#isActive()) return
    kv.put(LIMIT, lower(kv.get<Level>(LIMIT) ?? level, level))
    await this.#audit({ decision: 'lowered', level })
  }

  /** Ends the grant: for calls in flight at once, whatever an exchange before this one still waits for. */
  async disconnect(): Promise<void> {
    await this.#ending()
    await this.#exclusive(() => this.#end(this.#vaultKey))
    await this.#audit({ decision: 'disconnected' })
  }

  /** Notes tool calls for the person, from the earliest. */
  async note(...events: Activity[]): Promise<void> {
    // An ended grant keeps nothing any more.
    if (!this.#isActive()) return
    for (const event of events) {
      const flushAt = this.#activity.add(event)
      if (flushAt !== undefined) await this.ctx.storage.setAlarm(flushAt)
    }
  }

  /** Uses a confirmation: true the first time for its nonce, and never in an ended grant. */
  async burn(nonce: string, expiresAt: number): Promise<boolean> {
    const isFirst = this.#isActive() && this.#confirmations.burn(nonce, expiresAt)
    if (isFirst) await this.#sweepAt(expiresAt)
    return isFirst
  }

  /** Keeps what the person is to decide on the page of this id. */
  async propose(id: string, proposal: Proposal): Promise<void> {
    if (!this.#isActive()) return
    this.#confirmations.propose(id, proposal)
    await this.#sweepAt(proposal.expiresAt)
  }

  /** What the person is to decide about a subject, or has decided: then it is used up by this. */
  async settle(subject: string): Promise<Proposal | undefined> {
    return this.#confirmations.settle(subject)
  }

  /** What the page of this id shows. */
  async proposal(id: string): Promise<Proposal | undefined> {
    return this.#confirmations.at(id)
  }

  /** What the person decided on the page of this id; false where there is nothing to decide any more. */
  async decide(id: string, decision: 'approved' | 'declined'): Promise<boolean> {
    return this.#confirmations.decide(id, decision)
  }

  /** `POST /oauth/token`: code exchange, refresh and revocation of this grant (RFC 6749, RFC 7009), one at a time. */
  override async fetch(request: Request): Promise<Response> {
    const body = new TextDecoder().decode(await request.arrayBuffer())
    const form = new URLSearchParams(body)
    return this.#exclusive(async () => {
      const asked = () => this.#send(new Request(request, { body }))
      if (!form.has('grant_type')) return this.#revoke(form.get('token') ?? '', asked)
      const send = async () => this.#standing(await asked())
      if (form.get('grant_type') === 'refresh_token') {
        const response = await this.#replays.answer(request, form, () => retried(send))
        const decision = response.ok ? 'token_refreshed' : 'token_refused'
        await this.#audit({ decision, status: response.status })
        return response
      }
      if (form.get('grant_type') === 'authorization_code') return this.#begun(await retried(send))
      return retried(send)
    })
  }

  /** What the client gets: no tokens of a grant that was ended while it asked; those that KV has by now are deleted again. */
  async #standing(response: Response): Promise<Response> {
    if (!response.ok || this.#isActive()) return response
    const [userId, grantId] = this.#identity()
    const api = this.#provider.getOAuthApi(this.#providerEnv)
    await api.revokeGrant(grantId, userId).catch(() => console.warn(JSON.stringify({ event: 'end_failed' })))
    return Response.json(
      { error: 'invalid_grant', error_description: 'The grant has ended. Sign in again.' },
      { status: 400, headers: { 'Cache-Control': 'no-store' } },
    )
  }

  /** Ends what a restart kept from ending; writes what waits of the ring; wipes what has expired anyway. */
  override async alarm(): Promise<void> {
    const { kv } = this.ctx.storage
    if (kv.get(ENDING)) return this.#exclusive(() => this.#endAgain())
    const expiresAt = kv.get<number>(EXPIRES) ?? 0
    if (Date.now() >= expiresAt) return this.#wipe()
    await this.#tidy(expiresAt)
  }

  /** Does what the one alarm may have been set for, and sets it to what is next. */
  async #tidy(expiresAt: number): Promise<void> {
    this.#activity.flush()
    await this.ctx.storage.setAlarm(Math.min(expiresAt, this.#confirmations.sweep() ?? expiresAt))
  }

  /** Has the alarm ring by then, if not before. */
  async #sweepAt(time: number): Promise<void> {
    const set = await this.ctx.storage.getAlarm()
    if (set === null || set > time) await this.ctx.storage.setAlarm(time)
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(work)
    this.#tail = run.catch(() => {})
    return run
  }

  /** With its code exchanged the grant stands, and takes the place of the client's earlier ones. */
  async #begun(response: Response): Promise<Response> {
    const [userId, grantId] = this.#identity()
    if (!response.ok) {
      // A code that is used twice ends the grant at the provider (RFC 6749 section 4.1.2). Before its first use, KV may not know it yet.
      if (this.ctx.storage.kv.get(BEGUN) && !(await this.#isRecorded())) await this.#wipe()
      return response
    }
    this.ctx.storage.kv.put(BEGUN, true)
    // Not before: of an exchange that was cut off, nothing is to stay for longer than the code could be used.
    if (this.#vaultKey !== undefined) await this.#expireAt(expiryOf((await this.#load(this.#vaultKey)).tokens))
    // The tokens are out: that the earlier grants live a little longer is no reason to withhold them.
    await supersede(this.#provider.getOAuthApi(this.#providerEnv), this.#providerEnv, userId, grantId).catch(() => {
      console.warn(JSON.stringify({ event: 'supersede_failed' }))
    })
    return response
  }

  /** Forgets everything: the grant was revoked at the provider, or another took its place. */
  async forget(): Promise<void> {
    await this.#wipe()
  }

  /** Revoking any token of the grant signs out: the grant ends here and the login at Medplum (RFC 7009 section 2.1 allows it). */
  async #revoke(token: string, send: () => Promise<Response>): Promise<Response> {
    const provider = this.#provider
    const { kv } = this.ctx.storage
    const [userId] = this.#identity()
    // Of a tenant that is no more, tokens can be revoked all the same.
    const resource = findSettings(this.env, tenantOf(userId))?.resource
    const held = resource ? await provider.validateToken<GrantProps>(resource, token, this.#providerEnv) : null
    const hash = await sha256(token)
    const again = kv.get(REVOKING) === hash
    if (held) kv.put(REVOKING, hash)
    const response = await send()
    const revoked =
      resource && (held || again)
        ? (await provider.validateToken(resource, token, this.#providerEnv)) === null
        : !(await this.#isRecorded())
    if (response.ok && revoked) {
      await this.#end(held?.props.vaultKey)
      await this.#audit({ decision: 'revoked' })
    }
    return response
  }

  /** Whether the provider has this grant. */
  async #isRecorded(): Promise<boolean> {
    return (await this.#writes.kv.get(`grant:${this.ctx.id.name}`)) !== null
  }

  /** Ends the grant: its tokens at the provider, what is kept here and, where the key is at hand, the login at Medplum. */
  async #end(vaultKey?: string): Promise<void> {
    const [userId, grantId] = this.#identity()
    await this.#ending()
    if (vaultKey !== undefined) {
      const vault = await this.#load(vaultKey).catch(() => undefined)
      if (vault) await logOut(settingsFor(this.env, userId), vault.tokens.accessToken)
    }
    try {
      await this.#provider.getOAuthApi(this.#providerEnv).revokeGrant(grantId, userId)
    } catch {
      // Nothing is done for this grant any more; what KV refuses now, the alarm asks for again.
      console.warn(JSON.stringify({ event: 'end_failed' }))
      return
    }
    await this.#wipe()
  }

  async #endAgain(): Promise<void> {
    // The end that was under way when the alarm rang may have done it.
    if (this.ctx.storage.kv.get(ENDING)) await this.#end(this.#vaultKey)
  }

  /** From here on nothing is done for this grant. */
  async #ending(): Promise<void> {
    this.ctx.storage.kv.put(ENDING, true)
    this.#active = false
    forgetState(this.ctx.id.name ?? '')
    await this.ctx.storage.setAlarm(Date.now() + END_RETRY_MS)
  }

  async #audit(event: OAuthEvent): Promise<void> {
    const [userId] = this.#identity()
    await auditOAuth(event, { userId }, this.env)
  }

  /** Each call asks, so that storage is read once in this object's life. */
  #isActive(): boolean {
    const { kv } = this.ctx.storage
    this.#active ??= kv.get(VAULT) !== undefined && kv.get(ENDING) === undefined && !this.#isRevoked()
    return this.#active
  }

  /** Whether the operator has ended all sign-ins of that time. */
  #isRevoked(): boolean {
    const { revokedBefore } = readSettings(this.env)
    return revokedBefore > 0 && (this.ctx.storage.kv.get<number>(SINCE) ?? 0) < revokedBefore
  }

  /** @throws {UpstreamError} */
  #demandActive(): void {
    if (!this.#isActive()) throw new UpstreamError('ended', 'The sign-in is no longer kept')
  }

  async #wipe(): Promise<void> {
    forgetState(this.ctx.id.name ?? '')
    this.#active = false
    this.#replays.clear()
    this.#writes.clear()
    this.#activity.clear()
    this.#vaultKey = undefined
    await this.ctx.storage.deleteAll()
  }

  /** One request to the provider. A storage failure loses nothing: what Medplum gave is kept here already. */
  async #send(request: Request): Promise<Response> {
    try {
      const ctx = this.ctx as unknown as ExecutionContext
      return await this.#writes.recordLast(() => this.#provider.fetch(request, this.#providerEnv, ctx))
    } catch (error) {
      console.error(JSON.stringify({ event: 'token_endpoint_failed' }))
      return Response.json(
        { error: 'temporarily_unavailable', error_description: 'Token storage is unavailable: try again.' },
        { status: isWriteLimit(error) ? 429 : 503, headers: { 'Retry-After': '5', 'Cache-Control': 'no-store' } },
      )
    }
  }

  /** What the provider asks for at each exchange: renewed props and the lifetimes that follow from Medplum's. */
  async #exchange({ grantType, props }: { grantType: string; props: GrantProps }) {
    try {
      this.#demandActive()
      if (grantType === 'refresh_token') {
        return lifetimes(props, await this.#renew(props.vaultKey, RENEWED_LATELY_MS))
      }
      return lifetimes(props, (await this.#load(props.vaultKey)).tokens)
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      if (error.kind === 'unavailable') {
        throw new OAuthError('temporarily_unavailable', {
          description: 'Medplum could not be reached. The sign-in is kept: try again.',
          statusCode: 503,
          headers: { 'Retry-After': '5' },
        })
      }
      await this.#wipe()
      throw new OAuthError('invalid_grant', { description: 'The Medplum sign-in has ended. Sign in again.' })
    }
  }

  /** Spends the refresh token, unless that was done within the last `lately` milliseconds, and keeps the new one first of all. */
  async #renew(vaultKey: string, lately: number): Promise<MedplumTokens> {
    const { tokens, renewedAt } = await this.#load(vaultKey)
    if (Date.now() - renewedAt < lately) return tokens
    if (!tokens.refreshToken) throw new UpstreamError('ended', 'Medplum gave no refresh token')
    const [userId] = this.#identity()
    const renewed = await refreshTokens(settingsFor(this.env, userId), tokens.refreshToken)
    await this.#store(vaultKey, { tokens: renewed, renewedAt: Date.now() })
    return renewed
  }

  async #load(vaultKey: string): Promise<Vault> {
    const sealed = await this.ctx.storage.get<Uint8Array>(VAULT)
    if (!sealed) throw new UpstreamError('ended', 'The sign-in is no longer kept')
    const vault = await open<Vault>(vaultKey, this.#purpose(), sealed)
    this.#vaultKey = vaultKey
    return vault
  }

  async #store(vaultKey: string, vault: Vault, expiresAt = expiryOf(vault.tokens)): Promise<void> {
    this.ctx.storage.kv.put(VAULT, await seal(vaultKey, this.#purpose(), vault))
    this.#active = undefined
    this.#vaultKey = vaultKey
    await this.#expireAt(expiresAt)
  }

  /** Has all that lies here wiped then (milliseconds since the epoch). */
  async #expireAt(expiresAt: number): Promise<void> {
    this.ctx.storage.kv.put(EXPIRES, expiresAt)
    await this.#tidy(expiresAt)
  }

  #purpose(): string {
    return `grant ${this.ctx.id.name}`
  }

  /** User id and grant id: the object's name. */
  #identity(): [string, string] {
    const [userId, grantId] = (this.ctx.id.name ?? '').split(':')
    if (!userId || !grantId) throw new Error('A Grant object is addressed by user id and grant id')
    return [userId, grantId]
  }
}
