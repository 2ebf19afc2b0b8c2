// A patient's summary: who they are and what matters now.

import { toldBy } from '../../answer/digest/subject.ts'
import { isRecord, records, scalarText } from '../../base/json.ts'
import { quoted } from '../../base/text.ts'
import { spanOf } from '../../fhir/date-span.ts'
import { valueText } from '../../text/datatype-text.ts'
import type { ToolContext } from '../kit/tool.ts'
import type { ReadAnswer } from '../perform/reading.ts'
import { type CourseTime, courseTime } from './courses.ts'
import {
  codeText,
  foundIn,
  isDate,
  labelOf,
  patientId,
  type Resource,
  readOfPatient,
  referenceOf,
  shortText,
  stateOf,
  timeIn,
} from './records.ts'
import { seriesIn, thinned } from './series.ts'
import type { Person, Section, Series, Summary } from './shown.ts'
import { type Drawn, nameFor } from './words.ts'

const MAX_ITEMS = 20
const MAX_VITALS = 8
const MAX_RESULTS = 200
/** Maximum points of a sparkline. */
const MAX_POINTS = 30

const OPEN_TASKS = 'draft,requested,received,accepted,ready,in-progress,on-hold'
const COMING = 'proposed,pending,booked,arrived,checked-in,waitlist'

const SECTIONS: readonly {
  title: string
  search(id: string, today: string): string
  details(resource: Resource): unknown[]
}[] = [
  {
    title: 'Allergies',
    search: (id) => `AllergyIntolerance?patient=${id}&_count=${MAX_ITEMS}`,
    details: (allergy) => [
      allergy.criticality === 'high' ? 'high risk' : '',
      ...records(allergy, 'reaction').flatMap((reaction) => records(reaction, 'manifestation').map(codeText)),
      stateOf(allergy).said,
    ],
  },
  {
    title: 'Active problems',
    search: (id) =>
      `Condition?subject=${id}&clinical-status:not=inactive,remission,resolved&_sort=-recorded-date&_count=${MAX_ITEMS}`,
    details: (problem) => [unless('active', problem), onset(problem)],
  },
  {
    title: 'Active medications',
    search: (id) =>
      `MedicationRequest?subject=${id}&status=active&_sort=-authoredon&_include=MedicationRequest:medication&_count=${MAX_ITEMS}`,
    details: (order) => [
      unless('active', order),
      ...records(order, 'dosageInstruction').map((dosage) => shortText(dosage.text)),
      ...when(courseTime(order)),
    ],
  },
  {
    title: 'Reported medications',
    search: (id) =>
      `MedicationStatement?subject=${id}&status=active&_sort=-effective&_include=MedicationStatement:medication&_count=${MAX_ITEMS}`,
    details: (statement) => [
      ...records(statement, 'dosage').map((dosage) => shortText(dosage.text)),
      ...when(courseTime(statement)),
    ],
  },
  {
    title: 'Open tasks',
    search: (id) => `Task?patient=${id}&status=${OPEN_TASKS}&_sort=-authored-on&_count=${MAX_ITEMS}`,
    details: (task) => [stateOf(task).said, since(task.authoredOn)],
  },
  {
    title: 'Next appointments',
    search: (id, today) => `Appointment?patient=${id}&date=ge${today}&status=${COMING}&_sort=date&_count=${MAX_ITEMS}`,
    details: (appointment) => [
      isDate(appointment.start) ? appointment.start : '',
      stateOf(appointment).said,
      patientsAnswer(appointment),
      toldBy(appointment).participant,
    ],
  },
]

function when(time: CourseTime | undefined): string[] {
  return time ? [`since ${time.from}`, time.to ? `until ${time.to}` : '', time.remark ?? ''] : []
}

/** When a problem began, by a date or in other words. */
function onset({ onsetDateTime, onsetPeriod, ...problem }: Resource): string {
  const words = [problem.onsetAge, problem.onsetRange, problem.onsetString].map((one) => shortText(valueText(one, '')))
  return (
    since(onsetDateTime, onsetPeriod) ||
    words
      .filter(Boolean)
      .map((one) => `onset ${one}`)
      .join(', ')
  )
}

/** The status, unless it is the usual one of the section. */
function unless(usual: string, resource: Resource): string {
  const { said } = stateOf(resource)
  return said === usual ? '' : said || 'no status'
}

