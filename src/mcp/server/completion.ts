// Completion of what a person types into a resource's address. Which ids exist depends on the caller's rights, but the SDK's completion
// callbacks don't get the caller, so the request is handled here.
import {
  type CompleteRequest,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server'

/** Proposes values for one variable. */
type Completer = (typed: string, given: Readonly<Record<string, string>>, ctx: ServerContext) => Promise<string[]>

/** Completers by URI template or name of a prompt, then by variable or argument. */
export type Completers = Readonly<Record<string, Readonly<Record<string, Completer>>>>

/** The most values that one answer may hold (MCP, server/utilities/completion). */
const MAX_VALUES = 100

/**
 * Answers `completion/complete`. Completion is optional help: if a completer fails, the answer is empty.
 *
 * @param known every template, resource and prompt, including those without completers
 */
export function registerCompletion(server: McpServer, known: Completers): void {
  server.server.setRequestHandler('completion/complete', async ({ params }: CompleteRequest, ctx) => {
    const { ref, argument, context } = params
    const name = ref.type === 'ref/resource' ? ref.uri : ref.name
    if (!Object.hasOwn(known, name)) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is nothing to complete under this name')
    }
    const completers = known[name] ?? {}
    const complete = Object.hasOwn(completers, argument.name) ? completers[argument.name] : undefined
    const all = (await complete?.(argument.value, context?.arguments ?? {}, ctx).catch(() => [])) ?? []
    const values = all.slice(0, MAX_VALUES)
    return { completion: { values, total: all.length, hasMore: all.length > values.length } }
  })
}
