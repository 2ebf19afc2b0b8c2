// The fixed policies that answer questions: find the person by name, the code in a digest by the concept's words, then make one narrow
// search. Nothing here knows the right answers; ids and codes come from earlier answers.
import { type Asker, type Columns, type Row, Stuck } from './questions-answer.ts'

/** A person as the question names them. */
export interface Named {
  given: string
  family: string
  /** Given if others have the same name. */
  birthDate?: string
}

/** What the question is about. */
interface Concept {
  type: keyof typeof PARAMETERS
  /** Words in its display, in lower case. */
  words: readonly string[]
}

export type Policy = (asker: Asker) => Promise<unknown>

/** The search parameters of each type for patient, date and code. */
const PARAMETERS = {
  Observation: { patient: 'subject', date: 'date', code: 'code' },
  Condition: { patient: 'subject', date: 'onset-date', code: 'code' },
  MedicationRequest: { patient: 'subject', date: 'authoredon', code: 'code' },
  Procedure: { patient: 'subject', date: 'date', code: 'code' },
  Immunization: { patient: 'patient', date: 'date', code: 'vaccine-code' },
  DiagnosticReport: { patient: 'subject', date: 'date', code: 'code' },
  Encounter: { patient: 'subject', date: 'date', code: 'type' },
  Appointment: { patient: 'patient', date: 'date', code: 'service-type' },
  AllergyIntolerance: { patient: 'patient', date: 'date', code: 'code' },
  Task: { patient: 'patient', date: 'authored-on', code: 'code' },
} as const

const PERSON = { id: 'id', given: 'name.given', family: 'name.family', birthDate: 'birthDate' }

/** The id of the one person who has this name. */
export async function identify(asker: Asker, who: Named, type = 'Patient', columns: Columns = {}): Promise<string> {
  const { given, family, birthDate } = who
  const born = birthDate === undefined ? '' : `&birthdate=${birthDate}`
  const asked =
    type === 'Patient' ? { ...PERSON, ...columns } : { id: 'id', given: 'name.given', family: 'name.family' }
  const rows = await asker.select(`${type}?name=${encodeURIComponent(`${given} ${family}`)}${born}`, asked)
  const same = rows.filter((row) => [row.given].flat().includes(given) && [row.family].flat().includes(family))
  const [one, other] = same
  if (!one || other) throw new Stuck(`${same.length} of ${rows.length} found are called ${given} ${family}`)
  return String(one.id)
}

/** The codes in a digest whose display contains the words; if some displays begin with them, only those. */
function codesIn(rows: readonly Row[], { type, words }: Concept): { codes: string; component?: string } {
  const first = words[0] ?? ''
  const displayOf = (row: Row) => String(row.display ?? '').toLowerCase()
  const fitting = rows.filter((row) => row.type === type && words.every((word) => displayOf(row).includes(word)))
  const leading = fitting.filter((row) => displayOf(row).startsWith(first))
  const chosen = leading.length > 0 ? leading : fitting
  const codes = [...new Set(chosen.map(({ code }) => String(code)))].join(',')
  if (codes === '') throw new Stuck(`no row of the digest holds "${words.join(' ')}"`)
  const panels = [...new Set(chosen.flatMap(({ of }) => (of === undefined ? [] : [String(of)])))]
  return panels.length > 0 ? { codes: panels.join(','), component: codes } : { codes }
}

/** What a search asks for besides patient and code. */
interface Narrowing {
  from?: string
  /** Exclusive. */
  to?: string
  sort?: 'first' | 'last'
  /** How many are wanted at most; all, if absent. */
  limit?: number
  /** These are few enough to be read as they are. */
  few?: true
  /** More criteria. */
  where?: string
}

/** The search for one patient's records of a type. */
function searchOf(type: Concept['type'], id: string, codes: string | undefined, narrowing: Narrowing): string {
  const { from, to, sort, limit, where } = narrowing
  const { patient, date, code } = PARAMETERS[type]
  return [
    `${type}?${patient}=Patient/${id}`,
    ...(codes === undefined ? [] : [`${code}=${codes}`]),
    ...(from === undefined ? [] : [`${date}=ge${from}`]),
    ...(to === undefined ? [] : [`${date}=lt${to}`]),
    ...(where === undefined ? [] : [where]),
    ...(sort === undefined ? [] : [`_sort=${sort === 'last' ? '-' : ''}${date}`]),
    ...(limit === undefined ? [] : [`_count=${limit}`]),
  ].join('&')
}

