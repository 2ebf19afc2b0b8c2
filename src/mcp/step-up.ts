// Answers a call that needs more access than the connection has, so that the client can ask the person for more: HTTP 403 with the needed
// scopes (MCP authorization, scope challenges). The body is the result that a client without step-up shows its model.

import { covers, refusalOf } from '../access/access.ts'
import { isRecord } from '../base/json.ts'
import type { Bindings } from '../config/settings.ts'
import { settingsFor } from '../config/tenants.ts'
import { accessOf } from '../oauth/current-access.ts'
import { grantNameOf } from '../oauth/grant-name.ts'
import type { Challenge } from '../oauth/provider.ts'
import type { CallerRecord } from '../oauth/record.ts'
import { scopesFor } from '../oauth/scopes.ts'
import { riskOf } from '../tools/risk-of-call.ts'

/** The first revision whose clients sign in again after `insufficient_scope`. */
const SINCE = '2025-11-25'

/** The challenge for a message that needs more access; undefined if it doesn't, or if the client can't get more. */
export async function stepUp(
  request: Request,
  message: unknown,
  caller: CallerRecord,
  env: Bindings,
  challenge: Challenge,
): Promise<Response | undefined> {
  // SDK 1.x answers a challenge by a refresh, which keeps the scopes, and fails at a second one. Its tool call says what to do.
  if (caller.props.challenged) return undefined
  const { medplum, maxAccess } = settingsFor(env, caller.userId)
  // If the connection has ended, the tool says so.
  const access = await accessOf(caller, env).catch(() => undefined)
  // There is nothing to ask for if the connection already has the highest level.
  if (!access || covers(access.level, maxAccess)) return undefined
  if ((request.headers.get('mcp-protocol-version') ?? '') < SINCE) return undefined
  const risk = riskOf(message, medplum.fhirBase)
  const denial = risk && refusalOf(risk, access)
  if (!denial || !covers(maxAccess, denial.needed)) return undefined
  // If this note fails, the worst consequence is a second challenge.
  await env.GRANT.getByName(grantNameOf(caller))
    .challenged()
    .catch(() => {})
  const challenged = challenge(scopesFor(denial.needed))
  const id = isRecord(message) ? (message.id ?? null) : null
  const headers = new Headers(challenged.headers)
  headers.set('content-type', 'application/json')
  // ChatGPT reads the challenge in the result.
  const _meta = { 'mcp/www_authenticate': [headers.get('www-authenticate') ?? ''] }
  const result = { isError: true, content: [{ type: 'text', text: denial.message }], _meta }
  return new Response(JSON.stringify({ jsonrpc: '2.0', id, result }), { status: 403, headers })
}
