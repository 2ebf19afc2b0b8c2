/** What is recorded at the start of a visit: weight, height, blood pressure, pulse, temperature and smoking status. */
import type { Observation } from '@medplum/fhirtypes'
import { calendarYear, valueAt, YEAR } from './calendar.ts'
import type { Chart } from './chart.ts'
import { BLOOD_PRESSURE, measure, SMOKING, SMOKING_STATUS } from './loinc.ts'
import { enterReading, interpret, observed, quantity, round } from './measuring.ts'
import { ACUTE, type AcuteKind } from './problems.ts'
import { type Chance, chance } from './random.ts'
import { concept, hl7Concept, LOINC, SNOMED } from './terminology.ts'
import type { Visit } from './visits.ts'

const POUND = { unit: 'lbs', ucum: '[lb_av]' }
const POUNDS_PER_KILOGRAM = 2.2046226

export function takeVitals(chart: Chart): void {
  const luck = chance(`vitals/${chart.person.key}`)
  let measured = Number.NEGATIVE_INFINITY
  let asked = Number.NEGATIVE_INFINITY
  for (const visit of chart.visits) {
    const age = (visit.day - chart.person.born) / YEAR
    const weighed = weigh(chart, visit, luck)
    if (visit.day - measured > (age < 18 ? 80 : 340)) {
      measured = visit.day
      const noise = luck.bell() * measure('height').noise
      const height = round(valueAt(chart.health.height, visit.day) + noise, 1)
      enterReading(chart, visit, 'vital-signs', { key: 'height', value: height })
      if (weighed !== undefined && age > 2) {
        enterReading(chart, visit, 'vital-signs', { key: 'bmi', value: weighed / (height / 100) ** 2 })
      }
    }
    if (age > 3) pressure(chart, visit, luck)
    if (luck.odds(0.3))
      enterReading(chart, visit, 'vital-signs', {
        key: 'pulse',
        value: valueAt(chart.health.pulse, visit.day) + luck.bell() * measure('pulse').noise,
      })
    const illness: AcuteKind | undefined = visit.acute && ACUTE[visit.acute]
    if (illness || luck.odds(0.12)) {
      const warmth = illness?.fever ? luck.between(37.7, 39.4) : 36.7
      enterReading(chart, visit, 'vital-signs', {
        key: 'temperature',
        value: warmth + luck.bell() * measure('temperature').noise,
      })
    }
    if (age > 14 && visit.day - asked > 500) {
      asked = visit.day
      smoking(chart, visit)
    }
  }
}

/** @returns the weight in kilograms, if the patient stepped on the scale */
function weigh(chart: Chart, visit: Visit, luck: Chance): number | undefined {
  if (luck.odds(0.18)) return undefined
  const kilograms = round(
    valueAt(chart.health.weight, visit.day) +
      luck.bell() * (visit.day - chart.person.born < 3 * YEAR ? 0.1 : measure('weight').noise),
    1,
  )
  if (luck.odds(0.006)) {
    enterReading(chart, visit, 'vital-signs', {
      key: 'weight',
      value: kilograms * 10,
      status: 'entered-in-error',
      again: '/mistake',
      note: 'Decimal point misplaced, entered again.',
    })
  }
  // The scale at North Quarry showed pounds until it was replaced in 2024.
  const pounds = visit.staff === 'grace' && calendarYear(visit.day) < 2024
  enterReading(
    chart,
    visit,
    'vital-signs',
    pounds
      ? { key: 'weight', value: kilograms * POUNDS_PER_KILOGRAM, unit: POUND }
      : { key: 'weight', value: kilograms },
  )
  return kilograms
}

function pressure(chart: Chart, visit: Visit, luck: Chance): void {
  const systolic = Math.round(valueAt(chart.health.systolic, visit.day) + luck.bell() * measure('systolic').noise)
  const diastolic = Math.min(
    systolic - 22,
    Math.round(valueAt(chart.health.diastolic, visit.day) + luck.bell() * measure('diastolic').noise),
  )
  const refused = luck.odds(0.004)
  const unheard = luck.odds(0.005)
  const code = (key: 'systolic' | 'diastolic') => concept(LOINC, measure(key).loinc, measure(key).text)
  const high = interpret({ ...measure('systolic'), high: 139 }, chart.person.sex, systolic)
  chart.ledger.enter<Observation>(`${visit.key}/pressure`, {
    ...observed(chart, visit, 'vital-signs', 5),
    code: concept(LOINC, BLOOD_PRESSURE, 'Blood pressure'),
    ...(refused
      ? { dataAbsentReason: hl7Concept('data-absent-reason', 'asked-declined', 'Asked But Declined') }
      : {
          component: [
            {
              code: code('systolic'),
              valueQuantity: quantity(measure('systolic'), systolic),
              ...(high ? { interpretation: [high] } : {}),
            },
            unheard
              ? { code: code('diastolic'), dataAbsentReason: hl7Concept('data-absent-reason', 'unknown', 'Unknown') }
              : { code: code('diastolic'), valueQuantity: quantity(measure('diastolic'), diastolic) },
          ],
        }),
    ...(luck.odds(0.03)
      ? { bodySite: concept(SNOMED, { code: '368208006', display: 'Left upper arm structure' }) }
      : {}),
    ...(systolic > 165 && luck.odds(0.5)
      ? { note: [{ text: 'Patient was rushing; repeat after five minutes of rest was a little lower.' }] }
      : {}),
  })
}

function smoking(chart: Chart, visit: Visit): void {
  const [, status] = chart.health.smoking.findLast(([since]) => since <= visit.day) ?? [0, 'never' as const]
  chart.ledger.enter<Observation>(`${visit.key}/smoking`, {
    ...observed(chart, visit, 'social-history', 3),
    code: concept(LOINC, SMOKING, 'Smoking status'),
    valueCodeableConcept: concept(
      SNOMED,
      SMOKING_STATUS[status],
      { never: 'Never smoker', former: 'Former smoker', current: 'Current smoker' }[status],
    ),
  })
}
