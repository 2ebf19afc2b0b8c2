// The question to the person: everything that a request would do, in detail. What can't be shown completely can't be confirmed.

import { inTurns } from '../../base/in-turns.ts'
import { isRecord, records } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import type { Seen } from '../../call/confirmation.ts'
import type { ToolContext } from '../kit/tool.ts'
import type { Prepared } from '../request/prepare.ts'
import { type Change, changeOf, changeOfOne, titleOfRecord } from './change.ts'
import { isMost, referencesInChange, spelledOut, Unshowable } from './spelled-out.ts'
import { isAction, isGraphql, mutationSteps, type Step, stepsOf } from './steps.ts'

export interface Question {
  lines: string[]
  /** The versions that it is about. */
  seen: Seen[]
  /** The one resource that a conditional request found. */
  found?: string
}

/** A step, and what it would change. */
interface Told {
  step: Step
  change: Change
}

/** A batch of this many changes or more always needs confirmation. */
const MANY = 50
/** Beyond this number, changes aren't read one by one, since nobody would look through them. */
const MAX_CHANGES = 200
/** Characters of a question; sealed, it has to fit into one value of a grant's storage. */
const MAX_CHARS = 400_000
const AT_ONCE = 5
const MAX_IDS = 50
const MAX_NAMES = 500

/** The first words of a refusal. */
export function nothingDone({ risk }: Prepared): string {
  return `Nothing was ${risk.kind === 'delete' ? 'deleted' : 'changed'}`
}

/** The steps of a request that change something, the mutations of GraphQL each by itself. */
export function changingSteps(prepared: Prepared): Step[] {
  return stepsOf(prepared)
    .filter(({ risk }) => risk.kind !== 'read')
    .flatMap((step) => {
      const mutations = isGraphql(step) ? mutationSteps(step) : undefined
      return mutations === undefined || mutations.length === 0 ? [step] : mutations
    })
}

/**
 * The question about steps, some of which a person must confirm.
 *
 * @throws {UserError} for what can't be shown, or can't be carried out anyway
 */
export async function questionOf(
  steps: readonly Step[],
  isAsked: (step: Step) => boolean,
  prepared: Prepared,
  context: ToolContext,
): Promise<Question> {
  checkShowable(steps)
  const told = await changesOf(steps, prepared, context)
  return worded(told, isAsked, prepared, context)
}

/** The question about writes that would destroy much; undefined if they don't. */
export async function destructionOf(
  steps: readonly Step[],
  prepared: Prepared,
  context: ToolContext,
): Promise<Question | undefined> {
  const replacing = steps.filter((step) => (step.method === 'PUT' || step.method === 'PATCH') && !isAction(step))
  if (replacing.length === 0 && steps.length < MANY) return undefined
  await context.fhir.check(prepared.request)
  if (steps.length >= MANY) return questionOf(steps, () => true, prepared, context)
  // If it can't be read or doesn't fit, Medplum's own answer says so.
  const changes = await inTurns(replacing, AT_ONCE, (step) => changeOfOne(step, context.fhir, context.signal))
  const lost = new Set(replacing.filter((_, index) => isMost(changes[index]?.loss)))
  return lost.size === 0 ? undefined : questionOf(steps, (step) => lost.has(step), prepared, context)
}

function checkShowable(steps: readonly Step[]): void {
  if (steps.length > MAX_CHANGES) {
    throw unshowable(
      `it makes ${steps.length} changes, but a person can be asked about at most ${MAX_CHANGES} at once; split it`,
    )
  }
  if (steps.some(isGraphql)) {
    throw unshowable(
      'the effect of this GraphQL can’t be determined in advance; use one mutation per record, or PUT, PATCH and DELETE',
    )
  }
}

function unshowable(why: string): UserError {
  return new UserError(`The person must be asked about this, but it can’t be shown to them: ${why}. Nothing was sent.`)
}

