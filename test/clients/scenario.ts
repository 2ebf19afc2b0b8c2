/**
 * The steps of every client: sign in, list, call, get an error, wait for long work, delete after the person confirmed it, refresh an
 * expired token, continue after a restart of the server, sign out.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { approve } from './person.ts'

export interface Answer {
  isError: boolean
  text: string
}

export interface Kept {
  accessToken: string
  clientId: string
}

/** A client that has signed in. */
export interface Opened {
  tools(): Promise<string[]>
  /** @throws if the client reports the failure by an exception, as without a valid token */
  call(tool: string, args: Record<string, unknown>, onProgress: () => void): Promise<Answer>
  /** Has a client that renders views draw one, and clicks in it. @returns what it showed */
  draw?(): Promise<string>
  /** Connects again with the tokens that it has, for a client whose connection ends with the server's. */
  reconnect?(): Promise<void>
  /** Makes a client that relies on its own clock believe that its token has expired. */
  age?(): Promise<void>
  /** What the client was given, from where it stores it. */
  kept(): Promise<Kept>
  close(): Promise<void>
}

export interface Adapter {
  name: string
  /** Folder under node_modules whose version is shown. */
  package: string
  /** Why progress isn't seen, for a client that doesn't offer it; without it, progress must arrive. */
  noProgress?: string
  /** What a client does instead if it keeps no usable refresh token. */
  noRefresh?: string
  /** Whether the client asks its person, who says yes; otherwise the person confirms by the link. */
  asks?: true
  /** Signs in and connects. */
  open(mcpUrl: string): Promise<Opened>
}

export const STEPS = [
  ...['sign-in', 'list', 'call', 'error', 'long call', 'deletion', 'refresh', 'restart', 'sign-out'],
] as const
export type Step = (typeof STEPS)[number]

/** The result of a step: passed (with a remark, if any), or failed and why. */
export interface Outcome {
  passed: boolean
  remark: string
}

/** Minimum milliseconds of the long call. */
export const LONG_MS = 4000

const AT_ONCE = 3
/** Long, because a step of a host starts a large program up to four times. */
const LIMIT_MS = 120_000

/** The server as the clients reach it. */
export interface Served {
  mcpUrl: string
  /** Makes the server refuse an access token from now on, as if it had expired. */
  expire(accessToken: string): void
}

/** A client on its way through the steps. */
export class Play {
  readonly adapter: Adapter
  readonly outcomes: Record<Step, Outcome>
  readonly #served: Served
  #client: Opened | undefined

  constructor(adapter: Adapter, served: Served) {
    this.adapter = adapter
    this.#served = served
    const open = STEPS.map((step) => [step, { passed: false, remark: 'not signed in' }])
    this.outcomes = Object.fromEntries(open)
  }

  /** The steps until the server restarts. If one fails, the next is still tried, unless the client couldn't sign in. */
  async begin(): Promise<void> {
    await this.#take('sign-in', async () => {
      this.#client = await this.adapter.open(this.#served.mcpUrl)
    })
    const client = this.#client
    if (!client) return
    await this.#take('list', async () => {
      const names = await client.tools()
      for (const name of ['fhir-request', 'fhir-read', 'whoami']) must(names.includes(name), `${name} isn't listed`)
    })
    await this.#take('call', async () => {
      await answersWhoami(client)
      return client.draw?.()
    })
    await this.#take('error', async () => {
      const failing = client.call('fhir-read', { path: `Patient/${crypto.randomUUID()}` }, () => {})
      const { isError, text } = await failing.catch((error: Error) => ({ isError: true, text: error.message }))
      must(isError && text.includes('404'), `a missing Patient was answered with: ${text}`)
    })
    await this.#take('long call', () => waits(client, this.adapter))
    await this.#take('deletion', () => deletes(client, this.adapter))
    await this.#take('refresh', async () => {
      if (this.adapter.noRefresh) return this.adapter.noRefresh
      const { accessToken } = await client.kept()
      this.#served.expire(accessToken)
      await client.age?.()
      await answersWhoami(client)
      must((await client.kept()).accessToken !== accessToken, 'the client still has its expired token')
      return client.age && 'by its own clock'
    })
  }

  /** The steps after the restart. */
  async end(): Promise<void> {
    const client = this.#client
    if (!client) return
    await this.#take('restart', async () => {
      await client.reconnect?.()
      await answersWhoami(client)
      return client.reconnect && 'connects again'
    })
    await this.#take('sign-out', async () => {
      const { mcpUrl } = this.#served
      const kept = await client.kept()
      must(await accepted(mcpUrl, kept.accessToken), 'the token was refused before the sign-out')
      await revoke(mcpUrl, kept)
      const next = await client.call('whoami', {}, () => {}).catch(() => undefined)
      must(next === undefined || next.isError, `the next call was answered with: ${next?.text}`)
      must(!(await accepted(mcpUrl, kept.accessToken)), 'the token is accepted after the sign-out')
    })
    await client.close().catch(() => {})
  }

  /** @param work what it returns as text is the remark */
  async #take(step: Step, work: () => Promise<unknown>): Promise<void> {
    const limit = new AbortController()
    const late = pause(LIMIT_MS, undefined, { signal: limit.signal }).then(() => {
      throw new Error(`no answer within ${LIMIT_MS / 1000} s`)
    })
    late.catch(() => {})
    try {
      const remark = await Promise.race([work(), late])
      this.outcomes[step] = { passed: true, remark: typeof remark === 'string' ? remark : '' }
    } catch (error) {
      this.outcomes[step] = { passed: false, remark: error instanceof Error ? error.message : String(error) }
    } finally {
      limit.abort()
    }
  }
}

