// Asks the person, in the first way that is possible: a form in the client, if it shows forms and the question fits; a page of this server
// that the client opens; or a link to that page in the answer. Only a form is answered through the client. That a client has opened a
// page means no approval: the person signs in and decides there.

import { type InputRequiredResult, inputRequired } from '@modelcontextprotocol/server'
import { MINUTES } from '../../base/lives.ts'
import { oneLine } from '../../base/text.ts'
import { UserError } from '../../base/told-error.ts'
import type { Agreement } from '../../call/confirmation.ts'
import { pause } from '../../client/transport.ts'
import type { ToolContext } from '../kit/tool.ts'
import type { Question } from './question.ts'

/** A call that may continue, with the agreement if one was needed; or the answer to give instead. */
export type Permit = { agreed: Agreement | undefined } | { undone: string } | { question: InputRequiredResult }

/** What the person is asked about. */
export interface Matter {
  /** Digest of the tool's name and the arguments that are sent. */
  digest: string
  /** The beginning of a sentence that says why nothing was done. */
  undone: string
  question(): Promise<Question>
}

/** The key of this question among the input requests of a result. */
export const APPROVAL_KEY = 'approval'

const LIFE_MS = MINUTES.question * 60_000
/** Longer questions are asked on the page, because a client's form might not show all of them. */
const MAX_FORM = { lines: 40, chars: 3_000 }
/** The part of the question that the model gets with the link. */
const MAX_TOLD = { lines: 40, chars: 6_000 }
/** Characters of the question's first line that a client shows when it offers to open the page. */
const MAX_FIRST = 300
/** A refusal sooner than this after the question comes from a program: no person has read it. */
const READING_MS = 1_000
/** Milliseconds between checks for a decision on the page: short at first, then longer. */
const FIRST_WAIT_MS = 300
const MAX_WAIT_MS = 2_000
/** The part of the call's time that is kept for the change. */
const RESERVE_MS = 10_000

/** A form without fields: accepting it means yes. With a checkbox, people who meant yes left it unticked. */
const FORM = { type: 'object' as const, properties: {} }

/** Asks, unless the person has decided on the page already. */
export async function askPerson(matter: Matter, context: ToolContext): Promise<Permit> {
  const decided = await decidedOnPage(matter, context)
  if (typeof decided === 'object') return decided
  const { forms, pages } = context.asking
  const question = await matter.question()
  if (forms && fits(question.lines, MAX_FORM)) return { question: await askByForm(matter, question, context) }
  if (pages) return { question: await askOnPage(matter, question, context) }
  const why = forms ? 'the question is too long for the client’s form' : 'the client cannot ask the person'
  return { undone: await link(why, matter, question, context) }
}

/**
 * Continues with what the client answered to the question of this state.
 *
 * @throws {UserError} for an invalid confirmation
 */
export async function afterAnswer(
  action: 'accept' | 'decline' | 'cancel',
  state: unknown,
  matter: Matter,
  context: ToolContext,
): Promise<Permit> {
  const { confirmations } = context.caller
  const agreement = await openAgreement(state, matter, context)
  const { onPage, nonce, expiresAt } = agreement
  const isSoon = Date.now() - (expiresAt - LIFE_MS) < READING_MS
  if (action === 'decline' && !isSoon) {
    if (onPage) await confirmations.withdraw(matter.digest)
    return { undone: `${matter.undone}: the client says that the person declined${onPage ? ' to open the page' : ''}.` }
  }
  if (action !== 'accept') {
    const why =
      action === 'decline'
        ? 'the client declined before anyone could read the question'
        : 'the client returned no answer from the person'
    return { undone: await link(why, matter, await matter.question(), context) }
  }
  if (onPage) return afterPage(matter, context)
  if (await confirmations.burn(nonce, expiresAt)) return { agreed: agreement }
  throw new UserError(`${matter.undone}: this confirmation was already used. ${AGAIN}`)
}

/** Waits for the person to decide on the page that the client opened; after that, the model can call again. */
async function afterPage(matter: Matter, context: ToolContext): Promise<Permit> {
  const { fhir, signal, progress } = context
  const isWaiting = () => fhir.remainingMs > RESERVE_MS && !signal.aborted
  let decided = await decidedOnPage(matter, context)
  for (let looks = 1, wait = FIRST_WAIT_MS; decided === 'open' && isWaiting(); looks++) {
    // Fractions, since the change itself may report progress from 1.
    await progress(looks / 1_000, undefined, 'Waiting for the person to decide on the confirmation page')
    await pause(wait, signal).catch(() => {})
    wait = Math.min(wait * 1.5, MAX_WAIT_MS)
    // If the client has gone away, the decision is left for its next call.
    if (!signal.aborted) decided = await decidedOnPage(matter, context)
  }
  if (typeof decided === 'object') return decided
  if (decided === undefined) {
    throw new UserError(`${matter.undone}: the page was already answered, or has expired. ${AGAIN}`)
  }
  return { undone: await link('the person has not decided on the page yet', matter, await matter.question(), context) }
}

