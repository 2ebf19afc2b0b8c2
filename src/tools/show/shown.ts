// The structured content of `show`, which a view draws. Texts come from records: their characters are visible, their length is limited, and
// a view shows them only as text. Dates are as written, of any precision.

export type Shown = Trend | Timeline | Summary | Table

interface OfPatient {
  patient: Person
  /** Root of the Medplum App, for links to records; absent if unknown. */
  app?: string
}

export interface Person {
  id: string
  /** Empty if the person may not see the patient's own record. */
  name: string
  birthDate?: string
  gender?: string
  identifier?: string
  deceased?: boolean
  /** When they died, if recorded. */
  died?: string
  /** Whether the record is no longer in use. */
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
  /** Absent if they weren't requested or could not be read. */
  medications?: Course[]
}

export interface Series {
  /** The Observation's code with its system, which several components share. */
  of: string
  code: string
  name: string
  /** As written, or its code if one code is written in several ways; empty if there is none. Series of one unit may share an axis. */
  unit: string
  /** Number of results. `points` may be a selection of them that keeps the first, the last and all extremes in between. */
  total: number
  /** By time. */
  points: Point[]
}

export interface Point {
  id: string
  at: string
  value: number
  /** The comparator, such as `<`. */
  sign?: string
  low?: number
  high?: number
  /** Whether it is out of range, according to the record or, if that doesn't say, to the range. */
  flag?: 'high' | 'low' | 'abnormal'
  /** The status, if it isn't final. */
  status?: string
  /** Anything else that a reader must know: a range that can't be drawn or is only for some people, a period, another kind of date. */
  remark?: string
}

/** The time during which a medication is taken. */
export interface Course {
  id: string
  name: string
  from: string
  /** Absent if no end is recorded: it continues if `active`. */
  to?: string
  active: boolean
  /** What a reader must know: its status unless obvious, where its time comes from. */
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
  /** Why events could not be read; absent if there simply are none. */
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
  /** Why vital signs could not be read; absent if there simply are none. */
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
