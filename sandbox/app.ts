/** All routes of a sandbox. Other paths get Express's "Cannot GET …". */
import { OperationOutcomeError } from '@medplum/core'
import { type Context, Hono } from 'hono'
import { cannotPage, json, outcome, plainPage } from './core/answers.ts'
import { authenticate, type Caller, refuse } from './core/caller.ts'
import type { SandboxContext } from './core/context.ts'
import { LimitReached } from './core/ratelimit.ts'
import { fhirHandler } from './fhir.ts'
import { readBody } from './http/body.ts'
import { authorize, type LoginRequest } from './oauth/authorize.ts'
import { authorizationServer, protectedResource, smartConfiguration } from './oauth/discovery.ts'
import { showLoginPage, submitLoginPage } from './oauth/login.ts'
import { introspect, loginCall, logOut, me, profileCall, register, userinfo } from './oauth/session.ts'
import { loginBehind, token } from './oauth/token.ts'
import { storedFile } from './records/storage.ts'
import type { Env } from './traffic.ts'

/** The login page, the only part of Medplum's App that the sandbox has; it has its own origin. */
export function loginApp(context: SandboxContext): Hono {
  return new Hono()
    .get('/oauth', (c) => showLoginPage(context, new URL(c.req.url).searchParams))
    .post('/oauth', async (c) => submitLoginPage(context, new URLSearchParams(await c.req.text())))
}

export function addRoutes(app: Hono<Env>, context: SandboxContext): void {
  const query = (c: Context<Env>) => new URL(c.req.url).searchParams
  const form = async (c: Context<Env>) => new URLSearchParams(await c.req.text())
  const signedIn = (answer: (caller: Caller) => Response) => async (c: Context<Env>) => {
    const authorization = c.req.header('authorization')
    const caller = await authenticate(context, authorization)
    return caller ? answer(caller) : refuse(context, authorization)
  }

  app.use('*', async (c, next) => {
    const kind = /^\/(oauth2|auth)\//.test(c.req.path) && c.req.path !== '/auth/me' ? 'auth' : 'requests'
    try {
      const header = context.limits.request(kind, c.env.incoming.socket.remoteAddress ?? '')
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

  const metadata = () => json(authorizationServer(context.baseUrl))
  app.get('/.well-known/openid-configuration', metadata)
  app.get('/.well-known/oauth-authorization-server', metadata)
  app.get('/.well-known/smart-configuration', () => json(smartConfiguration(context.baseUrl)))
  app.get('/.well-known/oauth-protected-resource', (c) =>
    json(protectedResource(context.baseUrl, c.req.query('resource') ?? null)),
  )
  app.get('/.well-known/jwks.json', async () => json({ keys: [await context.logins.publicKey()] }))

  app.get('/oauth2/authorize', (c) => authorize(context, query(c)))
  app.post('/oauth2/authorize', async (c) => authorize(context, await form(c)))
  app.post('/oauth2/token', async (c) => {
    const body = await c.req.text()
    const entry = c.get('entry')
    if (entry) {
      const fields = new URLSearchParams(body)
      entry.user = loginBehind(context, fields)?.email ?? null
      entry.grantType = fields.get('grant_type') ?? ''
    }
    return token(context, c.req.raw.headers, body)
  })
  app.on(
    ['GET', 'POST'],
    '/oauth2/userinfo',
    signedIn((caller) => userinfo(context, caller)),
  )
  app.on(['GET', 'POST'], '/oauth2/logout', signedIn(logOut))
  app.post('/oauth2/introspect', async (c) => introspect(context, await form(c)))
  app.post('/oauth2/register', async (c) => register(context, await c.req.json()))

  app.get(
    '/auth/me',
    signedIn((caller) => me(context, caller)),
  )
  app.post('/auth/login', async (c) => loginCall(context, (await readBody(c.req.raw)) as LoginRequest))
  app.post('/auth/profile', async (c) => profileCall(context, (await readBody(c.req.raw)) as { login?: unknown }))

  const fhir = fhirHandler(context)
  app.all('/fhir/R4', (c) => fhir(c.req.raw))
  app.all('/fhir/R4/*', (c) => fhir(c.req.raw))

  app.get('/storage/*', (c) => storedFile(context, new URL(c.req.url)))

  app.get('/healthcheck', () => json({ ok: true, version: '5.1.17-sandbox' }))
  app.get('/robots.txt', () => plainPage('User-agent: *\nDisallow: /', 200))
  app.notFound((c) => cannotPage(c.req.method, new URL(c.req.url).pathname))
  app.onError((error) => {
    if (error instanceof OperationOutcomeError) {
      return outcome(error.outcome)
    }
    console.error(error)
    return json({ msg: 'Internal Server Error' }, 500)
  })
}
