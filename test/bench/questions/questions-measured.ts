// Questions about measurements: the first, the last, how many, the highest and lowest, the course.
import type { Patient } from '@medplum/fhirtypes'
import { draw, type Kind, named, type Question, told, trapsOf } from './questions-draw.ts'
import { type Cells, counts, exactly, inDigest, leads, type Valid } from './questions-facts.ts'
import { numberOf, readingsOf } from './questions-policy.ts'
import type { Measure, Reading, Truth } from './questions-truth.ts'

interface Asked extends Measure {
  /** As the question says it. */
  say: string
  /** As its display has it. */
  words: readonly string[]
}

// biome-ignore format: a table reads better one entry a row
const MEASURES: readonly Asked[] = [
  { say: 'body weight', words: ['body weight'], code: '29463-7' },
  { say: 'body height', words: ['body height'], code: '8302-2' },
  { say: 'BMI', words: ['body mass index'], code: '39156-5' },
  { say: 'heart rate', words: ['heart rate'], code: '8867-4' },
  { say: 'body temperature', words: ['body temperature'], code: '8310-5' },
  { say: 'systolic blood pressure', words: ['systolic'], code: '8480-6', panel: '85354-9' },
  { say: 'diastolic blood pressure', words: ['diastolic'], code: '8462-4', panel: '85354-9' },
  { say: 'HbA1c', words: ['hemoglobin a1c'], code: '4548-4' },
  { say: 'blood glucose', words: ['glucose'], code: '2339-0' },
  { say: 'serum creatinine', words: ['creatinine', 'serum'], code: '2160-0' },
  { say: 'eGFR', words: ['glomerular filtration rate'], code: '33914-3' },
  { say: 'urine albumin/creatinine ratio', words: ['albumin/creatinine'], code: '9318-7' },
  { say: 'total cholesterol', words: ['cholesterol [mass'], code: '2093-3' },
  { say: 'LDL cholesterol', words: ['cholesterol in ldl'], code: '13457-7' },
  { say: 'HDL cholesterol', words: ['cholesterol in hdl'], code: '2085-9' },
  { say: 'triglycerides', words: ['triglyceride'], code: '2571-8' },
  { say: 'TSH', words: ['thyrotropin'], code: '3016-3' },
  { say: 'PHQ-9 score', words: ['phq-9'], code: '44261-6' },
]

/** With fewer readings there is hardly a first and last. */
const MIN_READINGS = 3
/** With fewer there is no course, and all could be seen at once. */
const MIN_COURSE = 8

const isReading: Valid = ({ status, quantity }) => status !== 'entered-in-error' && quantity !== undefined

/** The questions of each of these kinds. */
export function measured(truth: Truth, count: number): Question[] {
  const courses = truth
    .all('Patient')
    .flatMap((patient) => MEASURES.map((measure) => new Course(truth, patient, measure)))
    .filter(({ readings }) => readings.length >= MIN_READINGS)
  const long = courses.filter(({ readings }) => readings.length >= MIN_COURSE)
  return [
    ...draw('first', courses.flatMap(atEnd('first')), count),
    ...draw('last', courses.flatMap(atEnd('last')), count),
    ...draw(
      'max or min',
      long.flatMap((course) => [extreme(course, 'max'), extreme(course, 'min')]),
      count,
    ),
    ...draw(
      'trend',
      long.flatMap((course) => [trend(course, false), trend(course, true)]),
      count,
    ),
  ]
}

/** Questions about the number of readings in a period, to be drawn together with other counts. */
export function readingCounts(truth: Truth): Question[] {
  return truth.all('Patient').flatMap((patient) =>
    MEASURES.filter(({ panel }) => panel === undefined).flatMap((measure) => {
      const course = new Course(truth, patient, measure)
      const years = [...new Set(course.readings.map(({ date }) => date.slice(0, 4)))]
      const year = Number(years[Math.floor(years.length / 2)])
      if (course.readings.length < MIN_READINGS || Number.isNaN(year)) return []
      const [from, to] = [`${year}-01-01`, `${year + 1}-07-01`]
      const within = course.readings.filter(({ date }) => date >= from && date < to)
      const text = `How many ${measure.say} results does ${course.whose} have from ${from} until before ${to}?`
      const policy = numberOf(course.who, 'Observation', measure.words, { from, to })
      const facts = [counts(within.length, { type: 'Observation', code: measure.code, valued: true })]
      return [course.question('count', 'readings', text, policy, facts)]
    }),
  )
}

