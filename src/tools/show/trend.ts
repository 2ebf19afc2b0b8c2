// A trend: a patient's results over time.

import { isRecord } from '../../base/json.ts'
import { quoted } from '../../base/text.ts'
import { UserError } from '../../base/told-error.ts'
import { spanOf } from '../../fhir/date-span.ts'
import { criterion, formatPlace } from '../../fhir/query.ts'
import type { ToolContext } from '../kit/tool.ts'
import { type ReadAnswer, readEvery } from '../perform/reading.ts'
import { coursesIn } from './courses.ts'
import { foundIn, patientId, type Resource, readOfPatient } from './records.ts'
import { essenceOf, seriesIn, thinned } from './series.ts'
import type { Course, Person, Series, Trend } from './shown.ts'
import { type Drawn, nameFor } from './words.ts'

const MAX_CODES = 8
/** Maximum number of results to read. */
const CAP = 10_000
/** Maximum number of points in a series: more than a screen can show separately. */
const MAX_POINTS = 400
const MAX_SERIES = 16
const MAX_COURSES = 40
const MAX_ORDERS = 200
const MEDICATIONS = [
  `MedicationRequest?subject=Patient/ID&_sort=-authoredon&_include=MedicationRequest:medication&_count=${MAX_ORDERS}`,
  `MedicationStatement?subject=Patient/ID&_sort=-effective&_include=MedicationStatement:medication&_count=${MAX_ORDERS}`,
]
const NOT_COURSES = 'were not given, are only planned, have no date, or were entered in error'
const CODE = /^(?:[^\s|,$\\&=]+\|)?[^\s|,$\\&=]+$/

interface TrendArguments {
  patient?: string | undefined
  codes?: string[] | undefined
  since?: string | undefined
  medications?: boolean | undefined
}

export async function trend(
  { patient: given, codes = [], since, medications = false }: TrendArguments,
  context: ToolContext,
): Promise<Drawn> {
  const id = patientId(given)
  checkCodes(codes)
  const from = spanOf(since)
  if (since !== undefined && !from)
    throw new UserError('`since` must be a date such as 2025 or 2025-03-01. Nothing was sent.')
  context.event.type = 'Observation'
  const search = formatPlace({
    segments: ['Observation'],
    parameters: [
      ...[criterion('subject', `Patient/${id}`), criterion('combo-code', codes.join(','))],
      ...(since === undefined
        ? []
        : [
            criterion(
              'date',
              `ge${since.length < 10 && from ? new Date(from.start).toISOString().slice(0, 10) : since}`,
            ),
          ]),
    ],
  })
  const searches = medications ? MEDICATIONS.map((one) => one.replace('ID', id)) : []
  const [{ patient, answers }, read] = await Promise.all([
    readOfPatient(id, searches, context),
    readEvery(search, context, { cap: CAP, keep: essenceOf }),
  ])
  const observations = read.entries.flatMap(({ resource }): Resource[] =>
    isRecord(resource) && resource.resourceType === 'Observation' ? [resource] : [],
  )
  const notes = [
    ...read.notes,
    ...(read.next === undefined
      ? []
      : [
          `Only the first ${observations.length} results were read, in the order in which they were stored. Narrow them with \`since\`.`,
        ]),
  ]
  return drawTrend({ patient, codes, since, observations, medications: medications ? answers : undefined, notes })
}

interface Found {
  patient: Person
  codes: readonly string[]
  since?: string | undefined
  observations: readonly Resource[]
  /** Answers to the searches for medications, if requested. */
  medications?: readonly ReadAnswer[] | undefined
  notes?: readonly string[]
}

