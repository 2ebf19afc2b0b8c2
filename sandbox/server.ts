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
import { loadDefinitions } from './definitions.ts'
import { Agents } from './ground/connected-agents.ts'
import type { Ground } from './ground/ground.ts'
import { Jobs } from './ground/job-queue.ts'
import { LISTENER_URL, startListener } from './ground/listener.ts'
import { Logins } from './ground/logins.ts'
import { Limits, type RequestLimits } from './ground/ratelimit.ts'
import type { World } from './ground/seed.ts'
import { firstVersions, Store } from './ground/store.ts'
import { State } from './saved.ts'
import { type Env, observe, Traffic } from './traffic.ts'
import { clinicWorld } from './world.ts'

/** Longer than tests pause. */
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
  /** Who and what exists. */
  world?: World
  /** Seconds. */
  accessTokenLifetime?: number
  /** Seconds. */
  refreshTokenLifetime?: number
  /** More redirect URIs for the MCP server's client in the default world. */
  redirectUris?: string[]
  /** Mounts `/_sandbox/`, which anybody who reaches the port may use. */
  control?: boolean
  requestLimits?: RequestLimits
  /** GraphQL introspection, off by default as in Medplum. */
  introspection?: boolean
  /** How long asynchronous jobs and exports take, in ms. */
  jobMs?: number
  /** How long at most to wait for an agent that isn't connected, in ms; Medplum takes the whole time it was given. */
  agentWaitMs?: number
  /** File that keeps records and logins from one run to the next. */
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
  /** Stops the login page alone. */
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
  const ground: Ground = {
    baseUrl: '',
    appUrl: '',
    now,
    clock,
    world,
    store: new Store(),
    logins: new Logins({ baseUrl: () => ground.baseUrl, now, secrets }),
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
    ground.store.load(seed)
    ground.logins.clear()
    ground.limits.clear()
    ground.jobs.clear()
    ground.jobs.ms = jobMs
    ground.agents.clear()
    ground.agents.waitMs = agentWaitMs
    clock.skewMs = 0
    Object.assign(ground.lifetimes, lifetimes)
    traffic.clearLog()
    traffic.clearFaults()
  }
  reset()
  const state = options.state === undefined ? undefined : new State(ground, options.state)
  await state?.restore()

  const app = new Hono<Env>()
  app.use('*', async (_, next) => {
    await next()
    state?.touch()
  })
  if (options.control) {
    app.use('*', observe(ground, traffic))
    app.route('/_sandbox', controls(ground, traffic, reset))
  }
  addRoutes(app, ground)

  const host = options.host ?? '127.0.0.1'
  const path = options.path ?? ''
  const rooted = path === '' ? app : new Hono<Env>().mount(`/${path}`, app.fetch)
  const api = await serve(rooted.fetch, options.port ?? 0, host)
  const login = await serve(loginApp(ground).fetch, options.appPort ?? 0, host).catch(async (error: unknown) => {
    await api.close()
    throw error
  })
  ground.baseUrl = `http://localhost:${api.port}/${path}`
  ground.appUrl = `http://localhost:${login.port}/`
  return {
    baseUrl: ground.baseUrl,
    appUrl: ground.appUrl,
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
  // After Node's five seconds it would close a connection just when a client sends its next request on it.
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
