/** What every client does: signs in, lists, calls, is told of an error, waits for long work, signs out. */
import { setTimeout as pause } from 'node:timers/promises'

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
  /** @throws where the client itself reports a failure so, as it does without a valid token */
  call(tool: string, args: Record<string, unknown>, onProgress: () => void): Promise<Answer>
  /** What the client was given, from where it keeps it. */
  kept(): Promise<Kept>
  close(): Promise<void>
}

export interface Adapter {
  name: string
  /** Folder under node_modules whose version is shown. */
  package: string
  /** Why progress isn't seen, for a client that doesn't offer it; without it, progress must arrive. */
  noProgress?: string
  /** Signs in and connects. */
  open(mcpUrl: string): Promise<Opened>
}

export const STEPS = ['sign-in', 'list', 'call', 'error', 'long call', 'sign-out'] as const
export type Step = (typeof STEPS)[number]

/** What became of a step: passed (with a remark, if any), or failed and why. */
export interface Outcome {
  passed: boolean
  remark: string
}

/** ms that the long call takes at least. */
export const LONG_MS = 4000

/** Runs every step; one that fails doesn't keep the next from being tried, except signing in. */
export async function play(adapter: Adapter, mcpUrl: string): Promise<Record<Step, Outcome>> {
  const outcomes = Object.fromEntries(
    STEPS.map((step) => [step, { passed: false, remark: 'not signed in' }]),
  ) as Record<Step, Outcome>
  const take = async (step: Step, work: () => Promise<string | undefined>) => {
    const limit = new AbortController()
    const late = pause(60_000, undefined, { signal: limit.signal }).then(() => {
      throw new Error('no answer within 60 s')
    })
    late.catch(() => {})
    try {
      outcomes[step] = { passed: true, remark: (await Promise.race([work(), late])) ?? '' }
    } catch (error) {
      outcomes[step] = { passed: false, remark: error instanceof Error ? error.message : String(error) }
    } finally {
      limit.abort()
    }
  }

  let opened: Opened | undefined
  await take('sign-in', async () => {
    opened = await adapter.open(mcpUrl)
    return undefined
  })
  const client = opened
  if (!client) return outcomes
  await take('list', async () => {
    const names = await client.tools()
    for (const name of ['fhir-request', 'fhir-read', 'whoami']) must(names.includes(name), `${name} isn't listed`)
    return undefined
  })
  await take('call', async () => {
    const { isError, text } = await client.call('whoami', {}, () => {})
    must(!isError && text.includes('Alice'), `whoami answered: ${text}`)
    return undefined
  })
  await take('error', async () => {
    const failing = client.call('fhir-read', { path: `Patient/${crypto.randomUUID()}` }, () => {})
    const { isError, text } = await failing.catch((error: Error) => ({ isError: true, text: error.message }))
    must(isError && text.includes('404'), `a missing Patient was answered with: ${text}`)
    return undefined
  })
  await take('long call', async () => {
    let told = 0
    const began = Date.now()
    const entry = [{ request: { method: 'GET', url: 'Patient?_count=1' } }]
    const body = { resourceType: 'Bundle', type: 'batch', entry }
    const { isError, text } = await client.call(
      'fhir-request',
      { method: 'POST', path: '', body, respondAsync: true },
      () => told++,
    )
    must(!isError && text.includes('batch-response'), `the batch was answered with: ${text}`)
    must(Date.now() - began >= LONG_MS, 'the batch was answered too early')
    if (adapter.noProgress) return adapter.noProgress
    must(told > 1, `progress was told ${told} times`)
    return undefined
  })
  await take('sign-out', async () => {
    const kept = await client.kept()
    must(await accepted(mcpUrl, kept.accessToken), 'the token was refused before the sign-out')
    await revoke(mcpUrl, kept)
    const next = await client.call('whoami', {}, () => {}).catch(() => undefined)
    must(next === undefined || next.isError, `the next call was answered with: ${next?.text}`)
    must(!(await accepted(mcpUrl, kept.accessToken)), 'the token is accepted after the sign-out')
    return undefined
  })
  await client.close().catch(() => {})
  return outcomes
}

/** RFC 7009, at the endpoint that the server's metadata names. */
async function revoke(mcpUrl: string, { accessToken, clientId }: Kept): Promise<void> {
  const metadata = await fetch(new URL('/.well-known/oauth-authorization-server', mcpUrl))
  const { revocation_endpoint } = (await metadata.json()) as { revocation_endpoint: string }
  const body = new URLSearchParams({ token: accessToken, client_id: clientId })
  const response = await fetch(revocation_endpoint, { method: 'POST', body })
  must(response.ok, `the revocation was answered with ${response.status}`)
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
