// What a client says about itself in a call: how it can ask the person, whether it wants progress, and its trace context.

import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type { Progress } from '../../client/job.ts'
import type { Asking, ConfirmPolicy } from './tool.ts'

/** Whether and how the client can ask the person: it says so in each request of 2026-07-28, or once in a 2025 session. */
export function askingOf(ctx: ServerContext, { server }: McpServer, policy: ConfirmPolicy): Asking {
  const { mcpReq } = ctx
  const envelope: { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } = mcpReq.envelope ?? {}
  const elicitation = (envelope[CLIENT_CAPABILITIES_META_KEY] ?? server.getClientCapabilities())?.elicitation
  const pages = elicitation?.url !== undefined
  return {
    policy,
    // Without a mode it means forms, as before modes were introduced.
    forms: elicitation !== undefined && (elicitation.form !== undefined || !pages),
    pages,
    session: pages ? ctx.sessionId : undefined,
    responses: mcpReq.inputResponses,
    state: mcpReq.requestState(),
  }
}

/** Progress notifications, for a client that gave a token; they rise strictly (MCP, utilities/progress). */
export function progressOf(ctx: ServerContext): Progress {
  const progressToken = ctx.mcpReq._meta?.progressToken
  let last = 0
  return async (progress, total, message) => {
    if (progressToken === undefined || progress <= last) return
    last = progress
    const params = { progressToken, progress, message, ...(total !== undefined && { total }) }
    // Progress is optional: the work continues if it can't be sent.
    await ctx.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {})
  }
}

/** W3C Trace Context (traceparent, version 00), if the client gave a well-formed one. */
export function traceparentOf(ctx: ServerContext): string | undefined {
  const value = ctx.mcpReq._meta?.traceparent
  return typeof value === 'string' && /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(value)
    ? value
    : undefined
}
