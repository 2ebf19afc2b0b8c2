/** Controls for tests, in plain JSON under `/_sandbox/`: the request log, faults, settings. Mounted only on request. */
import { Hono } from 'hono'
import type { SandboxContext } from './core/context.ts'
import type { Env, Fault, Traffic } from './traffic.ts'

interface Settings {
  /** Seconds, for tokens issued from now on. */
  accessTokenLifetime?: number
  refreshTokenLifetime?: number
  /** How long jobs and exports take, if started from now on. */
  jobMs?: number
  /** Maximum wait for an agent that isn't connected. */
  agentWaitMs?: number
  /** How far the sandbox's clock is ahead of the machine's; negative: behind. */
  clockSkewMs?: number
}

export function controls(context: SandboxContext, traffic: Traffic, reset: () => void): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/log', (c) => c.json(traffic.log(Number(c.req.query('since') ?? 0))))
  app.delete('/log', (c) => {
    traffic.clearLog()
    return c.body(null, 204)
  })
  app.post('/faults', async (c) => {
    traffic.addFaults(await c.req.json<Fault[]>())
    return c.body(null, 204)
  })
  app.delete('/faults', (c) => {
    traffic.clearFaults()
    return c.body(null, 204)
  })
  app.put('/settings', async (c) => {
    const settings = await c.req.json<Settings>()
    context.lifetimes.access = settings.accessTokenLifetime ?? context.lifetimes.access
    context.lifetimes.refresh = settings.refreshTokenLifetime ?? context.lifetimes.refresh
    context.jobs.ms = settings.jobMs ?? context.jobs.ms
    context.agents.waitMs = settings.agentWaitMs ?? context.agents.waitMs
    context.clock.skewMs = settings.clockSkewMs ?? context.clock.skewMs
    const { access, refresh } = context.lifetimes
    const [jobMs, agentWaitMs, clockSkewMs] = [context.jobs.ms, context.agents.waitMs, context.clock.skewMs]
    return c.json({ accessTokenLifetime: access, refreshTokenLifetime: refresh, jobMs, agentWaitMs, clockSkewMs })
  })
  app.post('/expire-access-tokens', (c) => {
    context.logins.expireAccessTokens()
    return c.body(null, 204)
  })
  app.post('/revoke', async (c) => {
    const { email } = await c.req.json<{ email: string }>()
    const logins = context.logins.ofUser(email)
    for (const login of logins) {
      login.revoked = true
    }
    return c.json({ revoked: logins.length })
  })
  app.get('/hl7', (c) => c.json({ messages: context.agents.received }))
  app.get('/secrets', (c) => c.json({ secrets: [...context.secrets] }))
  app.post('/reset', (c) => {
    reset()
    return c.body(null, 204)
  })
  return app
}
