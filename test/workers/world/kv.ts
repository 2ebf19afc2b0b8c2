// Workers KV as it can behave: reads that are a minute old, writes and deletions that it refuses.
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'

/** Remembers what KV has below these prefixes; once shown, KV has only that there, until the mocks are restored. */
export async function remember(...prefixes: string[]): Promise<{ show(): void }> {
  const known = await Promise.all(prefixes.map((prefix) => env.OAUTH_KV.list({ prefix })))
  const keys = known.flatMap((page) => page.keys)
  const values = new Map<string, string | null>()
  for (const { name } of keys) values.set(name, await env.OAUTH_KV.get(name))
  const isBehind = (key = '') => prefixes.some((prefix) => key.startsWith(prefix))
  return {
    show() {
      const get = env.OAUTH_KV.get.bind(env.OAUTH_KV) as (key: string, options?: unknown) => Promise<unknown>
      const list = env.OAUTH_KV.list.bind(env.OAUTH_KV)
      vi.spyOn(env.OAUTH_KV, 'get').mockImplementation(async (key: unknown, options?: unknown) => {
        if (!isBehind(String(key))) return get(String(key), options)
        const value = values.get(String(key)) ?? null
        return value !== null && isJson(options) ? JSON.parse(value) : value
      })
      vi.spyOn(env.OAUTH_KV, 'list').mockImplementation(async (options) => {
        if (!isBehind(options?.prefix ?? '')) return list(options)
        const below = keys.filter(({ name }) => name.startsWith(options?.prefix ?? ''))
        return { keys: below, list_complete: true, cacheStatus: null }
      })
    },
  }
}

function isJson(options: unknown): boolean {
  return options === 'json' || (typeof options === 'object' && options !== null && 'type' in options)
}

/** KV's messages for more than one write to a key within a second, and for an internal failure. */
export const REFUSALS = ['429 Too Many Requests', '500 Internal Server Error'] as const

/** The next `times` writes or deletions of keys with this prefix are refused, after the first `after`; then everything works again. */
export function refuse(
  method: 'put' | 'delete',
  prefix: string,
  status: (typeof REFUSALS)[number],
  { times = 1, after = 0 } = {},
): { refused(): number } {
  const { OAUTH_KV } = env
  let seen = 0
  const real = OAUTH_KV[method].bind(OAUTH_KV) as (...args: unknown[]) => Promise<void>
  vi.spyOn(OAUTH_KV, method).mockImplementation(async (...args: unknown[]) => {
    if (!String(args[0]).startsWith(prefix)) return real(...args)
    seen++
    if (seen <= after || seen > after + times) return real(...args)
    throw new Error(`KV ${method.toUpperCase()} failed: ${status}`)
  })
  return { refused: () => Math.min(Math.max(seen - after, 0), times) }
}

/** When KV forgets the grant of this token, in seconds since the epoch. */
export async function expiryOf(access: string): Promise<number> {
  const prefix = `grant:${access.split(':').slice(0, 2).join(':')}`
  const { keys } = await env.OAUTH_KV.list({ prefix })
  return keys[0]?.expiration ?? Number.POSITIVE_INFINITY
}

const ASKED = ['get', 'put', 'delete', 'list'] as const
type Asked = Record<(typeof ASKED)[number], number>

/** What KV is asked while `work` runs. */
export async function askedDuring<T>(work: () => Promise<T>): Promise<{ result: T; asked: Asked }> {
  const spies = ASKED.map((method) => [method, vi.spyOn(env.OAUTH_KV, method)] as const)
  const result = await work()
  const asked = Object.fromEntries(spies.map(([method, spy]) => [method, spy.mock.calls.length])) as Asked
  for (const [, spy] of spies) spy.mockRestore()
  return { result, asked }
}
