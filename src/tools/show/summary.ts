// Who a patient is and what matters now.
import { records, scalarText } from '../../base/json.ts'
import type { ToolContext } from '../kit/tool.ts'
import {
  codeText,
  foundIn,
  idOf,
  isDate,
  labelOf,
  patientId,
  type Resource,
  readOfPatient,
  stateOf,
  text,
  timeIn,
} from './records.ts'
import { seriesIn, thinned } from './series.ts'
import type { Section, Summary } from './shown.ts'
import { type Drawn, nameFor } from './words.ts'

const MAX_ITEMS = 20
const MAX_VITALS = 8
/** Points of a sparkline. */
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
      stateOf(allergy).status,
    ],
  },
  {
    title: 'Active problems',
    search: (id) =>
      `Condition?subject=${id}&clinical-status=active,recurrence,relapse&_sort=-recorded-date&_count=${MAX_ITEMS}`,
    details: ({ onsetDateTime, onsetPeriod }) => [since(onsetDateTime, onsetPeriod)],
  },
  {
    title: 'Active medications',
    search: (id) => `MedicationRequest?subject=${id}&status=active&_sort=-authoredon&_count=${MAX_ITEMS}`,
    details: (order) => [
      ...records(order, 'dosageInstruction').map((dosage) => text(dosage.text)),
      since(order.authoredOn),
    ],
  },
  {
    title: 'Open tasks',
    search: (id) => `Task?patient=${id}&status=${OPEN_TASKS}&_sort=-authored-on&_count=${MAX_ITEMS}`,
    details: (task) => [stateOf(task).status, since(task.authoredOn)],
  },
  {
    title: 'Next appointments',
    search: (id, today) => `Appointment?patient=${id}&date=ge${today}&status=${COMING}&_sort=date&_count=${MAX_ITEMS}`,
    details: (appointment) => [isDate(appointment.start) ? appointment.start : '', stateOf(appointment).status],
  },
]

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
    `Observation?subject=Patient/${id}&category=vital-signs&_sort=-date&_count=200`,
  ]
  const { patient, answers } = await readOfPatient(id, searches, context)
  const sections = SECTIONS.map(({ title, details }, at): Section => {
    const answer = answers[at]
    const { found, more, fault } = answer ? foundIn(answer) : { found: [], more: false, fault: 'not read' }
    const items = found.flatMap((resource) => {
      if (stateOf(resource).withdrawn) return []
      const told = details(resource)
        .map(scalarText)
        .filter((one) => one !== '')
      return [{ id: idOf(resource), name: labelOf(resource), details: text(told.join(', ')) }]
    })
    return { title, more, items, ...(fault !== undefined && { fault }) }
  })
  const vitals = answers.at(-1)
    ? foundIn(answers.at(-1) ?? { status: 0, body: undefined })
    : { found: [], more: false, fault: 'not read' }
  const series = seriesIn(vitals.found).series.slice(0, MAX_VITALS)
  const structured: Summary = {
    ...{ view: 'summary', patient, sections },
    vitals: series.map((one) => ({ ...one, points: thinned(one.points, MAX_POINTS) })),
  }
  return {
    structured,
    notes: sections.filter(({ more }) => more).map(({ title }) => `${title}: only the first ${MAX_ITEMS} are shown.`),
    words: {
      head: [
        `Summary of ${nameFor(patient)}${patient.deceased ? ', deceased' : ''}`,
        ...sections.map(
          ({ title, items, fault }) => `${title}: ${fault ?? (items.length === 0 ? 'none found' : items.length)}`,
        ),
        ...(vitals.fault === undefined ? [] : [`Vital signs: ${vitals.fault}`]),
      ],
      tables: [
        ...sections.map(({ title, items }) => ({
          title,
          rows: items.map(({ name, details, id: of }) => ({ name, details, id: of })),
        })),
        {
          title: 'Last vital signs',
          rows: series.flatMap(({ name, unit, points }) => {
            const last = points.at(-1)
            if (!last) return []
            const value = `${last.sign ?? ''}${last.value}`
            return [{ name, value, unit, at: last.at, ...(last.flag && { flag: last.flag }) }]
          }),
        },
      ],
    },
  }
}