/** One record or few are read whole, more as a table. */
function read(asker: Asker, path: string, columns: Columns, { limit, few }: Narrowing): Promise<Row[]> {
  return few || limit === 1 ? asker.read(path, columns) : asker.select(path, columns, limit === undefined)
}

/** Records of a type that need no code: patient, then search. */
export function recordsOf(who: Named, type: Concept['type'], columns: Columns, narrowing: Narrowing): Policy {
  return async (asker) => {
    const id = await identify(asker, who)
    return read(asker, searchOf(type, id, undefined, narrowing), columns, narrowing)
  }
}

/** Records about a concept: patient, digest of the type, search by the code found there. */
export function recordsAbout(who: Named, concept: Concept, columns: Columns, narrowing: Narrowing): Policy {
  return async (asker) => {
    const id = await identify(asker, who)
    const { codes } = codesIn(await asker.digest(searchOf(concept.type, id, undefined, {})), concept)
    return read(asker, searchOf(concept.type, id, codes, narrowing), columns, narrowing)
  }
}

/** Measurements: as records about a concept, with the quantity of the Observation or of the component that was meant. */
export function readingsOf(who: Named, words: readonly string[], narrowing: Narrowing): Policy {
  return async (asker) => {
    const id = await identify(asker, who)
    const { codes, component } = codesIn(await asker.digest(searchOf('Observation', id, undefined, {})), {
      type: 'Observation',
      words,
    })
    const quantity =
      component === undefined ? 'valueQuantity' : `component.where(code.coding.code='${component}').valueQuantity`
    const columns = { date: 'effectiveDateTime', status: 'status', quantity }
    return asker.select(searchOf('Observation', id, codes, narrowing), columns, narrowing.limit === undefined)
  }
}

/** How many there are: patient, digest of the type to find the code, digest of what is to be counted. */
export function numberOf(who: Named, type: Concept['type'], words: readonly string[], narrowing: Narrowing): Policy {
  return async (asker) => {
    const id = await identify(asker, who)
    if (words.length === 0) return asker.digest(searchOf(type, id, undefined, narrowing))
    const { codes } = codesIn(await asker.digest(searchOf(type, id, undefined, {})), { type, words })
    return asker.digest(searchOf(type, id, codes, narrowing))
  }
}

/** A digest of several types of one chart: patient, digest. */
export function chartOf(who: Named, types: readonly Concept['type'][]): Policy {
  return async (asker) => {
    const id = await identify(asker, who)
    return asker.digest(`?_type=${types.join(',')}&_compartment=Patient/${id}`)
  }
}

/** What was recorded at a visit: patient, the visit of that day, what refers to it. */
export function atVisit(who: Named, day: { from: string; to: string }, columns: Columns, where: string): Policy {
  return async (asker) => {
    const id = await identify(asker, who)
    const visits = await asker.select(searchOf('Encounter', id, undefined, day), { id: 'id', start: 'period.start' })
    const [visit, other] = visits
    if (!visit || other) throw new Stuck(`${visits.length} visits on that day`)
    return asker.select(`Observation?encounter=Encounter/${visit.id}&${where}`, columns, true)
  }
}

/** What a prescription was for: patient, the latest prescription of the drug, the condition that it names. */
export function reasonOf(who: Named, words: readonly string[], columns: Columns): Policy {
  return async (asker) => {
    const id = await identify(asker, who)
    const rows = await asker.select(
      searchOf('MedicationRequest', id, undefined, { sort: 'last' }),
      { drug: 'medicationCodeableConcept.coding.display', date: 'authoredOn', reason: 'reasonReference.reference' },
      true,
    )
    const latest = rows
      .filter(({ drug }) => words.every((word) => String(drug).toLowerCase().includes(word)))
      .reduce<Row | undefined>((last, row) => (last && String(last.date) >= String(row.date) ? last : row), undefined)
    const reason = [latest?.reason].flat()[0]
    if (typeof reason !== 'string') throw new Stuck('the prescription names no condition')
    return asker.read(reason, columns)
  }
}
