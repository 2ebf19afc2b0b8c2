// Asks the person before a change that can't be undone. The sealed approval is valid for these arguments, these versions of the records and
// this connection, for a few minutes, and once.

import { inputResponse } from '@modelcontextprotocol/server'
import { inTurns } from '../../base/in-turns.ts'
import { isRecord } from '../../base/json.ts'
import { sha256 } from '../../base/seal.ts'
import { UserError } from '../../base/told-error.ts'
import type { Agreement } from '../../call/confirmation.ts'
import { FhirError } from '../../client/fhir-error.ts'
import { isJobPath } from '../../client/job.ts'
import type { ConfirmPolicy, ToolContext } from '../kit/tool.ts'
import type { Prepared, RequestArguments } from '../request/prepare.ts'
import { APPROVAL_KEY, afterAnswer, askPerson, type Matter, type Permit } from './asking.ts'
import { changingSteps, destructionOf, nothingDone, questionOf } from './question.ts'
import { isGraphql, type Step } from './steps.ts'

const AT_ONCE = 5

/**
 * Lets a call continue if it needs no confirmation, or has one.
 *
 * @param tool its name, to which the confirmation is bound
 * @throws {UserError} for an invalid confirmation, and for a change that can't be carried out
 */
export async function permitted(
  tool: string,
  args: RequestArguments,
  prepared: Prepared,
  context: ToolContext,
): Promise<Permit> {
  const { asking } = context
  if (asking.policy === 'never' || prepared.risk.kind === 'read') return { agreed: undefined }
  const steps = changingSteps(prepared)
  const isAsked = (step: Step) => mustAsk(step, asking.policy)
  const destruction = steps.some(isAsked) ? undefined : await destructionOf(steps, prepared, context)
  if (destruction === undefined) {
    if (!steps.some(isAsked)) return { agreed: undefined }
    // Nobody should be asked to approve what can't happen.
    await context.fhir.check(prepared.request)
  }
  const matter: Matter = {
    digest: await digestOf(tool, args, prepared),
    undone: nothingDone(prepared),
    question: async () => destruction ?? questionOf(steps, isAsked, prepared, context),
  }
  const { forms, pages, responses, state } = asking
  const answer = inputResponse(responses, APPROVAL_KEY)
  const isAnswered = (forms || pages) && state !== undefined && answer.kind === 'elicit'
  return isAnswered ? afterAnswer(answer.action, state, matter, context) : askPerson(matter, context)
}

/** Whether the person is asked before this. A DELETE counts as a deletion even if its path makes it an operation. */
function mustAsk(step: Step, policy: ConfirmPolicy): boolean {
  const { method, path, risk } = step
  if (policy === 'write' || risk.kind === 'delete' || risk.kind === 'admin') return true
  return risk.kind === 'operate' && (isGraphql(step) || (method === 'DELETE' && !isJobPath(path)))
}

/**
 * Narrows a request's arguments to exactly what was agreed to: the resource that was found, in the version that was seen.
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
    isRecord(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one,
  )
}
