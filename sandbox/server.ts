/**
 * A small stand-in for a Medplum server 5.1.17, to develop and test against without an account. It keeps everything in
 * memory and forgets it when it stops. Never put it on a network: the passwords are in this repository.
 */

import { once } from 'node:events'
import { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { addRoutes, loginApp } from './app.ts'
import { controls } from './control.ts'
import { Agents } from './core/connected-agents.ts'
import type { SandboxContext } from './core/context.ts'
import { Jobs } from './core/job-queue.ts'
import { LISTENER_URL, startListener } from './core/listener.ts'
import { Logins } from './core/logins.ts'
import { Limits, type RequestLimits } from './core/ratelimit.ts'
import type { World } from './core/seed.ts'
import { firstVersions, Store } from './core/store.ts'
import { loadDefinitions } from './definitions.ts'
import { SavedState } from './saved.ts'
import { type Env, observe, Traffic } from './traffic.ts'
import { clinicWorld } from './world.ts'

/** Longer than any pause in a test. */
const KEEP_ALIVE_MS = 600_000

export interface SandboxOptions {
  /** 0 (the default) takes a free port. */
  port?: number
  /** Port of the login page, which has its own origin as in Medplum; 0 (the default) takes a free one. */
  appPort?: number
  /** The prefix of its paths, such as `projects/ID/`: a Medplum of 5.2 has a base and an issuer for each project. */
  path?: string
  /** Address to listen on; URLs say `localhost` regardless. */
  host?: string
  /** What exists at the start; the clinic by default. */
  world?: World
  /** Seconds. */
  accessTokenLifetime?: number
  /** Seconds. */
  refreshTokenLifetime?: number
  /** More redirect URIs for the MCP server's client in the default world. */
  redirectUris?: string[]
  /** Mounts `/_sandbox/`, which anyone who can reach the port can use. */
  control?: boolean
  requestLimits?: RequestLimits
  /** GraphQL introspection, off by default as in Medplum. */
  introspection?: boolean
  /** How long asynchronous jobs and exports take, in ms. */
  jobMs?: number
  /** Maximum wait for an agent that isn't connected, in ms; Medplum always waits for the whole timeout. */
  agentWaitMs?: number
  /** A file that keeps records and logins from one run to the next. */
  state?: string
  /** ms since 1970 */
  now?: () => number
}

export interface Sandbox {
  /** Ends with a slash. */
  baseUrl: string
  /** Where the login page is; ends with a slash. */
  appUrl: string
  port: number
  /** Stops only the login page. */
  stopApp(): Promise<void>
  close(): Promise<void>
}

export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  loadDefinitions()
  const clock = { skewMs: 0 }
  const machine = options.now ?? Date.now
  const now = () => machine() + clock.skewMs
  const world = options.world ?? clinicWorld(options.redirectUris)
  const lifetimes = { access: options.accessTokenLifetime ?? 3600, refresh: options.refreshTokenLifetime ?? 1_209_600 }
  const { jobMs = 300, agentWaitMs = 1000 } = options
  const listener = await startListener(now)
  const secrets = new Set(secretsOf(world))
  const context: SandboxContext = {
    baseUrl: '',
    appUrl: '',
    now,
    clock,
    world,
    store: new Store(),
    logins: new Logins({ baseUrl: () => context.baseUrl, now, secrets }),
    limits: new Limits(now, options.requestLimits),
    jobs: new Jobs(now, jobMs),
    agents: new Agents(listener, now, world.connectedAgents ?? [], agentWaitMs),
    lifetimes: { ...lifetimes },
    secrets,
    introspection: options.introspection ?? false,
  }
  const traffic = new Traffic()
  const resources = world.resources.map((one) =>
    one.resourceType === 'Device' && one.url === LISTENER_URL ? { ...one, url: listener.url } : one,
  )
  const seed = firstVersions(resources, world.lastUpdated ?? new Date(now()).toISOString())
  const reset = () => {
    context.store.load(seed)
    context.logins.clear()
    context.limits.clear()
    context.jobs.clear()
    context.jobs.ms = jobMs
    context.agents.clear()
    context.agents.waitMs = agentWaitMs
    clock.skewMs = 0
    Object.assign(context.lifetimes, lifetimes)
    traffic.clearLog()
    traffic.clearFaults()
  }
  reset()
  const state = options.state === undefined ? undefined : new SavedState(context, options.state)
  await state?.restore()

  const app = new Hono<Env>()
  app.use('*', async (_, next) => {
    await next()
    state?.touch()
  })
  if (options.control) {
    app.use('*', observe(context, traffic))
    app.route('/_sandbox', controls(context, traffic, reset))
  }
  addRoutes(app, context)

  const host = options.host ?? '127.0.0.1'
  const path = options.path ?? ''
  const rooted = path === '' ? app : new Hono<Env>().mount(`/${path}`, app.fetch)
  const api = await serve(rooted.fetch, options.port ?? 0, host)
  const login = await serve(loginApp(context).fetch, options.appPort ?? 0, host).catch(async (error: unknown) => {
    await api.close()
    throw error
  })
  context.baseUrl = `http://localhost:${api.port}/${path}`
  context.appUrl = `http://localhost:${login.port}/`
  return {
    baseUrl: context.baseUrl,
    appUrl: context.appUrl,
    port: api.port,
    stopApp: login.close,
    async close() {
      await Promise.all([api.close(), login.close()])
      await listener.close()
      await state?.close()
    },
  }
}

/** @param port 0 for a free one */
async function serve(fetch: Parameters<typeof createAdaptorServer>[0]['fetch'], port: number, host: string) {
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false })
  // With Node's default of five seconds, it could close a connection just as a client sends its next request on it.
  if (server instanceof Server) server.keepAliveTimeout = KEEP_ALIVE_MS
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      if (!server.listening) return
      server.close()
      if (server instanceof Server) server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function secretsOf(world: World): string[] {
  const clients = world.resources.filter((resource) => resource.resourceType === 'ClientApplication')
  return [...Object.values(world.passwords), ...clients.flatMap((client) => client.secret ?? [])]
}
