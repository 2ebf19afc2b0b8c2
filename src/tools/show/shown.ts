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
  /** When they died, if recorded. */
  died?: string
  /** The record is no longer in use. */
  inactive?: boolean
  /** The records that replace this one, with commas: `Patient/ID`. */
  replacedBy?: string
  /** The main records of this person, to which this one refers. */
  mainRecord?: string
}

// ── trend ──

export interface Trend extends OfPatient {
  view: 'trend'
  /** One for each code and unit. */
  series: Series[]
  /** What was found but isn't drawn. */
  undrawn: { name: string; reason: string; count: number }[]
  /** Absent where they weren't asked for, or could not be read. */
  medications?: Course[]
}

export interface Series {
  /** The Observation's code with its system, which several components share. */
  of: string
  code: string
  name: string
  /** As it is written, or its code where that says more; empty where none is. Two series of one unit may share an axis. */
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
  /** Whether it is out of range, as the record says, or else the range. */
  flag?: 'high' | 'low' | 'abnormal'
  /** Where it isn't final. */
  status?: string
  /** What else must be known: a range that can't be drawn or isn't for everybody, a period, a date of something else. */
  remark?: string
}

/** A medication's time. */
export interface Course {
  id: string
  name: string
  from: string
  /** Absent if no end is recorded: it continues if `active`. */
  to?: string
  active: boolean
  /** What must be known about it: its status unless obvious, where its time comes from. */
  remark?: string
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
  /** Whether there are older ones that are not drawn. */
  more: boolean
  events: Event[]
}

export interface Event {
  id: string
  name: string
  from: string
  to?: string
  status?: string
  /** Whether it continues. */
  active?: boolean
  /** Whether it did not happen, or not yet: it was cancelled, not done, or is planned. */
  unreal?: boolean
}

// ── summary ──

export interface Summary extends OfPatient {
  view: 'summary'
  sections: Section[]
  vitals: Series[]
  /** Why there are no vital signs, where that isn't because there are none. */
  vitalsFault?: string
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
  /** The path of the next page. */
  next?: string
}