/** Runs several clients at a time, since they mostly wait. */
export async function together(all: readonly Play[], work: (play: Play) => Promise<void>): Promise<void> {
  const waiting = [...all]
  const one = async () => {
    for (let play = waiting.shift(); play; play = waiting.shift()) await work(play)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
}

async function answersWhoami(client: Opened): Promise<void> {
  const { isError, text } = await client.call('whoami', {}, () => {})
  must(!isError && text.includes('Alice'), `whoami answered: ${text}`)
}

async function waits(client: Opened, { noProgress }: Adapter): Promise<string | undefined> {
  let told = 0
  const began = Date.now()
  const entry = [{ request: { method: 'GET', url: 'Patient?_count=1' } }]
  const body = { resourceType: 'Bundle', type: 'batch', entry }
  const batch = { method: 'POST', path: '', body, respondAsync: true }
  const { isError, text } = await client.call('fhir-request', batch, () => told++)
  must(!isError && text.includes('batch-response'), `the batch was answered with: ${text}`)
  must(Date.now() - began >= LONG_MS, 'the batch was answered too early')
  if (noProgress === undefined) must(told > 1, `progress was told ${told} times`)
  return noProgress
}

async function deletes(client: Opened, { asks }: Adapter): Promise<string | undefined> {
  const body = { resourceType: 'Basic', code: { text: 'Client matrix' } }
  const request = (args: Record<string, unknown>) => client.call('fhir-request', { format: 'json', ...args }, () => {})
  const created = await request({ method: 'POST', path: 'Basic', body })
  const [, id] = /"id\\?": ?\\?"([0-9a-f-]{36})/.exec(created.text) ?? []
  must(id !== undefined, `a Basic was created with: ${created.text}`)
  const deletion = { method: 'DELETE', path: `Basic/${id}` }
  let { text } = await request(deletion)
  const [link] = /https?:[^\s"\\]+\/confirm\/[A-Za-z0-9._-]+/.exec(text) ?? []
  if (asks) must(link === undefined, 'the client was not asked')
  else {
    must(link !== undefined, `the deletion was answered with: ${text}`)
    await approve(link)
    ;({ text } = await request(deletion))
  }
  const gone = await request({ method: 'GET', path: `Basic/${id}` }).catch((error: Error) => ({ text: error.message }))
  must(gone.text.includes('410'), `the record is there after: ${text}`)
  return asks ? undefined : 'by the link'
}

/** RFC 7009, at the endpoint that the server's metadata names. */
async function revoke(mcpUrl: string, { accessToken, clientId }: Kept): Promise<void> {
  const metadata = await fetch(new URL('/.well-known/oauth-authorization-server', mcpUrl))
  const { revocation_endpoint } = (await metadata.json()) as { revocation_endpoint: string }
  const body = new URLSearchParams({ token: accessToken, client_id: clientId })
  const response = await fetch(revocation_endpoint, { method: 'POST', body })
  must(response.ok, `the revocation got ${response.status}`)
}

async function accepted(mcpUrl: string, token: string): Promise<boolean> {
  const response = await fetch(mcpUrl, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
  await response.body?.cancel()
  return response.status !== 401
}

function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
}
