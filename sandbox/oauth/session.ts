/** The calls about a login itself: the login page's JSON API, who am I, introspection, logout. */
import { allOk, badRequest } from '@medplum/core'
import type { Practitioner, ProjectMembership, UserConfiguration } from '@medplum/fhirtypes'
import { policyOf } from '../ground/access.ts'
import { json, oauthError, outcome } from '../ground/answers.ts'
import type { Caller } from '../ground/caller.ts'
import { membershipsOf } from '../ground/directory.ts'
import type { Ground } from '../ground/ground.ts'
import { type LoginRequest, logIn } from './authorize.ts'

/** POST /auth/login */
export function loginCall(ground: Ground, request: LoginRequest): Response {
  const { id, code, membershipId, user } = logIn(ground, request)
  if (membershipId) {
    return json({ login: id, code })
  }
  const memberships = membershipsOf(ground.store, user).map((one) => ({
    id: one.id,
    project: one.project,
    profile: one.profile,
  }))
  return json({ login: id, memberships })
}

/** POST /auth/profile: chooses one of several memberships */
export function profileCall(ground: Ground, request: { login?: unknown; profile?: unknown }): Response {
  const login = ground.logins.get(request.login)
  if (!login) {
    return outcome(badRequest('Login not found'))
  }
  const membership = ground.store.get<ProjectMembership>(`ProjectMembership/${request.profile}`)
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
export function me(ground: Ground, caller: Caller): Response {
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
    profile: ground.store.get(membership.profile?.reference),
    config,
    accessPolicy: { resourceType: 'AccessPolicy', resource: policyOf(ground.store, caller) },
    security: {
      mfaEnrolled: false,
      sessions: login ? [{ id: login.id, lastUpdated: new Date(login.authTime).toISOString() }] : [],
      memberships: membershipsOf(ground.store, membership.user.reference ?? '').map(({ meta: _, ...one }) => one),
    },
  })
}

/** /oauth2/userinfo (OpenID Connect Core section 5.3) */
export function userinfo(ground: Ground, caller: Caller): Response {
  const scopes = caller.scope.split(' ')
  const { membership, login } = caller
  const profile = ground.store.get<Practitioner>(membership.profile?.reference)
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

/** RFC 7662; answers for refresh tokens too, and asks for no authentication. */
export async function introspect(ground: Ground, form: URLSearchParams): Promise<Response> {
  const token = form.get('token')
  if (!token) {
    return outcome(badRequest('Missing token'))
  }
  const claims = await ground.logins.verify(token)
  const login = ground.logins.get(claims?.login_id)
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

/** Revokes the login: its access and refresh tokens are dead at once. */
export function logOut(caller: Caller): Response {
  if (caller.login) {
    caller.login.revoked = true
  }
  return outcome(allOk)
}

/** Not open registration: hands out a client that was set up for exactly this redirect URI. */
export function register(ground: Ground, body: { redirect_uris?: string[] }): Response {
  const known = ground.world.registrable
  if (!known || !body.redirect_uris?.length || !body.redirect_uris.every((uri) => known.redirectUris.includes(uri))) {
    return oauthError('invalid_request', 'Invalid redirect URI')
  }
  const { clientId, redirectUris } = known
  return json(
    { client_id: clientId, client_id_issued_at: Math.floor(ground.now() / 1000), redirect_uris: redirectUris },
    201,
  )
}
