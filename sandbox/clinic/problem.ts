/** A person's chronic problem, and the drugs for it. */
import type { DrugKey } from './formulary.ts'
import type { ChronicKey } from './problems.ts'

export interface Problem {
  key: ChronicKey
  onset: number
  abated?: number
}

export interface Therapy {
  drug: DrugKey
  start: number
  stop?: number
  /** Why it was stopped. */
  because?: string
  problem: ChronicKey
}
