/** The request log, and the faults that tests inject. */
import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { MiddlewareHandler } from 'hono'
import type { SandboxContext } from './core/context.ts'
import type { LoggedRequest } from './logged-request.ts'

export interface Fault {
  method?: string
  /** A regular expression for path and query. */
  path: string
  times?: number
  delayMs?: number
  status?: number
  headers?: Record<string, string>
  body?: unknown
  drop?: 'before' | 'after' | 'body'
}

export interface Env {
  Bindings: HttpBindings
  Variables: { entry: LoggedRequest | undefined }
}

export class Traffic {
  private entries: LoggedRequest[] = []
  private next = 0
  private faults: (Fault & { left: number })[] = []

  log(since: number): { next: number; requests: LoggedRequest[] } {
    return { next: this.next, requests: this.entries.filter((entry) => entry.n >= since) }
  }

  clearLog(): void {
    this.entries = []
  }

  clearFaults(): void {
    this.faults = []
  }

  addFaults(faults: Fault[]): void {
    this.faults.push(...faults.map((takeFault) => ({ ...takeFault, left: takeFault.times ?? 1 })))
  }

  record(context: SandboxContext, request: Request): LoggedRequest {
    const url = new URL(request.url)
    const token = request.headers.get('authorization')?.match(/^Bearer (.+)$/)?.[1]
    const secret = new Set(['authorization', 'cookie'])
    const entry: LoggedRequest = {
      n: this.next++,
      method: request.method,
      path: url.pathname + url.search,
      status: null,
      userAgent: request.headers.get('user-agent'),
      authorization: token ? createHash('sha256').update(token).digest('hex') : null,
      user: (token && context.logins.peek(token)?.email) || null,
      headers: Object.fromEntries([...request.headers].filter(([name]) => !secret.has(name))),
    }
    this.entries.push(entry)
    return entry
  }

  /** @returns the first matching fault, which then has one use less */
  fault(method: string, path: string): Fault | undefined {
    const fault = this.faults.find(
      (one) => one.left > 0 && (!one.method || one.method === method) && new RegExp(one.path).test(path),
    )
    if (fault) {
      fault.left--
    }
    return fault
  }
}

/** Logs every request, except those to the controls, and applies the first matching fault to it. */
export function observe(context: SandboxContext, traffic: Traffic): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (c.req.path.startsWith('/_sandbox/')) {
      return next()
    }
    const entry = traffic.record(context, c.req.raw)
    c.set('entry', entry)
    const { outgoing } = c.env
    const gone = new AbortController()
    let dropped = false
    outgoing.once('close', () => {
      if (!outgoing.writableFinished && !dropped) {
        entry.aborted = true
      }
      gone.abort()
    })
    const drop = () => {
      dropped = true
      outgoing.destroy()
      c.res = undefined
      c.res = RESPONSE_ALREADY_SENT
      return c.res
    }
    const fault = traffic.fault(entry.method, entry.path)
    if (fault?.delayMs) {
      await setTimeout(fault.delayMs, undefined, { signal: gone.signal }).catch(() => undefined)
    }
    if (gone.signal.aborted) {
      return RESPONSE_ALREADY_SENT
    }
    if (fault?.drop === 'before') {
      return drop()
    }
    const answer = fault?.status ? canned(fault, fault.status) : await handled(c, next)
    entry.status = answer.status
    if (fault?.drop === 'after') {
      return drop()
    }
    if (fault?.drop === 'body') {
      const bytes = Buffer.from(await answer.arrayBuffer())
      outgoing.writeHead(answer.status, { ...Object.fromEntries(answer.headers), 'content-length': bytes.length })
      await new Promise<void>((done) => outgoing.write(bytes.subarray(0, bytes.length / 2), () => done()))
      return drop()
    }
    return answer
  }
}

async function handled(c: Parameters<MiddlewareHandler<Env>>[0], next: () => Promise<void>): Promise<Response> {
  await next()
  return c.res
}

function canned({ body, headers }: Fault, status: number): Response {
  if (body === undefined || typeof body === 'string') {
    return new Response(body ?? null, { status, ...(headers ? { headers } : {}) })
  }
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
}
