// What a view draws: the structured content of `show`. All texts are of records, in visible characters and bounded; a view shows
// them as text. Dates are as they were written, of any precision.

export type Shown = Trend | Timeline | Summary | Table

interface OfPatient {
  patient: Person
  /** Root of the Medplum App, for links to records; absent where none is known. */
  app?: string
}

export interface Person {
  id: string
  /** Empty where the person may not see the patient's own record. */
  name: string
  birthDate?: string
  gender?: string
  identifier?: string
  deceased?: boolean
}

// ── trend ──

export interface Trend extends OfPatient {
  view: 'trend'
  /** One for each code and unit. */
  series: Series[]
  /** What was found and isn't drawn. */
  undrawn: { name: string; reason: string; count: number }[]
  /** Absent where they weren't asked for. */
  medications?: Course[]
}

export interface Series {
  /** The Observation's code, which several components share. */
  of: string
  code: string
  name: string
  /** As it is written; empty where none is. */
  unit: string
  /** Results, of which `points` may be a selection that keeps the first, the last and all extremes in between. */
  total: number
  /** By time. */
  points: Point[]
}

export interface Point {
  id: string
  at: string
  value: number
  /** `<` and the like. */
  sign?: string
  low?: number
  high?: number
  /** Whether it is out of range, as the record or, without a word there, the range says. */
  flag?: 'high' | 'low' | 'abnormal'
  /** Where it isn't final. */
  status?: string
}

/** A medication's time. */
export interface Course {
  id: string
  name: string
  from: string
  /** Absent where no end is told: it goes on if `active`. */
  to?: string
  active: boolean
}

// ── timeline ──

export interface Timeline extends OfPatient {
  view: 'timeline'
  lanes: Lane[]
}

export interface Lane {
  type: string
  title: string
  /** Why there are no events, where that isn't because there are none. */
  fault?: string
  /** Whether there are more, older ones. */
  more: boolean
  events: Event[]
}

export interface Event {
  id: string
  name: string
  from: string
  to?: string
  status?: string
  /** Whether it goes on. */
  active?: boolean
}

// ── summary ──

export interface Summary extends OfPatient {
  view: 'summary'
  sections: Section[]
  vitals: Series[]
}

export interface Section {
  title: string
  fault?: string
  more: boolean
  items: { id: string; name: string; details: string }[]
}

// ── table ──

export interface Table {
  view: 'table'
  app?: string
  path: string
  columns: string[]
  rows: { id: string; cells: (string | number | boolean | null)[] }[]
  total?: number
  /** The path that goes on. */
  next?: string
}
