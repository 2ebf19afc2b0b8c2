// A client of a person, over one lane, that acts at random: writes, reads, renews its token, hangs up, reconnects, signs out and in.

import { setTimeout as pause } from 'node:timers/promises'
import { type ConnectedClient, connect, textOf, type Way } from '../../programs/clients.ts'
import type { SandboxUser } from '../../sandbox/core/people.ts'

import { Counted } from './counted.ts'
import { type Fate, type Model, SYSTEM } from './model.ts'
import type { Chance } from './random.ts'

/** How long a client waits for an answer, and how soon one that hangs up does, in ms. */
const PATIENCE_MS = 20_000
const HANG_UP_MS = 15
/** A client pauses at most this long between two actions, so that the rate limits of sign-ins and writes leave it alone. */
const PACE_MS = 300

interface Own {
  marker: string
  id: string
  version: string
}

export class Actor {
  readonly number: number
  readonly user: SandboxUser
  readonly #way: Way
  readonly #base: string
  readonly #chance: Chance
  readonly #model: Model
  #signIn: Counted
  #client: ConnectedClient | undefined
  readonly #own: Own[] = []
  /** Sign-ins whose revocation was not answered. */
  readonly #abandoned: Counted[] = []
  #written = 0

  constructor(number: number, user: SandboxUser, way: Way, base: string, chance: Chance, model: Model) {
    this.number = number
    this.user = user
    this.#way = way
    this.#base = base
    this.#chance = chance
    this.#model = model
    this.#signIn = this.#newSignIn()
  }

  #newSignIn(): Counted {
    return new Counted(this.user, (scope) => this.#model.count(`client ${this.number} gave up its ${scope}`))
  }

  async begin(): Promise<void> {
    await this.#connected()
  }

  /** Acts until this time (milliseconds since the epoch). */
  async act(until: number): Promise<void> {
    while (Date.now() < until) {
      const action = this.#chance.pick([
        [5, () => this.#read()],
        [3, () => this.#create(PATIENCE_MS)],
        [2, () => this.#update()],
        [2, () => this.#whoami()],
        [1, () => this.#create(HANG_UP_MS)],
        [1, async () => void (await this.#refresh())],
        [1, () => this.#reconnect()],
        [0.1, () => this.#signOut()],
      ] as const)
      // Faults of the platform or Medplum may fail any action; the model says what must hold anyway.
      await action().catch((error: unknown) => {
        this.#failed(error)
        return this.#reconnect().catch(() => this.#away())
      })
      await pause(this.#chance.next() * PACE_MS)
    }
  }

  /** Failed calls are expected in this run; the run's own mistakes must not hide among them. */
  #failed(error: unknown): void {
    this.#model.expect(!(error instanceof Surprise), `client ${this.number}: ${error}`)
    const kind = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    this.#model.count(`failed: ${kind.replace(/[0-9a-f-]{8,}|(?<!HTTP )\d+/g, '…').slice(0, 120)}`)
  }

  /** Checks at the end, when everything works again, that everything that the client kept still works. */
  async finish(): Promise<void> {
    await this.#reconnect()
    const { lost } = this.#signIn
    this.#model.expect(lost === 0, `client ${this.number} had to sign in again ${lost} times`)
    const status = await this.#refresh()
    this.#model.expect(status === 200, `client ${this.number} could not renew its token (${status})`)
    await this.#revoke()
    for (const abandoned of this.#abandoned) await this.#revokeTokensOf(abandoned)
  }

  /** The Worker is being restarted. */
  async #away(): Promise<void> {
    this.#model.count('reconnect: failed')
    await pause(1000)
  }

  async #connected(): Promise<ConnectedClient> {
    this.#client ??= await connect(this.#way, this.#base, this.#signIn)
    return this.#client
  }

  async #reconnect(): Promise<void> {
    const before = this.#client
    this.#client = undefined
    await before?.close().catch(() => {})
    await this.#connected()
    this.#model.count('reconnect')
  }

  async #call(args: Record<string, unknown>, timeout = PATIENCE_MS, tool = 'fhir-request'): Promise<Answer> {
    const client = await this.#connected()
    const result = await client.call(tool, tool === 'whoami' ? {} : { format: 'json', ...args }, { timeout })
    const answer = { isError: result.isError === true, text: textOf(result) }
    this.#model.answered(this.number, answer.text)
    return answer
  }

  async #create(patience: number): Promise<void> {
    const marker = `soak-${this.number}-${++this.#written}`
    const text = `${marker} as created`
    this.#model.creating(this.number, marker, text)
    const body = { resourceType: 'Basic', identifier: [{ system: SYSTEM, value: marker }], code: { text } }
    const answer = await this.#call({ method: 'POST', path: 'Basic', body }, patience)
    const fate = fateOf(answer)
    this.#model.created(this.number, marker, text, fate)
    if (fate === 'done') this.#own.push({ marker, ...identityOf(answer) })
  }

  /** Guarded by the version, so that it may be repeated. */
  async #update(): Promise<void> {
    const own = this.#some()
    if (!own) return
    const text = `${own.marker} as changed, ${++this.#written}`
    const { marker, id, version } = own
    this.#model.updating(marker, text)
    const body = { resourceType: 'Basic', id, identifier: [{ system: SYSTEM, value: marker }], code: { text } }
    this.#own.splice(this.#own.indexOf(own), 1)
    const answer = await this.#call({ method: 'PUT', path: `Basic/${id}`, body, ifMatch: version })
    const fate = fateOf(answer)
    this.#model.updated(marker, text, fate)
    // An unknown result is settled at the end: its version isn't known any more.
    if (fate === 'done') this.#own.push({ marker, ...identityOf(answer) })
  }

  async #read(): Promise<void> {
    const own = this.#some()
    if (!own) return
    const { isError, text } = await this.#call({ method: 'GET', path: `Basic/${own.id}` })
    if (!isError)
      this.#model.expect(text.includes(own.marker), `client ${this.number} read a record that is not its own`)
    this.#model.count(isError ? 'read: error' : 'read: done')
  }

  async #whoami(): Promise<void> {
    const { isError, text } = await this.#call({}, PATIENCE_MS, 'whoami')
    if (!isError)
      this.#model.expect(text.includes(this.user.family), `client ${this.number} works as a different person`)
    this.#model.count(isError ? 'whoami: error' : 'whoami: done')
  }

