// One tool = one value. This file is the only one that turns what a tool returns or throws into an MCP result.
import type { CallToolResult, McpServer, ServerContext } from '@modelcontextprotocol/server'
import type * as z from 'zod'
import type { Caller } from '../caller.ts'
import { SessionError } from '../caller.ts'
import { FhirClient, TransportError } from '../fhir/client.ts'
import { FhirError } from '../fhir/outcome.ts'
import { PathError } from '../fhir/path.ts'

/** A wrong argument. The message is for the model: which argument, what is wrong, what a right one looks like. */
export class UserError extends Error {
  override readonly name = 'UserError'
}

/** What a tool works with. */
export interface ToolContext {
  caller: Caller
  fhir: FhirClient
  /** Aborts when the client cancels the call or hangs up. */
  signal: AbortSignal
}

export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  name: string
  title: string
  /** What it does, returns and is not for; under 1,000 characters, no commands to the model. */
  description: string
  input: Input
  /** All four hints of the specification: none may be left to a default. */
  hints: { readOnly: boolean; destructive: boolean; idempotent: boolean; openWorld: boolean }
  /** @returns the text for the model */
  run(args: z.output<Input>, context: ToolContext): Promise<string>
}

/** A tool, checked by its type; the identity function. */
export function defineTool<Input extends z.ZodObject>(tool: Tool<Input>): Tool<Input> {
  return tool
}

/** What a request brings along besides its arguments. */
export interface CallSupport {
  /** The caller that the request's verified token stands for. */
  caller(ctx: ServerContext): Caller
  timeoutMs: number
}

/** Offers a tool on a server. */
export function register<Input extends z.ZodObject>(server: McpServer, tool: Tool<Input>, support: CallSupport): void {
  const { readOnly, destructive, idempotent, openWorld } = tool.hints
  server.registerTool(
    tool.name,
    {
      title: tool.title,
      description: tool.description,
      inputSchema: tool.input as z.ZodObject,
      annotations: {
        title: tool.title,
        readOnlyHint: readOnly,
        destructiveHint: destructive,
        idempotentHint: idempotent,
        openWorldHint: openWorld,
      },
    },
    (args: unknown, ctx: ServerContext) =>
      asResult(async () => {
        const caller = support.caller(ctx)
        const fhir = new FhirClient(caller.medplum, support.timeoutMs)
        return tool.run(args as z.output<Input>, { caller, fhir, signal: ctx.mcpReq.signal })
      }),
  )
}

/** The one error boundary: errors made for the model reach it in their words, any other only as a number to report. */
async function asResult(run: () => Promise<string>): Promise<CallToolResult> {
  try {
    return { content: [{ type: 'text', text: await run() }] }
  } catch (error) {
    return { content: [{ type: 'text', text: explain(error) }], isError: true }
  }
}

function explain(error: unknown): string {
  if (
    error instanceof UserError ||
    error instanceof PathError ||
    error instanceof FhirError ||
    error instanceof TransportError ||
    error instanceof SessionError
  ) {
    return error.message
  }
  const report = crypto.randomUUID()
  // The class only: a message may hold what was sent or answered.
  console.error(
    JSON.stringify({ event: 'tool_failed', report, error: error instanceof Error ? error.name : typeof error }),
  )
  return `This server failed by its own fault; it is unknown whether the request was carried out. Report ${report} to its operator.`
}
