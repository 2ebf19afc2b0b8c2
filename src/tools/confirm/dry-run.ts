// Tries a change without making it: reads the records, shows the differences, and lets Medplum validate the result. Sends nothing that
// changes anything.

import { classify } from '../../access/risk/risk.ts'
import { isRecord } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import type { FhirClient } from '../../client/client.ts'
import { Content } from '../../client/content.ts'
import { FhirError } from '../../client/fhir-error.ts'
import { differenceLines } from '../../fhir/diff.ts'
import { strictPlaceOf } from '../../fhir/strict-place.ts'
import type { Whole } from '../../secrets/whole.ts'
import type { ToolContext } from '../kit/tool.ts'

import { type Prepared, type RequestArguments, versionInIfMatch } from '../request/prepare.ts'
import { type Change, changeOfOne } from './change.ts'
import { namesOf } from './question.ts'
import { referencesInChange, spelledOut, Unshowable } from './spelled-out.ts'
import { isAction, type Step, stepsOf } from './steps.ts'

const MAX_STEPS = 50
const AT_ONCE = 5
const MAX_LINES = 40
const MAX_LINES_EACH = 10

interface DryRun {
  text: string
  /** What patches would store. */
  patched: unknown[]
}

/**
 * What a request would change, and whether Medplum would accept it.
 *
 * @throws {UserError} for an operation: what it would do can't be known
 */
export async function dryRun(args: RequestArguments, prepared: Prepared, context: ToolContext): Promise<DryRun> {
  const steps = stepsOf(prepared)
  const [only, ...others] = steps
  if (only && !prepared.risk.parts && isAction(only)) {
    throw new UserError(
      '`dryRun` is for creating, changing and deleting records. The effect of an operation can’t be known in advance. Nothing was sent.',
    )
  }
  const found: string[][] = []
  const patched: unknown[] = []
  const most = others.length === 0 ? MAX_LINES : MAX_LINES_EACH
  for (let start = 0; start < Math.min(steps.length, MAX_STEPS); start += AT_ONCE) {
    const next = steps.slice(start, Math.min(start + AT_ONCE, MAX_STEPS))
    found.push(...(await Promise.all(next.map((step) => tried(step, args, prepared, context, most, patched)))))
  }
  const numbered = prepared.risk.parts
    ? found.flatMap(([first = '', ...more], index) => [`${index}. ${first}`, ...more.map((line) => `   ${line}`)])
    : found.flat()
  const rest = steps.length - found.length
  const text = [
    'DRY RUN: nothing was changed. The request would do this now:',
    ...numbered,
    ...(rest > 0 ? [`and ${rest} more entries, which were not checked`] : []),
  ].join('\n')
  return { text, patched }
}

async function tried(
  step: Step,
  args: RequestArguments,
  { risk }: Prepared,
  context: ToolContext,
  most: number,
  patched: unknown[],
): Promise<string[]> {
  const { fhir, signal } = context
  if (step.risk.kind === 'read') return [`${step.method} ${step.path}: ${step.risk.reason}, changes nothing`]
  if (isAction(step)) return [`${step.method} ${step.path}: ${step.risk.reason}; its effect can’t be known in advance`]
  const change = await changeOfOne(step, fhir, signal)
  if (change.problem !== undefined) return [change.head]
  if (step.method === 'PATCH' && change.after) patched.push(change.after.shown)
  const ifMatch = risk.parts ? undefined : args.ifMatch
  const conditions = await conditionsOf({ ifMatch, ifNoneExist: step.ifNoneExist }, step, change, fhir, signal)
  const checked = change.after ? await check(change.after, fhir, signal) : []
  const told = step.risk.kind === 'admin' ? await inFull(change, most, context) : lines(change, most)
  return [...told, ...conditions, ...checked]
}

/** Changes to access, code or the destination of data are described in full, as in the question to the person. */
async function inFull(change: Change, most: number, context: ToolContext): Promise<string[]> {
  const names = await namesOf(referencesInChange(change), context)
  try {
    return spelledOut(change, { names, room: context.answerChars }, true)
  } catch (error) {
    if (!(error instanceof Unshowable)) throw error
    return [...lines(change, most), `Not shown in full: ${error.message}.`]
  }
}

function lines({ head, details, isNew }: Change, most: number): string[] {
  if (isNew) return [head]
  const isUpdate = head.startsWith('Change')
  return [head, ...(isUpdate && details.length === 0 ? ['there are no differences'] : differenceLines(details, most))]
}

/** The records that a request's conditions select. */
async function conditionsOf(
  { ifMatch, ifNoneExist }: { ifMatch: string | undefined; ifNoneExist: string | undefined },
  { path }: Step,
  { seen: [current] }: Change,
  fhir: FhirClient,
  signal: AbortSignal,
): Promise<string[]> {
  if (ifMatch !== undefined && current && current.version !== versionInIfMatch(ifMatch)) {
    return [`It would be refused: ifMatch does not name the current version, ${current.version}.`]
  }
  if (ifNoneExist === undefined) return []
  const type = strictPlaceOf(path).segments[0] ?? ''
  const search = { method: 'GET', path: `${type}?${ifNoneExist}` } as const
  // A dry run may do no more than search.
  if (classify(search).kind !== 'read') return ['Its ifNoneExist is not a plain search, so its matches are unknown.']
  const { body } = await fhir.send({ ...search, repeatable: true, signal })
  const count = isRecord(body) && Array.isArray(body.entry) ? body.entry.length : 0
  if (count === 0) return ['The search in ifNoneExist finds nothing, so it would be created.']
  return count === 1
    ? ['The search in ifNoneExist finds an existing record, so nothing would be created.']
    : ['It would be refused: the search in ifNoneExist finds more than one record.']
}

/** Medplum's own check, which stores nothing (FHIR R4, `$validate`). */
async function check(resource: Whole, fhir: FhirClient, signal: AbortSignal): Promise<string[]> {
  const type = String(resource.shown.resourceType)
  if (!/^[A-Z][A-Za-z]*$/.test(type)) return ['Not valid: `resourceType` is missing in the body.']
  const content = resource.into(Content.json)
  return fhir.send({ method: 'POST', path: `${type}/$validate`, content, signal }).then(
    () => ['Valid: Medplum’s check finds no error in what would be stored.'],
    (error: unknown) => {
      if (!(error instanceof FhirError)) throw error
      const [first = '', ...issues] = resource.scrubbed(error.message).split('\n')
      return error.status === 400 ? ['Not valid:', ...issues] : [`Not checked: ${first}`]
    },
  )
}