/** What the person decided on the page; `open` if they haven't decided yet, undefined if there is no page. */
async function decidedOnPage(matter: Matter, context: ToolContext): Promise<Permit | 'open' | undefined> {
  const decision = await context.caller.confirmations.decision(matter.digest)
  if (decision === undefined || decision === 'open') return decision
  if (decision === 'declined') return { undone: `${matter.undone}: the person declined.` }
  return { agreed: await openAgreement(decision.approved, matter, context) }
}

/** The question for the client to put to the person. */
async function askByForm(
  { digest }: Matter,
  { lines, ...about }: Question,
  context: ToolContext,
): Promise<InputRequiredResult> {
  const agreement = newAgreement(digest, about)
  return inputRequired({
    inputRequests: { [APPROVAL_KEY]: inputRequired.elicit({ message: lines.join('\n'), requestedSchema: FORM }) },
    requestState: await context.caller.confirmations.seal(agreement),
  })
}

/** The page for the client to open. Its address reveals nothing and works only for the signed-in person. */
async function askOnPage(
  { digest }: Matter,
  { lines, ...about }: Question,
  { caller: { confirmations }, asking: { session } }: ToolContext,
): Promise<InputRequiredResult> {
  const agreement = newAgreement(digest, about)
  const { address: url, id } = await confirmations.propose(agreement, lines, session)
  const message = `${oneLine(lines[0] ?? '', MAX_FIRST)}\nConfirm or refuse this on a page of this server, signed in to Medplum.`
  // The id with which the client learns that the page has been answered; only 2025 sessions have it.
  const asked = { message, url, ...(session !== undefined && { elicitationId: id }) }
  return inputRequired({
    inputRequests: { [APPROVAL_KEY]: inputRequired.elicitUrl(asked) },
    requestState: await confirmations.seal({ ...agreement, onPage: true }),
  })
}

/** The link to the page, if the client can't ask or returned no answer from a person. */
async function link(
  why: string,
  { digest, undone }: Matter,
  { lines, ...about }: Question,
  { caller: { confirmations }, asking: { session } }: ToolContext,
): Promise<string> {
  const { address } = await confirmations.propose(newAgreement(digest, about), lines, session)
  return [
    `NOT DONE YET. ${undone}: ${why}. The person must confirm it on a page of this server, signed in to Medplum.`,
    `Give the person this link: ${address}`,
    `When they say that they approved, make the same call with the same arguments within ${MINUTES.question} minutes. The change is then made once.`,
    'The person will be asked:',
    ...told(lines),
  ].join('\n')
}

/** The part of the question for the model; the page shows all of it. */
function told(lines: readonly string[]): string[] {
  if (fits(lines, MAX_TOLD)) return [...lines]
  let room = MAX_TOLD.chars
  const first = lines.slice(0, MAX_TOLD.lines).filter((line) => {
    room -= line.length
    return room > 0
  })
  return [...first, `(the page shows all ${lines.length} lines)`]
}

function fits(lines: readonly string[], most: { lines: number; chars: number }): boolean {
  return lines.length <= most.lines && lines.join('\n').length <= most.chars
}

const AGAIN = 'Call again to ask the person again.'

/**
 * Opens the agreement in a sealed state, if it is valid for this call.
 *
 * @throws {UserError} that says why it doesn't
 */
async function openAgreement(state: unknown, { digest, undone }: Matter, { caller }: ToolContext): Promise<Agreement> {
  const agreement = typeof state === 'string' ? await caller.confirmations.open(state) : undefined
  const why =
    agreement === undefined
      ? 'this confirmation was altered, or belongs to another connection'
      : agreement.digest !== digest
        ? 'this confirmation was given for other arguments'
        : agreement.expiresAt <= Date.now()
          ? `this confirmation came more than ${MINUTES.question} minutes after the question`
          : undefined
  if (agreement && why === undefined) return agreement
  throw new UserError(`${undone}: ${why}. ${AGAIN}`)
}

function newAgreement(digest: string, found: Pick<Question, 'seen' | 'found'>): Agreement {
  const { seen, found: only } = found
  const expiresAt = Date.now() + LIFE_MS
  return { digest, seen, expiresAt, nonce: crypto.randomUUID(), ...(only !== undefined && { found: only }) }
}
