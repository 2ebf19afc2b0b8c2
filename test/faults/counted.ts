import { SignIn } from '../../programs/clients.ts'
import type { SandboxUser } from '../../sandbox/core/people.ts'

/** Counts how often the person has to sign in although the client had tokens: they no longer worked. */
export class Counted extends SignIn {
  lost = 0
  #held = false

  readonly #onLoss: (why: string) => void

  constructor(user: SandboxUser, onLoss: (why: string) => void) {
    super(user)
    this.#onLoss = onLoss
  }

  override invalidateCredentials(scope: string) {
    this.#onLoss(scope)
    super.invalidateCredentials(scope)
  }

  override saveTokens(tokens: Parameters<SignIn['saveTokens']>[0]) {
    super.saveTokens(tokens)
    this.#held = true
  }

  override async redirectToAuthorization(url: URL) {
    if (this.#held) this.lost++
    await super.redirectToAuthorization(url)
  }
}
