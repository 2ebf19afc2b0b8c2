// Completes a sign-in that Medplum accepted: exchanges the code, creates the grant, and stores Medplum's tokens in the grant's object.

import type { AuthRequest, OAuthHelpers } from '@cloudflare/workers-oauth-provider'
import type { Narrowing } from '../../access/narrow/narrowing.ts'
import { auditOAuth } from '../../audit/audit.ts'
import { newKey } from '../../base/seal.ts'
import type { Bindings, Settings } from '../../config/settings.ts'
import { metadataOf } from '../../oauth/grant-metadata.ts'
import { grantOf } from '../../oauth/grant-name.ts'
import { exchangeCode, type LoginSecrets, logOut, type SignIn } from '../../oauth/medplum.ts'
import type { GrantProps } from '../../oauth/record.ts'
import { levelOf } from '../../oauth/scopes.ts'
import type { BrowserMark } from './browser-mark.ts'

/** What is carried through Medplum's login in addition to the client's request. */
export interface LoginData extends LoginSecrets {
  mark: BrowserMark
  clientName: string
  narrowing: Narrowing
}

/** Completes the sign-in. If that fails, the login at Medplum is ended, since its tokens would be lost. */
export async function complete(
  settings: Settings,
  oauth: OAuthHelpers,
  env: Bindings,
  request: AuthRequest,
  code: string,
  data: LoginData,
): Promise<string> {
  const login = await exchangeCode(settings, code, data)
  try {
    return await createGrant(login, oauth, env, request, data)
  } catch (error) {
    await logOut(settings, login.tokens.accessToken)
    throw error
  }
}

/** Creates the grant at the provider, and stores Medplum's tokens in the grant's object. */
async function createGrant(
  login: SignIn,
  oauth: OAuthHelpers,
  env: Bindings,
  request: AuthRequest,
  data: LoginData,
): Promise<string> {
  const props: GrantProps = {
    vaultKey: newKey(),
    accessToken: login.tokens.accessToken,
    accessExpiresAt: login.tokens.accessExpiresAt,
    profile: login.profile,
    project: login.project,
    clientName: data.clientName,
    narrowing: data.narrowing,
  }
  const { redirectTo } = await oauth.completeAuthorization({
    request,
    userId: login.userId,
    metadata: metadataOf(data.clientName, data.narrowing, data.mark),
    scope: request.scope,
    props,
    // The grant's object ends earlier grants once this one is active.
    revokeExistingGrants: false,
  })
  const name = grantOf(new URL(redirectTo).searchParams.get('code') ?? '')
  if (!name) throw new Error('The provider issued a code that names no grant')
  await env.GRANT.getByName(name).keep(props.vaultKey, login.tokens)
  const level = levelOf(request.scope)
  const subject = { userId: login.userId, clientId: request.clientId }
  await auditOAuth({ decision: 'signed_in', ...(level && { level }) }, subject, env)
  return redirectTo
}
