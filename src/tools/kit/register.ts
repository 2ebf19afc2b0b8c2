// Registers tools. Only this file turns what a tool returns or throws into an MCP result.
import { RESOURCE_URI_META_KEY } from '@modelcontextprotocol/ext-apps/server'
import type { CallToolResult, InputRequiredResult, McpServer, ServerContext } from '@modelcontextprotocol/server'
import type * as z from 'zod'
import { guardFor } from '../../access/access.ts'
import type { CallEvent } from '../../audit/audit.ts'
import { visibleLines } from '../../base/text.ts'
import { ToldError } from '../../base/told-error.ts'
import { FhirClient } from '../../client/client.ts'
import { FhirError } from '../../client/fhir-error.ts'
import { askingOf, progressOf, traceparentOf } from './call-context.ts'
import { recordAuditEvent } from './record-audit-event.ts'
import { advertised, type Understood } from './schema.ts'
import type { CallSupport, Tool, ToolContext, ToolOutput } from './tool.ts'

/** Registers a tool on a server. */
export function register<Input extends z.ZodObject>(server: McpServer, tool: Tool<Input>, support: CallSupport): void {
  const { readOnly, destructive, idempotent, openWorld } = tool.hints
  server.registerTool(
    tool.name,
    {
      title: tool.title,
      description: tool.description,
      inputSchema: advertised(tool),
      annotations: {
        title: tool.title,
        readOnlyHint: readOnly,
        destructiveHint: destructive,
        idempotentHint: idempotent,
        openWorldHint: openWorld,
      },
      ...(tool.view !== undefined && { _meta: viewMeta(tool.view) }),
    },
    (understood: unknown, ctx: ServerContext) =>
      asResult(
        tool.name,
        (event) => support.note(ctx, event),
        async (event) => {
          const { caller, access, fhir } = await openClient(support, ctx)
          const { answerChars, marks } = support
          const context: ToolContext = {
            caller,
            access,
            fhir,
            signal: ctx.mcpReq.signal,
            progress: progressOf(ctx),
            answerChars,
            marks,
            asking: askingOf(ctx, server, support.confirm),
            event,
          }
          event.level = access.level
          const { args, notes } = understood as Understood<Input>
          const work = tool.run(args, context)
          if (marks.auditEvent) {
            const client = new FhirClient(caller.medplum, support.timeoutMs)
            support.background(recordAuditEvent(work, context, client))
          }
          return withNotes(await work, [...notes, ...(fhir.withheld === undefined ? [] : [fhir.withheld])])
        },
      ),
  )
}

/** Where hosts look for a tool's view: in MCP Apps today, in its earlier form, and in ChatGPT. */
function viewMeta(uri: string): Record<string, unknown> {
  return { ui: { resourceUri: uri }, [RESOURCE_URI_META_KEY]: uri, 'openai/outputTemplate': uri }
}

/**
 * The FHIR client of one call, which refuses everything the connection may not do.
 *
 * @throws {SessionError} when the person has disconnected the client
 */
export async function openClient(
  support: CallSupport,
  ctx: ServerContext,
): Promise<Pick<ToolContext, 'caller' | 'access' | 'fhir'>> {
  const caller = support.caller(ctx)
  const access = await caller.access()
  const options = { traceparent: traceparentOf(ctx), guard: guardFor(access, support.pace(caller)) }
  return { caller, access, fhir: new FhirClient(caller.medplum, support.timeoutMs, options) }
}

/** The one error boundary: errors made for the model are shown to it, any other only as a number to report. */
async function asResult(
  tool: string,
  note: (event: CallEvent) => Promise<void>,
  run: (event: ToolContext['event']) => Promise<ToolOutput>,
): Promise<CallToolResult | InputRequiredResult> {
  const event: ToolContext['event'] = {}
  const started = Date.now()
  const told = async <Result extends CallToolResult | InputRequiredResult>(
    result: Result,
    outcome: CallEvent['outcome'],
  ): Promise<Result> => {
    await note({ tool, ...event, outcome, ms: Date.now() - started, chars: charsOf(result) })
    return result
  }
  let output: ToolOutput
  try {
    output = await run(event)
  } catch (error) {
    if (error instanceof FhirError) event.status = error.status
    return told({ content: [{ type: 'text', text: explain(error) }], isError: true }, 'error')
  }
  const isDone = typeof output === 'string' || !('question' in output || 'undone' in output)
  return told(toResult(output), isDone ? 'ok' : 'asked')
}

/** Adds notes on how the call was understood and what was left out, unless the host prescribes the form. */
function withNotes(output: ToolOutput, notes: readonly string[]): ToolOutput {
  const more = notes.map((note) => ({ type: 'text' as const, text: `Note: ${visibleLines(note)}` }))
  if (notes.length === 0) return output
  if (typeof output === 'string') return [{ type: 'text', text: output }, ...more]
  if (Array.isArray(output)) return [...output, ...more]
  return 'content' in output ? { ...output, content: [...output.content, ...more] } : output
}

/** The characters that a model reads of a result; for content other than text, those of its JSON. */
function charsOf(result: CallToolResult | InputRequiredResult): number {
  const content = 'content' in result && Array.isArray(result.content) ? result.content : []
  return content.reduce((sum, item) => sum + (item.type === 'text' ? item.text : JSON.stringify(item)).length, 0)
}

function toResult(output: ToolOutput): CallToolResult | InputRequiredResult {
  if (typeof output === 'string') return { content: [{ type: 'text', text: output }] }
  if (Array.isArray(output)) return { content: output }
  if ('question' in output) return output.question
  if ('undone' in output) return { content: [{ type: 'text', text: output.undone }] }
  if ('content' in output) return { content: output.content, structuredContent: output.structured }
  const { structured } = output
  return { content: [{ type: 'text', text: JSON.stringify(structured) }], structuredContent: structured }
}

/** What the model learns about an error: its message if it was written for the model, otherwise a report number. */
export function explain(error: unknown): string {
  if (error instanceof ToldError) return visibleLines(error.message)
  const report = crypto.randomUUID()
  // Only the error's class, since its message may contain what was sent or answered.
  console.error(
    JSON.stringify({ event: 'tool_failed', report, error: error instanceof Error ? error.name : typeof error }),
  )
  return `This server had an internal error. It is unknown whether the request was carried out. Report ${report} to its operator.`
}
