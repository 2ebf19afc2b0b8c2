// The Worker that test/bench/load/load.ts measures: the product, with rate limits, which plain workerd lacks, with fixed FHIR answers (an
// upstream that costs nothing), and, if COUNTING is set, with counters of what Cloudflare bills.
import { env } from 'cloudflare:workers'
import type { Bindings } from '../../../src/config/settings.ts'
import product, { Grant as ProductGrant, McpSession as ProductSession } from '../../../src/index.ts'

export interface BenchBindings extends Bindings {
  /** Origin that answers for the Patients whose id begins with `bench-`. */
  FIXED_URL: string
  COUNTING?: string
  /** The Worker behind KV, which counts. */
  KV_SERVICE: Fetcher
}

const { FIXED_URL, MEDPLUM_BASE_URL, COUNTING, KV_SERVICE } = env as BenchBindings
const counts = { objectRequests: 0, rowsWritten: 0, sessionsMade: 0 }
const UNLIMITED: RateLimit = { limit: async () => ({ success: true }) }
const LIMITS: Record<Extract<keyof Bindings, `LIMIT_${string}`>, RateLimit> = {
  LIMIT_SIGN_IN: UNLIMITED,
  LIMIT_REGISTRATION: UNLIMITED,
  LIMIT_TOKENS: UNLIMITED,
  LIMIT_CALLS: UNLIMITED,
  LIMIT_READS: UNLIMITED,
  LIMIT_WRITES: UNLIMITED,
  LIMIT_OPERATIONS: UNLIMITED,
}

const fetchUpstream = globalThis.fetch
globalThis.fetch = (input, init) => {
  const url = typeof input === 'string' ? input : input instanceof URL ? input.href : undefined
  return url?.includes('/fhir/R4/Patient/bench-')
    ? fetchUpstream(url.replace(MEDPLUM_BASE_URL, FIXED_URL), init)
    : fetchUpstream(input, init)
}

const completed = new WeakSet<object>()

/** The bindings with those that a plain workerd lacks. */
export function complete(bindings: Bindings): Bindings {
  if (completed.has(bindings)) return bindings
  completed.add(bindings)
  Object.assign(bindings, LIMITS)
  if (COUNTING) Object.assign(bindings, { GRANT: counted(bindings.GRANT), MCP_SESSION: counted(bindings.MCP_SESSION) })
  return bindings
}

/** The same bindings, but with Durable Objects that count each request to them. */
function counted<T extends object>(namespace: T): T {
  const stub = (target: object) =>
    new Proxy(target, {
      get(of, name) {
        const value: unknown = Reflect.get(of, name)
        if (typeof value !== 'function') return value
        return (...given: unknown[]) => {
          counts.objectRequests++
          return Reflect.apply(value, of, given)
        }
      },
    })
  return new Proxy(namespace, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name)
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        const made: unknown = Reflect.apply(value, of, given)
        return (name === 'get' || name === 'getByName') && typeof made === 'object' && made ? stub(made) : made
      }
    },
  })
}

/** Counts the rows that an object writes: one for each key or alarm, and what each SQL statement says. */
function countRows({ storage }: DurableObjectState): void {
  if (!COUNTING) return
  const one = <Given extends unknown[], Made>(of: (...given: Given) => Made) => {
    return (...given: Given): Made => {
      counts.rowsWritten++
      return of(...given)
    }
  }
  const { kv, sql } = storage
  Object.assign(storage, { put: one(storage.put.bind(storage)), setAlarm: one(storage.setAlarm.bind(storage)) })
  Object.assign(kv, { put: one(kv.put.bind(kv)) })
  const exec = sql.exec.bind(sql)
  Object.assign(sql, {
    exec: (...given: Parameters<typeof exec>) => {
      const cursor = exec(...given)
      counts.rowsWritten += cursor.rowsWritten
      return cursor
    },
  })
}

export class McpSession extends ProductSession {
  constructor(state: DurableObjectState, bindings: Bindings) {
    counts.sessionsMade++
    countRows(state)
    super(state, complete(bindings))
  }

  /** Bytes of storage. */
  stored(): number {
    return this.ctx.storage.sql.databaseSize
  }
}

export class Grant extends ProductGrant {
  constructor(state: DurableObjectState, bindings: Bindings) {
    countRows(state)
    super(state, complete(bindings))
  }
}

export default {
  async fetch(request, bindings, context): Promise<Response> {
    const url = new URL(request.url)
    if (url.pathname === '/bench/counts') {
      const kv: object = await (await KV_SERVICE.fetch('http://counts/')).json()
      return Response.json({ ...counts, ...kv })
    }
    const id = url.searchParams.get('stored')
    if (url.pathname === '/bench/session' && id !== null) {
      const sessions = bindings.MCP_SESSION as unknown as DurableObjectNamespace<McpSession>
      return Response.json(await sessions.get(sessions.idFromString(id)).stored())
    }
    return product.fetch(request, complete(bindings), context)
  },
} satisfies ExportedHandler<Bindings>
