// A patient's timeline: events in lanes.
import { isRecord } from '../../base/json.ts'
import type { ToolContext } from '../kit/tool.ts'
import type { ReadAnswer } from '../perform/reading.ts'
import { type CourseTime, courseTime } from './courses.ts'
import {
  foundIn,
  isDate,
  labelOf,
  patientId,
  type Resource,
  readOfPatient,
  referenceOf,
  stateOf,
  timeIn,
} from './records.ts'
import type { Event, Lane, Person, Timeline } from './shown.ts'
import { type Drawn, nameFor } from './words.ts'

/** Maximum events of a lane; the latest are read. */
const MAX_EVENTS = 60

const LANES: readonly {
  type: string
  title: string
  search: string
  time(resource: Resource): CourseTime | undefined
}[] = [
  { type: 'Encounter', title: 'Encounters', search: 'subject=ID&_sort=-date', time: ({ period }) => timeIn(period) },
  { type: 'Condition', title: 'Conditions', search: 'subject=ID&_sort=-recorded-date', time: conditionTime },
  {
    ...{ type: 'MedicationRequest', title: 'Medications', time: courseTime },
    search: 'subject=ID&_sort=-authoredon&_include=MedicationRequest:medication',
  },
  {
    ...{ type: 'MedicationStatement', title: 'Reported medications', time: courseTime },
    search: 'subject=ID&_sort=-effective&_include=MedicationStatement:medication',
  },
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

function conditionTime({ onsetDateTime, onsetPeriod, recordedDate, ...condition }: Resource): CourseTime | undefined {
  const { abatementDateTime, abatementPeriod } = condition
  const { start, end: over } = isRecord(abatementPeriod) ? abatementPeriod : {}
  const end = [abatementDateTime, over, start].find(isDate)
  const onset = timeIn(onsetDateTime, onsetPeriod)
  const from = onset?.from ?? timeIn(recordedDate)?.from
  if (from === undefined) return undefined
  // An onset's period is the time in which it began, not its duration.
  return { from, ...(end !== undefined && { to: end }), ...(!onset && { remark: 'from when it was recorded' }) }
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
  return drawTimeline(patient, answers)
}

/** @param answers to the searches, in the order of the lanes */
export function drawTimeline(patient: Person, answers: readonly ReadAnswer[]): Drawn {
  const left: string[] = []
  const lanes = LANES.map(({ type, title, time }, at): Lane => {
    const { found, more, fault } = foundIn(answers[at])
    const events = found.flatMap((resource) => eventOf(resource, time(resource), patient))
    const missing = found.length - events.length
    if (missing > 0) left.push(`${title}: ${missing} without a date or entered in error are not drawn.`)
    return { type, title, more, events: events.toReversed(), ...(fault !== undefined && { fault }) }
  })
  return {
    structured: { view: 'timeline', patient, lanes } satisfies Timeline,
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
        rows: events.toReversed().map(({ id: of, name, from, to, status, unreal }) => ({
          from,
          ...(to !== undefined && { to }),
          ...{ name, status },
          ...(unreal && { happened: false }),
          id: of.split('/')[1],
        })),
      })),
    },
  }
}

/** States that continue until an end is recorded. */
const ONGOING: ReadonlySet<string> = new Set([
  ...['active', 'in-progress', 'arrived', 'triaged', 'onleave', 'recurrence', 'relapse'],
])

function eventOf(resource: Resource, time: CourseTime | undefined, { deceased }: Person): Event[] {
  const { status, withdrawn, unreal, said } = stateOf(resource)
  if (withdrawn || !time) return []
  const { remark, ...span } = time
  const words = [said, remark].filter(Boolean).join(', ')
  return [
    {
      ...{ id: referenceOf(resource), name: labelOf(resource), ...span },
      ...(words !== '' && { status: words }),
      // If the patient has died, nothing continues until today.
      ...(unreal ? { unreal } : ONGOING.has(status) && !deceased && { active: true }),
    },
  ]
}