  /** @returns HTTP status of the token endpoint */
  async #refresh(): Promise<number> {
    const { tokenSet } = this.#signIn
    if (!tokenSet?.refresh_token) throw new Error('There is no token to refresh')
    const response = await this.#token({ grant_type: 'refresh_token', refresh_token: tokenSet.refresh_token })
    const text = await response.text()
    if (response.ok) this.#signIn.saveTokens(JSON.parse(text) as NonNullable<typeof tokenSet>)
    this.#model.count(`refresh: ${response.status}${response.ok ? '' : ` ${text.slice(0, 100)}`}`)
    return response.status
  }

  async #signOut(): Promise<void> {
    const before = this.#signIn
    // A lost answer may have been a success. In any case the client signs in again, and repeats the revocation at the end.
    await this.#revoke()
      .catch((error: unknown) => {
        this.#abandoned.push(before)
        throw error
      })
      .finally(() => {
        this.#signIn = this.#newSignIn()
      })
    await this.#connected()
    this.#model.count('sign out and in')
  }

  /** First the session ends: afterwards the client would sign in again to end it. */
  async #revoke(): Promise<void> {
    await this.#client?.close().catch(() => {})
    this.#client = undefined
    await this.#revokeTokensOf(this.#signIn)
  }

  async #revokeTokensOf(signIn: Counted): Promise<void> {
    const response = await this.#token({ token: signIn.tokenSet?.access_token ?? '' }, signIn)
    await response.text()
    if (!response.ok) throw new Error(`The revocation got ${response.status}`)
  }

  #token(form: Record<string, string>, signIn = this.#signIn): Promise<Response> {
    const body = new URLSearchParams({ client_id: signIn.clientInformation()?.client_id ?? '', ...form })
    return fetch(`${this.#base}/oauth/token`, { method: 'POST', body })
  }

  #some(): Own | undefined {
    return this.#own[Math.floor(this.#chance.next() * this.#own.length)]
  }
}

/** An error that no fault explains. */
class Surprise extends Error {}

interface Answer {
  isError: boolean
  text: string
}

function fateOf({ isError, text }: Answer): Fate {
  if (!isError) return 'done'
  return /Nothing was (sent|done)|was not sent/.test(text) ? 'not sent' : 'unknown'
}

/** A record's id and version, from the JSON at the head of an answer. */
function identityOf({ text }: Answer): { id: string; version: string } {
  const id = /"id": ?"([^"]+)"/.exec(text)?.[1]
  const version = /"versionId": ?"([^"]+)"/.exec(text)?.[1]
  if (id === undefined || version === undefined) throw new Surprise(`no record in ${text.slice(0, 200)}`)
  return { id, version }
}
