// A tool, and what it works with.
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

/** How the person can be asked in the middle of a call, and what came back. */
export interface Asking {
  policy: ConfirmPolicy
  /** Whether the client shows forms to the person (elicitation in form mode). */
  forms: boolean
  /** Whether it opens the address of a page for the person (elicitation in URL mode). */
  pages: boolean
  /** The session over which it can learn that a page has been answered. */
  session: string | undefined
  /** What the client brought back from the person, and the state that it was given for it. */
  responses: Record<string, unknown> | undefined
  state: unknown
}

/** The marks that a deployment leaves on what is written. */
export interface Marks {
  /** The security label AIAST on what is created or changed. */
  label: boolean
  /** A Provenance of each create and change. */
  provenance: boolean
  /** An AuditEvent of each call that may change something. */
  auditEvent: boolean
}

/** What a tool works with. */
export interface ToolContext {
  caller: Caller
  access: Access
  fhir: FhirClient
  /** Aborts when the client cancels the call or hangs up. */
  signal: AbortSignal
  /** Reports progress to a client that asked for it. */
  progress: Progress
  /** Characters that an answer may have, unless the call says something else. */
  answerChars: number
  /** What a write creates in addition to the record. */
  marks: Marks
  /** How the person can be asked before a change. */
  asking: Asking
  /** What the audit event will tell, filled in as it becomes known. */
  event: Pick<CallEvent, 'kind' | 'type' | 'requests' | 'status' | 'level'>
  /** The request that was sent, if it may change something; for the person's own records only. */
  act?: Act
}

/**
 * Text, or several pieces of content, for the model; or a value, which goes out both as JSON text and as structured content; or
 * content for the model and a value for a view. Or nothing has been done yet: the client must ask the person, or the model learns why.
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
  /** What it does, returns and is not for; under 1,000 characters, no commands to the model. */
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

/** A tool, checked by its type; the identity function. */
export function defineTool<Input extends z.ZodObject>(tool: Tool<Input>): Tool<Input> {
  return tool
}

/** What comes with a request in addition to its arguments. */
export interface CallSupport {
  /** The caller that the request's verified token identifies. */
  caller(ctx: ServerContext): Caller
  /** The pace of one call: asked before each of its requests, it throws a LimitError if there were too many. */
  pace(caller: Caller): (kind: Kind) => Promise<void>
  timeoutMs: number
  /** Maximum characters of an answer, unless a call sets its own. */
  answerChars: number
  /** What a write creates in addition to the record. */
  marks: Marks
  /** What the person must confirm. */
  confirm: ConfirmPolicy
  /** Writes a call down for the operator, and notes it for the person. */
  note(ctx: ServerContext, event: CallEvent): Promise<void>
  /** Lets work continue after the answer. */
  background(work: Promise<void>): void
}
