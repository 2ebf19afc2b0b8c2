// Asks the person before what can't be undone. The approval is sealed: these arguments, these versions of the records, this connection,
// ten minutes, once. The client asks if it can, otherwise a page of this server.

import { type InputRequiredResult, inputRequired, inputResponse } from '@modelcontextprotocol/server'
import { inTurns } from '../../base/in-turns.ts'
import { isRecord } from '../../base/json.ts'
import { sha256 } from '../../base/seal.ts'
import { UserError } from '../../base/told-error.ts'
import type { Agreement } from '../../call/confirmation.ts'
import { FhirError } from '../../client/fhir-error.ts'
import { isJobPath } from '../../client/job.ts'
import type { ConfirmPolicy, ToolContext } from '../kit/tool.ts'

import type { Prepared, RequestArguments } from '../request/prepare.ts'
import { changingSteps, destructionOf, nothingDone, type Question, questionOf } from './question.ts'
import { isGraphql, type Step } from './steps.ts'

/** A call that may continue, with the agreement if one was needed; or the answer to give instead. */
export type Permit = { agreed: Agreement | undefined } | { undone: string } | { question: InputRequiredResult }

const LIFE_MS = 600_000
/** A client's form may not show everything: longer questions are asked on the page. */
const MAX_FORM = { lines: 40, chars: 3_000 }
/** The part of the question that the model gets with the link. */
const MAX_TOLD = { lines: 40, chars: 6_000 }
const AT_ONCE = 5
const KEY = 'approval'

/** Without a field: to accept is to say yes. People who meant yes left a checkbox unticked. */
const FORM = { type: 'object' as const, properties: {} }

/** A refusal sooner than this after the question comes from a program: no person has read it. */
const READING_MS = 1_000
const CANNOT_ASK = 'the client cannot ask the person'
const TOO_LONG = 'the question is too long for the client’s form'
const NO_ANSWER = 'the client returned no answer from the person'

/**
 * Lets a call continue if it needs no confirmation, or has one.
 *
 * @param tool its name, to which the confirmation is bound
 * @throws {UserError} for a confirmation that doesn't hold, and a change that could not be carried out
 */
export async function permitted(
  tool: string,
  args: RequestArguments,
  prepared: Prepared,
  context: ToolContext,
): Promise<Permit> {
  const { asking, caller } = context
  if (asking.policy === 'never' || prepared.risk.kind === 'read') return { agreed: undefined }
  const steps = changingSteps(prepared)
  const isAsked = (step: Step) => mustAsk(step, asking.policy)
  const destruction = steps.some(isAsked) ? undefined : await destructionOf(steps, prepared, context)
  if (destruction === undefined) {
    if (!steps.some(isAsked)) return { agreed: undefined }
    // Nobody should be asked to approve what can't happen.
    await context.fhir.check(prepared.request)
  }
  const question = async () => destruction ?? questionOf(steps, isAsked, prepared, context)
  const digest = await digestOf(tool, args, prepared)
  const undone = nothingDone(prepared)
  const answer = inputResponse(asking.responses, KEY)
  if (!asking.forms || asking.state === undefined || answer.kind !== 'elicit') {
    const decided = await decidedByPage(digest, undone, context)
    if (decided) return decided
    const whole = await question()
    if (!asking.forms) return { undone: await link(CANNOT_ASK, digest, whole, prepared, context) }
    if (!fits(whole.lines, MAX_FORM)) return { undone: await link(TOO_LONG, digest, whole, prepared, context) }
    return { question: await ask(digest, whole, context) }
  }
  const agreement = await openAgreement(asking.state, digest, undone, context)
  const isSoon = Date.now() - (agreement.expiresAt - LIFE_MS) < READING_MS
  if (answer.action === 'decline' && !isSoon) return { undone: `${undone}: the client says that the person declined.` }
  if (answer.action !== 'accept') {
    const why = answer.action === 'decline' ? 'the client declined before anyone could read the question' : NO_ANSWER
    return { undone: await link(why, digest, await question(), prepared, context) }
  }
  if (await caller.confirmations.burn(agreement.nonce, agreement.expiresAt)) return { agreed: agreement }
  throw new UserError(`${undone}: this confirmation was already used. Call again to ask the person again.`)
}

/** Whether the person is asked before this. A DELETE counts as a deletion even if its path makes it an operation. */
function mustAsk(step: Step, policy: ConfirmPolicy): boolean {
  const { method, path, risk } = step
  if (policy === 'write' || risk.kind === 'delete' || risk.kind === 'admin') return true
  return risk.kind === 'operate' && (isGraphql(step) || (method === 'DELETE' && !isJobPath(path)))
}

function fits(lines: readonly string[], most: { lines: number; chars: number }): boolean {
  return lines.length <= most.lines && lines.join('\n').length <= most.chars
}