async function changesOf(steps: readonly Step[], prepared: Prepared, { fhir, signal }: ToolContext): Promise<Told[]> {
  const [only] = steps
  if (only && steps.length === 1 && !prepared.risk.parts) {
    const change = await changeOf(only, fhir, signal)
    if (change.problem !== undefined) throw new UserError(`Nothing was changed: ${change.problem}.`)
    const [current] = change.seen
    if (prepared.version !== undefined && prepared.version !== current?.version) {
      throw new UserError(
        `${nothingDone(prepared)}: \`ifMatch\` does not name the current version${current ? `, ${current.version}` : ': there is no such record'}. Read it again first.`,
      )
    }
    return [{ step: only, change }]
  }
  return inTurns(steps, AT_ONCE, async (step) => ({ step, change: await changeOfOne(step, fhir, signal) }))
}

async function worded(
  told: readonly Told[],
  isAsked: (step: Step) => boolean,
  { risk }: Prepared,
  context: ToolContext,
): Promise<Question> {
  const names = await namesOf(
    told.flatMap(({ change }) => referencesInChange(change)),
    context,
  )
  const spelling = { names, room: MAX_CHARS }
  const linesOf = ({ step, change }: Told) => spelledOut(change, spelling, step.risk.kind === 'admin')
  try {
    const seen = told.flatMap(({ change }) => change.seen)
    const [only] = told
    if (only && told.length === 1 && !risk.parts) {
      const { found } = only.change
      return { lines: linesOf(only), seen, ...(found !== undefined && { found }) }
    }
    const asked = told.filter(({ step }) => isAsked(step))
    const along = told.filter(({ step }) => !isAsked(step))
    const items = (some: readonly Told[]) =>
      some.flatMap((one) => linesOf(one).map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`)))
    const lines = [summary(told), ...items(asked)]
    checkFeasible(asked)
    return { lines: along.length === 0 ? lines : [...lines, 'Also included:', ...items(along)], seen }
  } catch (error) {
    if (error instanceof Unshowable) throw unshowable(error.message)
    throw error
  }
}

/** Nobody is asked about what can't happen, or what could change in the meantime. */
function checkFeasible(asked: readonly Told[]): void {
  const open = asked.find(({ step, change }) => step.method === 'DELETE' && change.found !== undefined)
  if (open) {
    throw new UserError(
      `Nothing was changed: in a batch, the search may find a different record when it runs. Name the record to delete: DELETE ${open.change.found}.`,
    )
  }
  if (asked.some(({ change }) => change.problem === undefined)) return
  throw new UserError(`Nothing was changed: ${asked.map(({ change }) => change.head).join('; ')}.`)
}

const KINDS = { POST: 'creation', PUT: 'replacement', PATCH: 'update', DELETE: 'deletion' } as const

/** `14 changes: 1 deletion, 13 replacements` */
function summary(told: readonly Told[]): string {
  const counts = new Map<string, number>()
  for (const { step } of told) {
    const kind = isAction(step) ? 'operation' : (KINDS[step.method as keyof typeof KINDS] ?? 'operation')
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  const counted = [...counts].map(([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`)
  return `${told.length === 1 ? '1 change' : `${told.length} changes`} at once: ${counted.join(', ')}`
}

/** The titles of the records that references name, as far as the person may read them. */
export async function namesOf(
  references: readonly string[],
  { fhir, signal }: Pick<ToolContext, 'fhir' | 'signal'>,
): Promise<Map<string, string>> {
  const ids = new Map<string, Set<string>>()
  for (const reference of new Set(references.slice(0, MAX_NAMES))) {
    const [type = '', id = ''] = reference.split('/')
    ids.set(type, (ids.get(type) ?? new Set()).add(id))
  }
  const searches = [...ids].flatMap(([type, all]) =>
    Array.from({ length: Math.ceil(all.size / MAX_IDS) }, (_, at) => {
      const some = [...all].slice(at * MAX_IDS, (at + 1) * MAX_IDS)
      return `${type}?_id=${some.join(',')}&_count=${MAX_IDS}`
    }),
  )
  const names = new Map<string, string>()
  await inTurns(searches, AT_ONCE, async (path) => {
    // If the name can't be read, the id remains.
    const answer = await fhir.send({ method: 'GET', path, repeatable: true, signal }).catch(() => undefined)
    for (const { resource } of records(answer?.body, 'entry')) {
      if (!isRecord(resource)) continue
      const title = titleOfRecord(resource)
      if (title !== '') names.set(`${String(resource.resourceType)}/${String(resource.id)}`, title)
    }
  })
  return names
}
