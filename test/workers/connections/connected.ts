// Clients that connect, and what they store.
import { env } from 'cloudflare:workers'
import { afterEach, expect, vi } from 'vitest'
import { GET, POST } from '../../calls.ts'
import { type atPage, type Entry, submit } from '../world/connecting.ts'
import { register, signIn } from '../world/signing-in.ts'
import { ada } from '../world/world.ts'

export const READ = GET('Patient?_count=1')

export const WRITE = POST('Basic', { resourceType: 'Basic', code: { text: 'connections' } })

/** What is noted or written soon after; the time is for slow machines. */
export const SOON = { timeout: 10_000, interval: 50 }

/** Asks until it succeeds: it may fail only if it was asked within a second of now, when something has just been changed. */
export async function withinASecond(attempt: () => Promise<void>): Promise<void> {
  const changed = Date.now()
  let failed = 0
  await vi.waitFor(async () => {
    const asked = Date.now() - changed
    await attempt().catch((error: unknown) => {
      failed = asked
      throw error
    })
  }, SOON)
  expect(failed).toBeLessThanOrEqual(1_000)
}

export let count = 0

/** A client of this name that a person connects. */
export async function connected(credentials = ada, level = 'admin', metadata: object = {}) {
  const name = `Client ${++count}`
  const { client_id } = await register({ client_name: name, ...metadata })
  return { name, ...(await signIn(credentials, client_id, level)) }
}

export async function disconnected(person: Awaited<ReturnType<typeof atPage>>, { token, grant }: Entry): Promise<void> {
  const response = await submit(person, 'disconnect', { token, grant })
  expect([response.status, response.headers.get('location')]).toEqual([303, '/connections?done=disconnected'])
}

export async function kvOf(grant: string): Promise<[string, string][]> {
  const keys = (
    await Promise.all(['grant', 'token'].map((kind) => env.OAUTH_KV.list({ prefix: `${kind}:${grant}` })))
  ).flatMap((page) => page.keys)
  return Promise.all(
    keys.map(async ({ name }): Promise<[string, string]> => [name, (await env.OAUTH_KV.get(name)) ?? '']),
  )
}

/** Hooks for a file of these tests. */
export function setUp(): void {
  afterEach(() => vi.restoreAllMocks())
}