/** What the patient answered to an appointment, unless accepted. */
function patientsAnswer(appointment: Resource): string {
  const [answer] = records(appointment, 'participant').flatMap(({ actor, status }) =>
    isRecord(actor) && /(^|\/)Patient\//.test(scalarText(actor.reference)) ? [scalarText(status)] : [],
  )
  return answer === undefined || answer === 'accepted' ? '' : `patient: ${answer}`
}

function latest({ points }: Series): number {
  return spanOf(points.at(-1)?.at)?.start ?? 0
}

function since(...values: unknown[]): string {
  const time = timeIn(...values)
  return time ? `since ${time.from}` : ''
}

export async function summary(
  { patient: given }: { patient?: string | undefined },
  context: ToolContext,
): Promise<Drawn> {
  const id = patientId(given)
  context.event.type = 'Patient'
  const today = new Date().toISOString().slice(0, 10)
  const searches = [
    ...SECTIONS.map(({ search }) => search(`Patient/${id}`, today)),
    `Observation?subject=Patient/${id}&category=vital-signs&_sort=-date&_count=${MAX_RESULTS}`,
  ]
  const { patient, answers } = await readOfPatient(id, searches, context)
  return drawSummary(patient, answers)
}

/** @param answers to the searches, in the order of the sections, and last of the vital signs */
export function drawSummary(patient: Person, answers: readonly ReadAnswer[]): Drawn {
  const notes: string[] = []
  const sections = SECTIONS.map(({ title, details }, at): Section => {
    const { found, more, fault } = foundIn(answers[at])
    const items = found.flatMap((resource) => {
      if (stateOf(resource).withdrawn) return []
      const told = details(resource)
        .map(scalarText)
        .filter((one) => one !== '')
      return [{ id: referenceOf(resource), name: labelOf(resource), details: shortText(told.join(', ')) }]
    })
    if (more) notes.push(`${title}: only the first ${MAX_ITEMS} are shown.`)
    const left = found.length - items.length
    if (left > 0) notes.push(`${title}: ${left} entered in error or refuted are not shown.`)
    return { title, more, items, ...(fault !== undefined && { fault }) }
  })
  const { found, more, fault } = foundIn(answers[SECTIONS.length])
  const { series: all, undrawn } = seriesIn(found)
  const series = all.toSorted((a, b) => latest(b) - latest(a)).slice(0, MAX_VITALS)
  const vitals = 'Last vital signs'
  if (more) notes.push(`${vitals}: only the latest ${MAX_RESULTS} results were read.`)
  if (all.length > series.length) notes.push(`${vitals}: ${all.length - series.length} more are not shown.`)
  for (const { name, reason, count } of undrawn.slice(0, MAX_VITALS)) {
    notes.push(`${vitals}: ${count} of ${quoted(name)} not shown, ${reason}.`)
  }
  if (undrawn.length > MAX_VITALS) notes.push(`${vitals}: ${undrawn.length - MAX_VITALS} more reasons are not shown.`)
  const structured: Summary = {
    ...{ view: 'summary', patient, sections },
    vitals: series.map((one) => ({ ...one, points: thinned(one.points, MAX_POINTS) })),
    ...(fault !== undefined && { vitalsFault: fault }),
  }
  return {
    structured,
    notes,
    words: {
      head: [
        `Summary of ${nameFor(patient)}`,
        ...sections.map(
          ({ title, items, fault }) => `${title}: ${fault ?? (items.length === 0 ? 'none found' : items.length)}`,
        ),
        `${vitals}: ${fault ?? (series.length === 0 ? 'none found' : series.length)}`,
      ],
      tables: [
        ...sections.map(({ title, items }) => ({
          title,
          rows: items.map(({ name, details, id: of }) => ({ name, details, id: of })),
        })),
        {
          title: vitals,
          rows: series.flatMap(({ name, unit, points }) => {
            const last = points.at(-1)
            if (!last) return []
            const { at, flag, status, remark } = last
            const values = points.map((one) => one.value)
            const [lowest, highest] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]
            return [
              {
                ...{
                  name,
                  last: last.sign === undefined ? last.value : `${last.sign}${last.value}`,
                  unit,
                  at,
                  flag,
                  status,
                  remark,
                },
                ...{ results: points.length, lowest, highest, id: last.id.split('/')[1] },
              },
            ]
          }),
        },
      ],
    },
  }
}