/** Draws these records, with the same in words. */
export function drawTrend({ patient, codes, since, observations, medications, notes = [] }: Found): Drawn {
  const { series: found, undrawn } = seriesIn(observations, ({ all }) => codes.some((code) => all.includes(code)))
  const series = inOrderOf(codes, found)
  const drawn = series.slice(0, MAX_SERIES)
  const share = Math.max(20, Math.floor(MAX_POINTS / Math.max(1, drawn.length)))
  const taken = medications && takenIn(medications, patient)
  const structured: Trend = {
    view: 'trend',
    patient,
    series: drawn.map((one) => ({ ...one, points: thinned(one.points, share) })),
    undrawn: undrawn.slice(0, MAX_SERIES),
    ...(taken?.courses && { medications: taken.courses.slice(0, MAX_COURSES) }),
  }
  const more = (all: readonly unknown[] | undefined, most: number, what: string) =>
    all && all.length > most ? [`${all.length - most} ${what}: at most ${most} are.`] : []
  return {
    structured,
    notes: [
      ...notes,
      ...more(series, MAX_SERIES, 'series are not drawn'),
      ...more(undrawn, MAX_SERIES, 'reasons for not drawing results are not shown in the view'),
      ...more(taken?.courses, MAX_COURSES, 'medications are not drawn'),
      ...(taken?.notes ?? []),
      ...drawn
        .filter(({ points }) => points.length > share)
        .map(
          ({ name, total }) =>
            `${quoted(name)}: not all of its ${total} results are drawn: only the lowest and highest of each stretch.`,
        ),
      ...(series.length === 0
        ? [`No results to draw. fhir-digest Observation?subject=Patient/${patient.id} lists the available codes.`]
        : []),
    ],
    words: {
      head: [
        `Trend of ${nameFor(patient)}${since === undefined ? '' : `, since ${since}`}`,
        ...series.map(lineOf),
        ...undrawn.map(({ name, reason, count }) => `${count} of ${quoted(name)} not drawn: ${reason}`),
        ...(taken?.courses ?? []).map(
          ({ name, from, to, active, id: of, remark }) =>
            `Medication ${quoted(name)}: ${from} to ${to ?? (active ? 'today' : 'an unknown end')}${remark ? `, ${quoted(remark)}` : ''} (${of})`,
        ),
      ],
      tables: series.map(({ name, unit, points }) => ({
        title: `${quoted(name)} in ${unit === '' ? 'no unit' : quoted(unit)}`,
        rows: points.toReversed().map(({ id: of, at, sign, value, low, high, flag, status, remark }) => ({
          ...{ at, value: sign === undefined ? value : `${sign}${value}`, flag },
          ...(low !== undefined && { low }),
          ...(high !== undefined && { high }),
          ...(status !== undefined && { status }),
          ...(remark !== undefined && { remark }),
          id: of.replace('Observation/', ''),
        })),
      })),
    },
  }
}

/** Requests and statements as courses, or notes on why they could not be read. */
function takenIn(answers: readonly ReadAnswer[], patient: Person): { courses?: Course[]; notes: string[] } {
  const found = answers.map(foundIn)
  const { courses, left } = coursesIn(
    found.flatMap((one) => one.found),
    patient,
  )
  const notes = found.flatMap(({ fault, more }, at) => {
    const what = at === 0 ? 'Medications' : 'Reported medications'
    return fault ? [`${what}: ${fault}.`] : more ? [`${what}: only the latest ${MAX_ORDERS} were read.`] : []
  })
  if (left > 0) notes.push(`Medications: ${left} that ${NOT_COURSES} are not drawn.`)
  return { ...(found.some(({ fault }) => fault === undefined) && { courses }), notes }
}

/** Series in the order of the requested codes; the parts of a panel in the panel's order. */
function inOrderOf(codes: readonly string[], series: readonly Series[]): Series[] {
  const bare = codes.map((code) => code.split('|').at(-1))
  const place = ({ code, of }: Series) => {
    const own = bare.indexOf(code)
    return own >= 0 ? own : bare.indexOf(of.split('|').at(-1))
  }
  return series.toSorted((a, b) => place(a) - place(b))
}

function checkCodes(codes: readonly string[]): void {
  if (codes.length === 0 || codes.length > MAX_CODES) {
    throw new UserError(
      `\`codes\` must be 1 to ${MAX_CODES} codes of results, such as ["4548-4"]; fhir-digest lists those that a chart has. Nothing was sent.`,
    )
  }
  const wrong = codes.find((code) => !CODE.test(code))
  if (wrong !== undefined) {
    throw new UserError(
      `\`codes\`: ${quoted(wrong)} is not a code. Give a code or system|code, such as 4548-4 or http://loinc.org|4548-4. Nothing was sent.`,
    )
  }
}

/** First, last, lowest and highest, as they are drawn. */
function lineOf({ name, code, unit, total, points }: Series): string {
  const [first, last] = [points[0], points.at(-1)]
  const lowest = points.reduce((best, one) => (best && best.value <= one.value ? best : one), first)
  const highest = points.reduce((best, one) => (best && best.value >= one.value ? best : one), first)
  const out = points.filter(({ flag }) => flag !== undefined).length
  const told = [
    ['first', first],
    ['last', last],
    ['lowest', lowest],
    ['highest', highest],
  ] as const
  const values = told.flatMap(([label, point]) =>
    point ? [`${label} ${point.sign ?? ''}${point.value} (${point.at}${point.flag ? `, ${point.flag}` : ''})`] : [],
  )
  return `${quoted(name)} (${quoted(code)}) in ${unit === '' ? 'no unit' : quoted(unit)}: ${total} ${total === 1 ? 'result' : 'results'}; ${values.join(', ')}; out of range: ${out}`
}
