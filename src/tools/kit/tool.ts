// Types: a tool, and the context in which it runs.
import type { ContentBlock, InputRequiredResult, ServerContext } from '@modelcontextprotocol/server'
import type * as z from 'zod'
import type { Access } from '../../access/access.ts'
import type { Kind } from '../../access/risk/routes.ts'
import type { CallEvent } from '../../audit/audit.ts'
import type { Caller } from '../../call/caller.ts'
import type { FhirClient } from '../../client/client.ts'
import type { Progress } from '../../client/job.ts'
import type { Act } from '../../marks/audit-event.ts'

/** What a deployment asks the person about: deletions and administration, every change, or nothing. */
export type ConfirmPolicy = 'delete' | 'write' | 'never'

/** How the person can be asked during a call, and the answer. */
export interface Asking {
  policy: ConfirmPolicy
  /** Whether the client shows forms to the person (elicitation in form mode). */
  forms: boolean
  /** Whether it opens the address of a page for the person (elicitation in URL mode). */
  pages: boolean
  /** The session over which it can learn that a page has been answered. */
  session: string | undefined
  /** The person's answers from the client, and the state that it received with the questions. */
  responses: Record<string, unknown> | undefined
  state: unknown
}

/** The marks that a deployment adds to what is written. */
interface Marks {
  /** The security label AIAST on what is created or changed. */
  label: boolean
  /** A Provenance of each create and change. */
  provenance: boolean
  /** An AuditEvent of each call that may change something. */
  auditEvent: boolean
}

/** The context in which a tool runs. */
export interface ToolContext {
  caller: Caller
  access: Access
  fhir: FhirClient
  /** Aborts when the client cancels the call or hangs up. */
  signal: AbortSignal
  /** Reports progress to a client that asked for it. */
  progress: Progress
  /** Maximum characters of an answer, unless the call sets its own. */
  answerChars: number
  /** What a write creates in addition to the record. */
  marks: Marks
  /** How the person can be asked before a change. */
  asking: Asking
  /** Fields of the audit event, filled in during the call. */
  event: Pick<CallEvent, 'kind' | 'type' | 'requests' | 'status' | 'level'>
  /** The request that was sent, if it may change something; only for the AuditEvent in the person's own project. */
  act?: Act
}

/**
 * Text, or several content blocks, for the model; or a value, which is sent both as JSON text and as structured content; or content for
 * the model and a value for a view. Or, if nothing has been done: a question that the client must put to the person, or the reason.
 */
export type ToolOutput =
  | string
  | ContentBlock[]
  | { structured: Record<string, unknown> }
  | { content: ContentBlock[]; structured: Record<string, unknown> }
  | { question: InputRequiredResult }
  | { undone: string }

export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  name: string
  title: string
  /** What the tool does, what it returns and what it isn't for; under 1,000 characters, without commands to the model. */
  description: string
  input: Input
  /**
   * Converts arguments as models really send them to the form of `input`; leaves what it can't convert.
   *
   * @param note called with what a model should know about it
   */
  normalise?(args: unknown, note: (text: string) => void): unknown
  /** All four hints of the specification: none may be left to a default. */
  hints: { readOnly: boolean; destructive: boolean; idempotent: boolean; openWorld: boolean }
  /** The resource that draws its structured content, in hosts that render views (MCP Apps). */
  view?: string
  run(args: z.output<Input>, context: ToolContext): Promise<ToolOutput>
}

/** Returns the tool unchanged; infers the type of its arguments. */
export function defineTool<Input extends z.ZodObject>(tool: Tool<Input>): Tool<Input> {
  return tool
}

/** What the server provides for a call in addition to its arguments. */
export interface CallSupport {
  /** The caller that the request's verified token identifies. */
  caller(ctx: ServerContext): Caller
  /** The rate limit for one call: called before each of its requests; throws a LimitError if there were too many. */
  pace(caller: Caller): (kind: Kind) => Promise<void>
  timeoutMs: number
  /** Maximum characters of an answer, unless a call sets its own. */
  answerChars: number
  /** What a write creates in addition to the record. */
  marks: Marks
  /** What the person must confirm. */
  confirm: ConfirmPolicy
  /** Logs a call for the operator, and records it for the person's list of connections. */
  note(ctx: ServerContext, event: CallEvent): Promise<void>
  /** Lets work continue after the answer. */
  background(work: Promise<void>): void
}
