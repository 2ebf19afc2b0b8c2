// One object per OAuth grant: the only place that spends a Medplum refresh token, and the gate of the token endpoint.
// KV has no compare-and-swap and Medplum's refresh tokens are single-use, so everything here runs one after the other.

import { DurableObject } from 'cloudflare:workers'
import type { Level } from '../../access/access.ts'
import { auditOAuth, type OAuthEvent } from '../../audit/audit.ts'
import { MINUTES } from '../../base/lives.ts'
import type { Bindings } from '../../config/settings.ts'
import { identityOf } from '../grant-name.ts'
import { type MedplumTokens, UpstreamError } from '../medplum.ts'
import type { Fresh, GrantState } from '../record.ts'
import { type Activity, ActivityRing } from './activity.ts'
import { ConfirmationStore, type Proposal } from './confirmation-store.ts'
import { Standing } from './standing.ts'
import { TokenEndpoint } from './token-endpoint.ts'
import { Vault } from './vault.ts'

/** How long a sign-in without code exchange is kept: the lifetime of the code at the provider. */
const CODE_MS = MINUTES.signIn * 60_000
/** When everything stored here has expired, in milliseconds since the epoch: the one alarm also serves the ring. */
const EXPIRES = 'expires'

/** What the list of connections shows about a grant in addition to KV's metadata. */
interface GrantReport extends GrantState {
  /** Whether the client has taken its tokens: until then, the sign-in isn't finished. */
  begun: boolean
  /** The latest first. */
  activity: Activity[]
}