/** All readings of one thing in one patient. */
class Course {
  readonly patient: Patient
  readonly measure: Asked
  readonly readings: Reading[]
  readonly who
  readonly whose: string
  readonly #truth: Truth

  constructor(truth: Truth, patient: Patient, measure: Asked) {
    this.#truth = truth
    this.patient = patient
    this.measure = measure
    this.readings = truth.readings(patient, measure)
    this.who = named(truth, patient)
    this.whose = told(truth, patient)
  }

  get units(): string[] {
    return [...new Set(this.readings.map(({ unit }) => unit))]
  }

  /** Records that aren't readings. */
  get withdrawn(): boolean {
    return this.#observations.some(({ status }) => status === 'entered-in-error')
  }

  get incomplete(): boolean {
    const valid = this.#observations.filter(({ status }) => status !== 'entered-in-error')
    return valid.length > this.readings.length
  }

  get #observations() {
    return this.#truth.observations(this.patient, this.measure)
  }

  question(kind: Kind, form: string, text: string, policy: Question['policy'], facts: Question['facts']): Question {
    const traps = [
      ...trapsOf(this.#truth, this.patient),
      ...(this.units.length > 1 ? ['two units'] : []),
      ...(this.withdrawn ? ['entered in error'] : []),
      ...(this.incomplete ? ['no value'] : []),
      ...(this.readings.some(({ comparator }) => comparator !== undefined) ? ['comparator'] : []),
    ]
    return { kind, form, traps, text, policy, facts }
  }
}

function cellsOf({ date, value, unit, comparator }: Reading): Cells {
  return { date, 'quantity.value': value, 'quantity.unit': unit, 'quantity.comparator': comparator }
}

/** As a digest shows it. */
function shown({ value, comparator }: Reading): number | string {
  return comparator === undefined ? value : `${comparator}${value}`
}

/** What more than these come first is not asked for: withdrawn ones and those without a value are among them. */
const LIMIT = 4

function atEnd(end: 'first' | 'last'): (course: Course) => Question[] {
  return (course) => {
    const { readings, measure, whose, who, units, incomplete } = course
    const [one, other] = end === 'first' ? readings : readings.toReversed()
    if (!one || one.date === other?.date) return []
    const said = { code: measure.code, [end]: one.date, [`${end}Value`]: shown(one), unit: one.unit }
    const facts = [leads(cellsOf(one), isReading), ...(units.length > 1 || incomplete ? [] : [inDigest(said)])]
    const text = `When was the ${end} ${measure.say} of ${whose} taken, and what was it?`
    const policy = readingsOf(who, measure.words, { sort: end, limit: LIMIT })
    return [course.question(end, measure.say, text, policy, facts)]
  }
}

function extreme(course: Course, which: 'max' | 'min'): Question {
  const { readings, measure, whose, who, units } = course
  const sign = which === 'max' ? 1 : -1
  const best = (some: readonly Reading[]) => some.toSorted((a, b) => sign * (b.comparable - a.comparable))[0]
  const byUnit = units.flatMap((unit) => best(readings.filter((one) => one.unit === unit)) ?? [])
  const facts = [
    // Only all readings show that it is the extreme; the digest's row for each unit shows which reading it is.
    exactly(readings.map(cellsOf), isReading),
    ...byUnit.map((one) => inDigest({ code: measure.code, [which]: shown(one), unit: one.unit })),
  ]
  const word = which === 'max' ? 'highest' : 'lowest'
  const text = `What was the ${word} ${measure.say} of ${whose}, in which unit, and when?`
  return course.question('max or min', which, text, readingsOf(who, measure.words, { sort: 'first' }), facts)
}

function trend(course: Course, yearly: boolean): Question {
  const { readings, measure, whose, who } = course
  const text = yearly
    ? `What were the first, last, lowest and highest ${measure.say} of ${whose} in each year?`
    : `How has the ${measure.say} of ${whose} developed: all values with date and unit?`
  const facts = [exactly(readings.map(cellsOf), isReading)]
  return course.question(
    'trend',
    yearly ? 'by year' : 'all',
    text,
    readingsOf(who, measure.words, { sort: 'first' }),
    facts,
  )
}
