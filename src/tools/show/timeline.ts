// A patient's course, in lanes.
import { isRecord } from '../../base/json.ts'
import type { ToolContext } from '../kit/tool.ts'
import { courseTime } from './courses.ts'
import { foundIn, idOf, isDate, labelOf, patientId, type Resource, readOfPatient, stateOf, timeIn } from './records.ts'
import type { Event, Lane, Timeline } from './shown.ts'
import { type Drawn, nameFor } from './words.ts'

/** Events of a lane that are read: the latest. */
const MAX_EVENTS = 60

const LANES: readonly {
  type: string
  title: string
  search: string
  time(resource: Resource): { from: string; to?: string } | undefined
}[] = [
  { type: 'Encounter', title: 'Encounters', search: 'subject=ID&_sort=-date', time: ({ period }) => timeIn(period) },
  {
    ...{ type: 'Condition', title: 'Conditions', search: 'subject=ID&_sort=-recorded-date' },
    time: ({ onsetDateTime, onsetPeriod, abatementDateTime, recordedDate }) =>
      withEnd(timeIn(onsetDateTime, onsetPeriod, recordedDate), abatementDateTime),
  },
  { type: 'MedicationRequest', title: 'Medications', search: 'subject=ID&_sort=-authoredon', time: courseTime },
  {
    type: 'Procedure',
    title: 'Procedures',
    search: 'subject=ID&_sort=-date',
    time: ({ performedDateTime, performedPeriod }) => timeIn(performedDateTime, performedPeriod),
  },
  {
    type: 'Immunization',
    title: 'Immunizations',
    search: 'patient=ID&_sort=-date',
    time: ({ occurrenceDateTime }) => timeIn(occurrenceDateTime),
  },
  {
    ...{ type: 'DocumentReference', title: 'Documents', search: 'subject=ID&_sort=-date' },
    time: ({ date, context }) => timeIn(isRecord(context) ? context.period : undefined, date),
  },
]

/** A time that ends at this date, where it is one. */
function withEnd(
  time: { from: string; to?: string } | undefined,
  end: unknown,
): { from: string; to?: string } | undefined {
  return time && isDate(end) ? { ...time, to: end } : time
}

export async function timeline(
  { patient: given }: { patient?: string | undefined },
  context: ToolContext,
): Promise<Drawn> {
  const id = patientId(given)
  context.event.type = 'Patient'
  const searches = LANES.map(
    ({ type, search }) => `${type}?${search.replace('ID', `Patient/${id}`)}&_count=${MAX_EVENTS}`,
  )
  const { patient, answers } = await readOfPatient(id, searches, context)
  const left: string[] = []
  const lanes = LANES.map(({ type, title, time }, at): Lane => {
    const answer = answers[at]
    const { found, more, fault } = answer ? foundIn(answer) : { found: [], more: false, fault: 'not read' }
    const events = found.flatMap((resource): Event[] => {
      const { status, withdrawn } = stateOf(resource)
      const span = time(resource)
      if (withdrawn || !span) return []
      const active = /^(active|in-progress|recurrence|relapse)$/.test(status)
      return [
        {
          id: idOf(resource),
          name: labelOf(resource),
          ...span,
          ...(status !== '' && { status }),
          ...(active && { active }),
        },
      ]
    })
    const missing = found.length - events.length
    if (missing > 0) left.push(`${title}: ${missing} without a date or entered in error are not drawn.`)
    return { type, title, more, events: events.toReversed(), ...(fault !== undefined && { fault }) }
  })
  const structured: Timeline = { view: 'timeline', patient, lanes }
  return {
    structured,
    notes: [
      ...left,
      ...lanes.filter(({ more }) => more).map(({ title }) => `${title}: only the latest ${MAX_EVENTS} were read.`),
    ],
    words: {
      head: [
        `Timeline of ${nameFor(patient)}`,
        ...lanes.map(({ title, events, fault }) => `${title}: ${fault ?? events.length}`),
      ],
      tables: lanes.map(({ title, events }) => ({
        title,
        rows: events.toReversed().map(({ id: of, name, from, to, status }) => ({
          from,
          ...(to !== undefined && { to }),
          ...{ name, status, id: of.split('/')[1] },
        })),
      })),
    },
  }
}
