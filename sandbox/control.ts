/** What tests can ask of a sandbox, in plain JSON below `/_sandbox/`. Mounted only on request. */
import { Hono } from 'hono'
import type { Ground } from './ground/ground.ts'
import type { Env, Fault, Traffic } from './traffic.ts'

interface Settings {
  /** Seconds, for tokens issued from now on. */
  accessTokenLifetime?: number
  refreshTokenLifetime?: number
  /** How long jobs and exports take that are started from now on. */
  jobMs?: number
  /** How long at most to wait for an agent that isn't connected. */
  agentWaitMs?: number
  /** How far the sandbox's clock is ahead of the machine's; negative: behind. */
  clockSkewMs?: number
}

export function controls(ground: Ground, traffic: Traffic, reset: () => void): Hono<Env> {
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
    ground.lifetimes.access = settings.accessTokenLifetime ?? ground.lifetimes.access
    ground.lifetimes.refresh = settings.refreshTokenLifetime ?? ground.lifetimes.refresh
    ground.jobs.ms = settings.jobMs ?? ground.jobs.ms
    ground.agents.waitMs = settings.agentWaitMs ?? ground.agents.waitMs
    ground.clock.skewMs = settings.clockSkewMs ?? ground.clock.skewMs
    const { access, refresh } = ground.lifetimes
    const [jobMs, agentWaitMs, clockSkewMs] = [ground.jobs.ms, ground.agents.waitMs, ground.clock.skewMs]
    return c.json({ accessTokenLifetime: access, refreshTokenLifetime: refresh, jobMs, agentWaitMs, clockSkewMs })
  })
  app.post('/expire-access-tokens', (c) => {
    ground.logins.expireAccessTokens()
    return c.body(null, 204)
  })
  app.post('/revoke', async (c) => {
    const { email } = await c.req.json<{ email: string }>()
    const logins = ground.logins.ofUser(email)
    for (const login of logins) {
      login.revoked = true
    }
    return c.json({ revoked: logins.length })
  })
  app.get('/hl7', (c) => c.json({ messages: ground.agents.received }))
  app.get('/secrets', (c) => c.json({ secrets: [...ground.secrets] }))
  app.post('/reset', (c) => {
    reset()
    return c.body(null, 204)
  })
  return app
}
