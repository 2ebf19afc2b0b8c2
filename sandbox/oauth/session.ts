/** Endpoints about a login: the login page's JSON API, `/auth/me`, userinfo, introspection, logout and client registration. */
import { allOk, badRequest } from '@medplum/core'
import type { Practitioner, ProjectMembership, UserConfiguration } from '@medplum/fhirtypes'
import { policyOf } from '../core/access.ts'
import { json, oauthError, outcome } from '../core/answers.ts'
import type { Caller } from '../core/caller.ts'
import type { SandboxContext } from '../core/context.ts'
import { membershipsOf } from '../core/directory.ts'
import { type LoginRequest, logIn } from './authorize.ts'

/** POST /auth/login */
export function loginCall(context: SandboxContext, request: LoginRequest): Response {
  const { id, code, membershipId, user } = logIn(context, request)
  if (membershipId) {
    return json({ login: id, code })
  }
  const memberships = membershipsOf(context.store, user).map((one) => ({
    id: one.id,
    project: one.project,
    profile: one.profile,
  }))
  return json({ login: id, memberships })
}

/** POST /auth/profile: chooses one of several memberships */
export function profileCall(context: SandboxContext, request: { login?: unknown; profile?: unknown }): Response {
  const login = context.logins.get(request.login)
  if (!login) {
    return outcome(badRequest('Login not found'))
  }
  const membership = context.store.get<ProjectMembership>(`ProjectMembership/${request.profile}`)
  if (!membership) {
    return outcome(badRequest('Profile not found'))
  }
  if (membership.user.reference !== login.user) {
    return outcome(badRequest('Invalid profile'))
  }
  if (login.membershipId) {
    return outcome(badRequest('Login profile already set'))
  }
  login.membershipId = membership.id
  return json({ login: login.id, code: login.code })
}

/** GET /auth/me */
export function me(context: SandboxContext, caller: Caller): Response {
  const { project, membership, login } = caller
  const user = membership.user.reference?.startsWith('User/')
    ? { resourceType: 'User', id: membership.user.reference.slice(5), email: login?.email }
    : undefined
  const { id, name, features, strictMode } = project
  const { meta, ...ownMembership } = membership
  const config: UserConfiguration = {
    resourceType: 'UserConfiguration',
    menu: [{ title: 'Favorites', link: [{ name: 'Patients', target: '/Patient' }] }],
  }
  return json({
    user,
    project: { resourceType: 'Project', id, name, features, strictMode },
    membership: ownMembership,
    profile: context.store.get(membership.profile?.reference),
    config,
    accessPolicy: { resourceType: 'AccessPolicy', resource: policyOf(context.store, caller) },
    security: {
      mfaEnrolled: false,
      sessions: login ? [{ id: login.id, lastUpdated: new Date(login.authTime).toISOString() }] : [],
      memberships: membershipsOf(context.store, membership.user.reference ?? '').map(({ meta: _, ...one }) => one),
    },
  })
}

/** /oauth2/userinfo (OpenID Connect Core section 5.3) */
export function userinfo(context: SandboxContext, caller: Caller): Response {
  const scopes = caller.scope.split(' ')
  const { membership, login } = caller
  const profile = context.store.get<Practitioner>(membership.profile?.reference)
  const name = profile?.name?.[0]
  const claims: Record<string, unknown> = { sub: login?.user.split('/')[1] }
  if (scopes.includes('profile') && profile) {
    Object.assign(claims, {
      profile: membership.profile?.reference,
      locale: 'en-US',
      updated_at: Date.parse(profile.meta.lastUpdated) / 1000,
      name: membership.profile?.display,
      family_name: name?.family ?? '',
      given_name: name?.given?.[0] ?? '',
      middle_name: name?.given?.[1] ?? '',
      birthdate: profile.birthDate,
      gender: profile.gender,
    })
  }
  if (scopes.includes('email') && login?.email) {
    Object.assign(claims, { email: login.email, email_verified: false })
  }
  return json(claims)
}

/** RFC 7662. As in Medplum, works for refresh tokens too and needs no authentication. */
export async function introspect(context: SandboxContext, form: URLSearchParams): Promise<Response> {
  const token = form.get('token')
  if (!token) {
    return outcome(badRequest('Missing token'))
  }
  const claims = await context.logins.verify(token)
  const login = context.logins.get(claims?.login_id)
  if (!claims || !login || login.revoked) {
    return json({ active: false })
  }
  return json({
    active: true,
    iat: claims.iat,
    exp: claims.exp,
    iss: claims.iss,
    sub: claims.sub,
    client_id: login.clientId,
    scope: login.scope,
  })
}

/** Revokes the login: its access and refresh tokens stop working at once. */
export function logOut(caller: Caller): Response {
  if (caller.login) {
    caller.login.revoked = true
  }
  return outcome(allOk)
}

/** Registers no new client: returns an existing one that was set up for these redirect URIs. */
export function register(context: SandboxContext, body: { redirect_uris?: string[] }): Response {
  const known = context.world.registrable
  if (!known || !body.redirect_uris?.length || !body.redirect_uris.every((uri) => known.redirectUris.includes(uri))) {
    return oauthError('invalid_request', 'Invalid redirect URI')
  }
  const { clientId, redirectUris } = known
  return json(
    { client_id: clientId, client_id_issued_at: Math.floor(context.now() / 1000), redirect_uris: redirectUris },
    201,
  )
}
