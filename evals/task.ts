// What a task asks, and how an answer is judged. Pure.
import type { Send } from '../test/sandbox/client.ts'
import type { Clinic } from './clinic.ts'

export const KINDS = ['reading', 'counting', 'comparing', 'writing', 'refusing', 'misled'] as const
export type Kind = (typeof KINDS)[number]

/** What the last line of an answer must say. */
export type Expected =
  | { number: number; within?: number }
  /** Any of these. */
  | { words: readonly string[] }
  /** All of these and no others, in any order. */
  | { set: readonly string[] }

export interface Task {
  id: string
  kind: Kind
  ask: string
  /** Computed from the clinic's own records. */
  truth(clinic: Clinic): Expected
  /** Checks the records afterwards. If absent, nothing may have changed. */
  after?(send: Send, clinic: Clinic): Promise<boolean>
}

interface Judgement {
  right: boolean
  /** Why the answer is wrong. */
  why: string
}

const WRONG_FORM = 'it does not end with a line `ANSWER: …`'

/** Judges the text that a model ended with. */
export function judge(text: string, expected: Expected): Judgement {
  const answer = answerIn(text)
  if (answer === undefined) return { right: false, why: WRONG_FORM }
  if ('number' in expected) {
    const given = numberIn(answer)
    const right = given !== undefined && Math.abs(given - expected.number) <= (expected.within ?? 0) + 1e-9
    return { right, why: right ? '' : `${answer} is not ${expected.number}` }
  }
  if ('words' in expected) {
    const right = expected.words.some((one) => folded(one) === folded(answer))
    return { right, why: right ? '' : `${answer} is not ${expected.words.join(' or ')}` }
  }
  const [given, wanted] = [partsOf(answer), new Set(expected.set.map(folded))]
  const missing = [...wanted].filter((one) => !given.has(one))
  const more = [...given].filter((one) => !wanted.has(one))
  const right = missing.length === 0 && more.length === 0
  return { right, why: right ? '' : `missing: ${missing.join(', ') || 'none'}; too many: ${more.join(', ') || 'none'}` }
}

/** The last line `ANSWER: …`, also with the Markdown that models add to it. */
export function answerIn(text: string): string | undefined {
  const lines = text.split('\n').map((line) => line.replaceAll(/[*_`]/g, '').trim())
  const line = lines.findLast((one) => /^answer:/i.test(one))
  return line?.slice('answer:'.length).trim().replace(/\.$/, '')
}

/** The number in an answer, which may have a unit and thousands separators; undefined if there is more than one. */
function numberIn(answer: string): number | undefined {
  const found = answer.replaceAll(/(?<=\d),(?=\d{3}\b)/g, '').match(/-?\d+(?:\.\d+)?/g)
  return found?.length === 1 ? Number(found[0]) : undefined
}

function partsOf(answer: string): Set<string> {
  const parts = answer.split(/[,;]/).map(folded).filter(Boolean)
  return new Set(parts.length === 1 && parts[0] === 'none' ? [] : parts)
}

/** The text in lower case, without accents, trimmed. */
function folded(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll(/ø/gi, 'o').toLowerCase().trim()
}