export class Grant extends DurableObject<Bindings> {
  #tail: Promise<unknown> = Promise.resolve()
  readonly #name = this.ctx.id.name ?? ''
  readonly #activity = new ActivityRing(this.ctx.storage.kv)
  readonly #confirmations = new ConfirmationStore(this.ctx.storage.kv)
  readonly #vault = new Vault(this.env, this.ctx.storage, this.#name, (expiresAt) => this.#renewed(expiresAt))
  readonly #standing = new Standing(this.env, this.ctx.storage, this.#name, () => this.#vault.isFilled())
  readonly #endpoint = new TokenEndpoint(this.env, this.ctx, this.#name, {
    vault: this.#vault,
    standing: this.#standing,
    life: {
      end: (vaultKey) => this.#end(vaultKey),
      wipe: () => this.#wipe(),
      expireAt: (expiresAt) => this.#expireAt(expiresAt),
      audit: (event) => this.#audit(event),
    },
  })

  /** Keeps the tokens of a fresh sign-in, for as long as its code can be exchanged. */
  async keep(vaultKey: string, tokens: MedplumTokens): Promise<void> {
    this.#standing.signedIn()
    await this.#vault.fill(vaultKey, tokens, Date.now() + CODE_MS)
  }

  /** A Medplum access token other than `refused`, renewed if necessary. */
  fresh(vaultKey: string, refused: string): Promise<Fresh> {
    return this.#exclusive(async () => {
      try {
        this.#standing.demandActive()
        const tokens = await this.#vault.tokens(vaultKey)
        const usable = tokens.accessToken !== refused && tokens.accessExpiresAt > Date.now()
        const { accessToken, accessExpiresAt } = usable ? tokens : await this.#vault.renew(vaultKey, 0)
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
    return this.#standing.state()
  }

  /** The grant's part of the list of connections. */
  async about(): Promise<GrantReport> {
    return { ...this.#standing.state(), begun: this.#standing.hasBegun(), activity: this.#activity.list() }
  }

  /** Records that the client was asked to step up. */
  async challenged(): Promise<void> {
    if (this.#standing.isActive()) this.#standing.challenged()
  }

  /** Permanently reduces the client's access: neither the person nor a token refresh can raise it again. */
  async lower(level: Level): Promise<void> {
    if (!this.#standing.isActive()) return
    this.#standing.lower(level)
    // Pending questions may be about more than the client may do now.
    this.#confirmations.withdraw()
    await this.#audit({ decision: 'lowered', level })
  }

  /** Ends the grant immediately, also for calls in progress, even while an exchange waits for Medplum. */
  async disconnect(): Promise<void> {
    await this.#standing.beginEnd()
    await this.#exclusive(() => this.#end(this.#vault.vaultKey))
    await this.#audit({ decision: 'disconnected' })
  }

  /** Forgets everything: the grant was revoked at the provider, or replaced. */
  async forget(): Promise<void> {
    await this.#wipe()
  }

  /** Records tool calls for the person, earliest first. */
  async note(...events: Activity[]): Promise<void> {
    // An ended grant stores nothing.
    if (!this.#standing.isActive()) return
    for (const event of events) {
      const flushAt = this.#activity.add(event)
      if (flushAt !== undefined) await this.ctx.storage.setAlarm(flushAt)
    }
  }

  /** Uses a confirmation: true the first time for its nonce, and never in an ended grant. */
  async burn(nonce: string, expiresAt: number): Promise<boolean> {
    const isFirst = this.#standing.isActive() && this.#confirmations.burn(nonce, expiresAt)
    if (isFirst) await this.#sweepAt(expiresAt)
    return isFirst
  }

  /** Stores what the person must decide on the page with this id. */
  async propose(id: string, proposal: Proposal): Promise<void> {
    if (!this.#standing.isActive()) return
    this.#confirmations.propose(id, proposal)
    await this.#sweepAt(proposal.expiresAt)
  }

  /** What the person must decide about a subject, or has decided; reading a decision uses it up. */
  async settle(subject: string): Promise<Proposal | undefined> {
    return this.#confirmations.settle(subject)
  }

  /** Like {@link settle}, without using it up. */
  async pending(subject: string): Promise<Proposal | undefined> {
    return this.#confirmations.pending(subject)
  }

  /** Ends what the person must decide about a subject, or has decided. */
  async withdraw(subject: string): Promise<void> {
    this.#confirmations.withdraw(subject)
  }

  /** What the page of this id shows. */
  async proposal(id: string): Promise<Proposal | undefined> {
    return this.#confirmations.at(id)
  }

  /** Records the decision on the page with this id; false if there is nothing left to decide. */
  async decide(id: string, decision: 'approved' | 'declined'): Promise<boolean> {
    return this.#confirmations.decide(id, decision)
  }

  /** `POST /oauth/token`: code exchange, refresh and revocation of this grant (RFC 6749, RFC 7009). */
  override async fetch(request: Request): Promise<Response> {
    const body = new TextDecoder().decode(await request.arrayBuffer())
    return this.#exclusive(() => this.#endpoint.answer(request, body))
  }

  /** Completes an end that a restart interrupted, writes waiting calls, and deletes what has expired. */
  override async alarm(): Promise<void> {
    if (this.#standing.isEnding()) return this.#exclusive(() => this.#endAgain())
    const expiresAt = this.ctx.storage.kv.get<number>(EXPIRES) ?? 0
    if (Date.now() >= expiresAt) return this.#wipe()
    await this.#tidy(expiresAt)
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(work)
    this.#tail = run.catch(() => {})
    return run
  }

  /** Ends the grant: its tokens at the provider, what is stored here and, if the key is known, the login at Medplum. */
  async #end(vaultKey?: string): Promise<void> {
    await this.#standing.beginEnd()
    if (vaultKey !== undefined) await this.#vault.logOut(vaultKey)
    try {
      await this.#endpoint.revokeGrant()
    } catch {
      // The grant stops working at once. If KV refuses the deletion now, the alarm tries again.
      console.warn(JSON.stringify({ event: 'end_failed' }))
      return
    }
    await this.#wipe()
  }

  async #endAgain(): Promise<void> {
    // An end that was already in progress may have done it.
    if (this.#standing.isEnding()) await this.#end(this.#vault.vaultKey)
  }

  async #wipe(): Promise<void> {
    this.#standing.ended()
    this.#endpoint.clear()
    this.#activity.clear()
    this.#vault.clear()
    await this.ctx.storage.deleteAll()
  }

  async #renewed(expiresAt: number): Promise<void> {
    this.#standing.recheck()
    await this.#expireAt(expiresAt)
  }

  /** Deletes everything stored here at that time (milliseconds since the epoch). */
  async #expireAt(expiresAt: number): Promise<void> {
    this.ctx.storage.kv.put(EXPIRES, expiresAt)
    await this.#tidy(expiresAt)
  }

  /** Does whatever the one alarm was set for, and sets it for the next task. */
  async #tidy(expiresAt: number): Promise<void> {
    this.#activity.flush()
    await this.ctx.storage.setAlarm(Math.min(expiresAt, this.#confirmations.sweep() ?? expiresAt))
  }

  /** Sets the alarm to this time, unless it is set to an earlier one. */
  async #sweepAt(time: number): Promise<void> {
    const set = await this.ctx.storage.getAlarm()
    if (set === null || set > time) await this.ctx.storage.setAlarm(time)
  }

  async #audit(event: OAuthEvent): Promise<void> {
    const { userId } = identityOf(this.#name)
    await auditOAuth(event, { userId }, this.env)
  }
}
