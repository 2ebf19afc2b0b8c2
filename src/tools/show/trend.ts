// Results of a patient over time.

import { isRecord } from '../../base/json.ts'
import { quoted } from '../../base/text.ts'
import { UserError } from '../../base/told-error.ts'
import { spanOf } from '../../fhir/date-span.ts'
import { criterion, formatPlace } from '../../fhir/query.ts'
import type { ToolContext } from '../kit/tool.ts'
import { readEvery } from '../perform/reading.ts'
import { coursesIn } from './courses.ts'
import { foundIn, patientId, type Resource, readOfPatient } from './records.ts'
import { essenceOf, seriesIn, thinned } from './series.ts'
import type { Series, Trend } from './shown.ts'
import { type Drawn, nameFor } from './words.ts'

const MAX_CODES = 8
/** Results that are read. */
const CAP = 10_000
/** Points that are drawn: more than a screen can show apart. */
const MAX_POINTS = 400
const MAX_SERIES = 16
const CODE = /^(?:[^\s|,$\\&=]+\|)?[^\s|,$\\&=]+$/

export interface TrendArguments {
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
  const orders = medications ? [`MedicationRequest?subject=Patient/${id}&_sort=-authoredon&_count=200`] : []
  const [{ patient, answers }, read] = await Promise.all([
    readOfPatient(id, orders, context),
    readEvery(search, context, { cap: CAP, keep: essenceOf }),
  ])
  const observations = read.entries.flatMap(({ resource }): Resource[] =>
    isRecord(resource) && resource.resourceType === 'Observation' ? [resource] : [],
  )
  const { series: found, undrawn } = seriesIn(observations, ({ all }) => codes.some((code) => all.includes(code)))
  const series = inOrderOf(codes, found)
  const drawn = series.slice(0, MAX_SERIES)
  const share = Math.max(20, Math.floor(MAX_POINTS / Math.max(1, drawn.length)))
  const courses = answers[0] && coursesIn(foundIn(answers[0]).found)
  const structured: Trend = {
    view: 'trend',
    patient,
    series: drawn.map((one) => ({ ...one, points: thinned(one.points, share) })),
    undrawn: undrawn.slice(0, MAX_SERIES),
    ...(courses && { medications: courses.slice(0, MAX_SERIES) }),
  }
  const notes = [
    ...read.notes,
    ...(read.next === undefined
      ? []
      : [`Only the first ${observations.length} results were read, by when they were stored. \`since\` narrows them.`]),
    ...(series.length > drawn.length
      ? [`${series.length - drawn.length} series are not drawn: at most ${MAX_SERIES} are.`]
      : []),
    ...drawn
      .filter(({ points }) => points.length > share)
      .map(
        ({ name, total }) =>
          `${quoted(name)}: not all of its ${total} results are drawn, but the lowest and highest of each stretch.`,
      ),
    ...(series.length === 0
      ? [`No results to draw. fhir-digest Observation?subject=Patient/${id} lists the codes that there are.`]
      : []),
  ]
  return {
    structured,
    notes,
    words: {
      head: [
        `Trend of ${nameFor(patient)}${since === undefined ? '' : `, since ${since}`}`,
        ...series.map(lineOf),
        ...undrawn.map(({ name, reason, count }) => `Not drawn of ${quoted(name)}: ${count}, ${reason}`),
        ...(courses ?? []).map(
          ({ name, from, to, active, id: of }) =>
            `Medication ${quoted(name)}: ${from} to ${to ?? (active ? 'today' : 'an end not told')} (${of})`,
        ),
      ],
      tables: series.map(({ name, unit, points }) => ({
        title: `${quoted(name)} in ${unit === '' ? 'no unit' : quoted(unit)}`,
        rows: points.toReversed().map(({ id: of, at, sign, value, low, high, flag, status }) => ({
          ...{ at, value: sign === undefined ? value : `${sign}${value}`, flag },
          ...(low !== undefined && { low }),
          ...(high !== undefined && { high }),
          ...(status !== undefined && { status }),
          id: of.replace('Observation/', ''),
        })),
      })),
    },
  }
}

/** As they were asked for; in a panel, as it has them. */
function inOrderOf(codes: readonly string[], series: readonly Series[]): Series[] {
  const bare = codes.map((code) => code.split('|').at(-1))
  const place = ({ code, of }: Series) => {
    const own = bare.indexOf(code)
    return own >= 0 ? own : bare.indexOf(of)
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
      `\`codes\`: ${quoted(wrong)} is no code. Give a code or system|code, such as 4548-4 or http://loinc.org|4548-4. Nothing was sent.`,
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
  return `${quoted(name)} (${quoted(code)}) in ${unit === '' ? 'no unit' : quoted(unit)}: ${total} results; ${values.join(', ')}; out of range: ${out}`
}
