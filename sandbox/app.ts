/** All routes of a sandbox. Other paths get Express's "Cannot GET …". */
import { OperationOutcomeError } from '@medplum/core'
import { type Context, Hono } from 'hono'
import { fhirHandler } from './fhir.ts'
import { cannot, json, outcome, plain } from './ground/answers.ts'
import { authenticate, type Caller, refuse } from './ground/caller.ts'
import type { Ground } from './ground/ground.ts'
import { LimitReached } from './ground/ratelimit.ts'
import { readBody } from './http/body.ts'
import { authorize, type LoginRequest } from './oauth/authorize.ts'
import { authorizationServer, protectedResource, smartConfiguration } from './oauth/discovery.ts'
import { showLoginPage, submitLoginPage } from './oauth/login.ts'
import { introspect, loginCall, logOut, me, profileCall, register, userinfo } from './oauth/session.ts'
import { loginBehind, token } from './oauth/token.ts'
import { storedFile } from './records/storage.ts'
import type { Env } from './traffic.ts'

/** The login page, the only part of Medplum's App that the sandbox has; it has its own origin. */
export function loginApp(ground: Ground): Hono {
  return new Hono()
    .get('/oauth', (c) => showLoginPage(ground, new URL(c.req.url).searchParams))
    .post('/oauth', async (c) => submitLoginPage(ground, new URLSearchParams(await c.req.text())))
}

export function addRoutes(app: Hono<Env>, ground: Ground): void {
  const query = (c: Context<Env>) => new URL(c.req.url).searchParams
  const form = async (c: Context<Env>) => new URLSearchParams(await c.req.text())
  const signedIn = (answer: (caller: Caller) => Response) => async (c: Context<Env>) => {
    const authorization = c.req.header('authorization')
    const caller = await authenticate(ground, authorization)
    return caller ? answer(caller) : refuse(ground, authorization)
  }

  app.use('*', async (c, next) => {
    const kind = /^\/(oauth2|auth)\//.test(c.req.path) && c.req.path !== '/auth/me' ? 'auth' : 'requests'
    try {
      const header = ground.limits.request(kind, c.env.incoming.socket.remoteAddress ?? '')
      await next()
      const quota = c.res.headers.get('x-sandbox-quota')
      c.res.headers.delete('x-sandbox-quota')
      c.res.headers.set('ratelimit', quota ? `${header}, ${quota}` : header)
    } catch (error) {
      if (!(error instanceof LimitReached)) {
        throw error
      }
      c.res = outcome(error.outcome, { ratelimit: error.header })
    }
  })

  const metadata = () => json(authorizationServer(ground.baseUrl))
  app.get('/.well-known/openid-configuration', metadata)
  app.get('/.well-known/oauth-authorization-server', metadata)
  app.get('/.well-known/smart-configuration', () => json(smartConfiguration(ground.baseUrl)))
  app.get('/.well-known/oauth-protected-resource', (c) =>
    json(protectedResource(ground.baseUrl, c.req.query('resource') ?? null)),
  )
  app.get('/.well-known/jwks.json', async () => json({ keys: [await ground.logins.publicKey()] }))

  app.get('/oauth2/authorize', (c) => authorize(ground, query(c)))
  app.post('/oauth2/authorize', async (c) => authorize(ground, await form(c)))
  app.post('/oauth2/token', async (c) => {
    const body = await c.req.text()
    const entry = c.get('entry')
    if (entry) {
      const fields = new URLSearchParams(body)
      entry.user = loginBehind(ground, fields)?.email ?? null
      entry.grantType = fields.get('grant_type') ?? ''
    }
    return token(ground, c.req.raw.headers, body)
  })
  app.on(
    ['GET', 'POST'],
    '/oauth2/userinfo',
    signedIn((caller) => userinfo(ground, caller)),
  )
  app.on(['GET', 'POST'], '/oauth2/logout', signedIn(logOut))
  app.post('/oauth2/introspect', async (c) => introspect(ground, await form(c)))
  app.post('/oauth2/register', async (c) => register(ground, await c.req.json()))

  app.get(
    '/auth/me',
    signedIn((caller) => me(ground, caller)),
  )
  app.post('/auth/login', async (c) => loginCall(ground, (await readBody(c.req.raw)) as LoginRequest))
  app.post('/auth/profile', async (c) => profileCall(ground, (await readBody(c.req.raw)) as { login?: unknown }))

  const fhir = fhirHandler(ground)
  app.all('/fhir/R4', (c) => fhir(c.req.raw))
  app.all('/fhir/R4/*', (c) => fhir(c.req.raw))

  app.get('/storage/*', (c) => storedFile(ground, new URL(c.req.url)))

  app.get('/healthcheck', () => json({ ok: true, version: '5.1.17-sandbox' }))
  app.get('/robots.txt', () => plain('User-agent: *\nDisallow: /', 200))
  app.notFound((c) => cannot(c.req.method, new URL(c.req.url).pathname))
  app.onError((error) => {
    if (error instanceof OperationOutcomeError) {
      return outcome(error.outcome)
    }
    console.error(error)
    return json({ msg: 'Internal Server Error' }, 500)
  })
}
