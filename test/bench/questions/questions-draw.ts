// The questions, and which of all possible ones are used: drawn with a fixed seed, evenly over their forms, those with a trap first.
import type { Patient } from '@medplum/fhirtypes'
import { chance } from '../../../sandbox/clinic/random.ts'
import type { Fact } from './questions-facts.ts'
import type { Named, Policy } from './questions-policy.ts'
import { nameOf, type Truth } from './questions-truth.ts'

export const KINDS = ['first', 'last', 'count', 'max or min', 'trend', 'list', 'who', 'when', 'across types'] as const

export type Kind = (typeof KINDS)[number]

export interface Question {
  kind: Kind
  /** Which of the kind's forms it has. */
  form: string
  /** What could mislead a model that answers it. */
  traps: string[]
  text: string
  policy: Policy
  /** All must be in the answers. */
  facts: Fact[]
}

/** A patient's name, as questions use it. */
export function named(truth: Truth, patient: Patient): Named {
  const { given, family } = patient.name?.[0] ?? {}
  const { birthDate } = patient
  const isTold = truth.isAmbiguous(patient) && birthDate !== undefined
  return { given: given?.[0] ?? '', family: family ?? '', ...(isTold && { birthDate }) }
}

/** A patient's name in the question's text. */
export function told(truth: Truth, patient: Patient): string {
  const { birthDate } = named(truth, patient)
  return birthDate === undefined ? nameOf(patient) : `${nameOf(patient)}, born ${birthDate}`
}

/** What is unusual about the patient's own record. */
export function trapsOf(truth: Truth, patient: Patient): string[] {
  return [
    ...(truth.isAmbiguous(patient) ? ['namesake'] : []),
    ...(patient.birthDate === undefined ? ['no birth date'] : []),
    ...(patient.deceasedDateTime === undefined ? [] : ['deceased']),
  ]
}

/** The questions that one form makes of a patient's chart. */
export type Form = (truth: Truth, patient: Patient) => Omit<Question, 'kind' | 'form'>[]

/** Draws from all that these forms make of all charts. */
export function drawForms(kind: Kind, truth: Truth, forms: Record<string, Form>, count: number): Question[] {
  const candidates = truth
    .all('Patient')
    .flatMap((patient) =>
      Object.entries(forms).flatMap(([form, ask]) => ask(truth, patient).map((one) => ({ kind, form, ...one }))),
    )
  return draw(kind, candidates, count)
}

/** Draws this many: every second one with a trap, the least used first; the forms take turns. */
export function draw(kind: Kind, candidates: readonly Question[], count: number): Question[] {
  const shuffled = chance(`questions/${kind}`).shuffle(candidates)
  const piles = [...Map.groupBy(shuffled, ({ form }) => form).values()]
  const drawn: Question[] = []
  const times = new Map<string, number>()
  const oftenDrawn = ({ traps }: Question) => Math.min(...traps.map((trap) => times.get(trap) ?? 0))
  for (let turn = 0; drawn.length < count; turn++) {
    const pile = piles[turn % piles.length] ?? []
    const round = Math.floor(turn / piles.length)
    if (piles.every(({ length }) => length === 0)) throw new Error(`Only ${drawn.length} of the kind "${kind}"`)
    const wanted = pile.filter(({ traps }) => traps.length > 0 === ((round + turn) % 2 === 0))
    // The first of those in which the rarest trap is rarest.
    const one = wanted.toSorted((a, b) => oftenDrawn(a) - oftenDrawn(b))[0] ?? pile[0]
    if (!one) continue
    pile.splice(pile.indexOf(one), 1)
    drawn.push(one)
    for (const trap of one.traps) times.set(trap, (times.get(trap) ?? 0) + 1)
  }
  return drawn
}