/** The question for the client to put to the person. */
async function ask(digest: string, { lines, ...about }: Question, context: ToolContext): Promise<InputRequiredResult> {
  const agreement = newAgreement(digest, about)
  return inputRequired({
    inputRequests: { [KEY]: inputRequired.elicit({ message: lines.join('\n'), requestedSchema: FORM }) },
    requestState: await context.caller.confirmations.seal(agreement),
  })
}

/** What the person decided on the page; undefined if nothing yet. */
async function decidedByPage(digest: string, undone: string, context: ToolContext): Promise<Permit | undefined> {
  const decision = await context.caller.confirmations.decision(digest)
  if (decision === undefined) return undefined
  if (decision === 'declined') return { undone: `${undone}: the person declined.` }
  return { agreed: await openAgreement(decision.approved, digest, undone, context) }
}

/** The link to a page, if the client can't ask or brought no person's answer. */
async function link(
  why: string,
  digest: string,
  { lines, ...about }: Question,
  prepared: Prepared,
  context: ToolContext,
): Promise<string> {
  const address = await context.caller.confirmations.propose(newAgreement(digest, about), lines)
  return [
    `NOT DONE YET. ${nothingDone(prepared)}: ${why}. The person must confirm it on a page of this server, signed in to Medplum.`,
    `Give them this link: ${address}`,
    'When they say that they approved, make the same call with the same arguments within 10 minutes. The change is then made once.',
    'They will be asked:',
    ...told(lines),
  ].join('\n')
}

/** As much of the question as a model needs; the page has all of it. */
function told(lines: readonly string[]): string[] {
  if (fits(lines, MAX_TOLD)) return [...lines]
  let room = MAX_TOLD.chars
  const first = lines.slice(0, MAX_TOLD.lines).filter((line) => {
    room -= line.length
    return room > 0
  })
  return [...first, `(${lines.length} lines in all, on the page)`]
}

/**
 * The agreement in a sealed state, if it holds for this call.
 *
 * @throws {UserError} that says why it doesn't
 */
async function openAgreement(
  state: unknown,
  digest: string,
  undone: string,
  { caller }: ToolContext,
): Promise<Agreement> {
  const agreement = typeof state === 'string' ? await caller.confirmations.open(state) : undefined
  const why =
    agreement === undefined
      ? 'this confirmation was altered, or belongs to another connection'
      : agreement.digest !== digest
        ? 'this confirmation was given for other arguments'
        : agreement.expiresAt <= Date.now()
          ? 'this confirmation came later than 10 minutes after the question'
          : undefined
  if (agreement && why === undefined) return agreement
  throw new UserError(`${undone}: ${why}. Call again to ask the person again.`)
}

/**
 * The arguments of a request for exactly what was agreed to: the resource that was found, in the version that was seen.
 *
 * @throws {UserError} when a record has changed since the person was asked
 */
export async function pinnedToAgreement<T extends RequestArguments>(
  { seen, found }: Agreement,
  args: T,
  prepared: Prepared,
  { fhir, signal }: ToolContext,
): Promise<T> {
  const isSame = await inTurns(seen, AT_ONCE, async ({ path, version }) => {
    const answer = await fhir.send({ method: 'GET', path, repeatable: true, signal }).catch((error: unknown) => {
      if (error instanceof FhirError && (error.status === 404 || error.status === 410)) return undefined
      throw error
    })
    return isRecord(answer?.body) && isRecord(answer.body.meta) && answer.body.meta.versionId === version
  })
  const changed = seen[isSame.indexOf(false)]
  if (changed) {
    throw new UserError(
      `${nothingDone(prepared)}: ${changed.path} has changed since the person was asked. Call again to ask again.`,
    )
  }
  const { method, body } = prepared.asked
  const isOne = !prepared.risk.parts && /^[A-Za-z]+\/[A-Za-z0-9.-]+$/.test(found ?? prepared.asked.path)
  const [only] = seen
  return {
    ...args,
    ...(found !== undefined && { path: found }),
    ...(found !== undefined && method === 'PUT' && isRecord(body) && { body: { ...body, id: found.split('/')[1] } }),
    // Medplum compares the version itself if it can: nothing can happen between its check and its write.
    ...(isOne && only && (method === 'PUT' || method === 'PATCH') && { ifMatch: args.ifMatch ?? only.version }),
  }
}

function newAgreement(digest: string, found: Pick<Question, 'seen' | 'found'>): Agreement {
  const { seen, found: only } = found
  const expiresAt = Date.now() + LIFE_MS
  return { digest, seen, expiresAt, nonce: crypto.randomUUID(), ...(only !== undefined && { found: only }) }
}

/** SHA-256 of the canonical JSON of what is sent, base64url. The form of the answer is not included. */
async function digestOf(tool: string, args: RequestArguments, { asked, request }: Prepared): Promise<string> {
  const { ifMatch, ifNoneExist, respondAsync } = args
  const { content } = request
  const file = content && content.value === undefined ? await sha256(content.bytes) : undefined
  return sha256(canonical({ tool, ...asked, type: content?.type, file, ifMatch, ifNoneExist, respondAsync }))
}

/** JSON with the names of each object in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
}
