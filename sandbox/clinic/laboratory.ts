/** Laboratory work: at a visit, blood is drawn for each panel that is due; a day later its results are in one DiagnosticReport. */
import type { DiagnosticReport, Observation } from '@medplum/fhirtypes'
import { calendarYear, instant, valueAt, YEAR } from './calendar.ts'
import { type Chart, clinician, encounterOf, subject } from './chart.ts'
import { onsetOf } from './health.ts'
import { type Entered, referenceTo } from './ledger.ts'
import { type MeasureKey, measure, PANELS, type PanelKey } from './loinc.ts'
import { enterReading, type Reading, round } from './measuring.ts'
import { type Chance, chance } from './random.ts'
import { concept, hl7Concept, LOINC } from './terminology.ts'
import type { Visit } from './visits.ts'

/** Days between two draws of a panel for this person on this day; undefined if the panel isn't indicated. */
function interval({ health, person }: Chart, panel: PanelKey, day: number): number | undefined {
  const age = (day - person.born) / YEAR
  const ill = (...keys: Parameters<typeof onsetOf>[1][]) => keys.some((key) => (onsetOf(health, key) ?? 1) <= day)
  if (age < 20) return undefined
  switch (panel) {
    case 'diabetes':
      return ill('diabetes')
        ? 85
        : ill('prediabetes', 'obesity') || onsetOf(health, 'diabetes') !== undefined
          ? 330
          : age > 45
            ? 1000
            : undefined
    case 'lipids':
      return ill('hyperlipidemia', 'diabetes') ? 330 : age > 35 ? 700 : undefined
    case 'kidneys':
      return ill('kidney') ? 110 : ill('hypertension', 'diabetes', 'failure') ? 300 : age > 50 ? 900 : undefined
    case 'albumin':
      return ill('diabetes', 'kidney') ? 345 : undefined
    case 'thyroid':
      return ill('hypothyroidism') ? 170 : undefined
  }
}

/** CKD-EPI 2021 without race (Inker et al., NEJM 2021;385:1737), in mL/min/1.73m2. */
function filtration(creatinine: number, age: number, sex: 'female' | 'male'): number {
  const [kappa, alpha, factor] = sex === 'female' ? [0.7, -0.241, 1.012] : [0.9, -0.302, 1]
  const ratio = creatinine / kappa
  return 142 * Math.min(ratio, 1) ** alpha * Math.max(ratio, 1) ** -1.2 * 0.9938 ** age * factor
}

function values(chart: Chart, panel: PanelKey, day: number, luck: Chance): Reading[] {
  const { health, person } = chart
  const draw = (key: MeasureKey, base: number) => round(base + luck.bell() * measure(key).noise, measure(key).digits)
  switch (panel) {
    case 'diabetes': {
      const hba1c = draw('hba1c', valueAt(health.hba1c, day))
      // Estimated average glucose (ADAG study), a little lower because these samples are fasting.
      return [
        { key: 'hba1c', value: hba1c },
        { key: 'glucose', value: draw('glucose', 28.7 * hba1c - 55) },
      ]
    }
    case 'lipids': {
      const [ldl, hdl] = [draw('ldl', valueAt(health.ldl, day)), Math.max(27, draw('hdl', valueAt(health.hdl, day)))]
      const triglycerides = draw('triglycerides', valueAt(health.triglycerides, day))
      // Friedewald's formula, solved for total cholesterol, so that the four values are consistent.
      const cholesterol = Math.round(ldl + hdl + triglycerides / 5)
      return [
        { key: 'cholesterol', value: cholesterol },
        { key: 'triglycerides', value: triglycerides },
        { key: 'hdl', value: hdl },
        { key: 'ldl', value: ldl },
      ]
    }
    case 'kidneys': {
      const creatinine = Math.max(0.45, draw('creatinine', valueAt(health.creatinine, day)))
      const egfr = Math.round(filtration(creatinine, (day - person.born) / YEAR, person.sex))
      // Until 2023 the laboratory reported nothing more exact than "> 90".
      return [
        { key: 'creatinine', value: creatinine },
        egfr > 90 && calendarYear(day) < 2023
          ? { key: 'egfr', value: 90, comparator: '>' }
          : { key: 'egfr', value: egfr },
      ]
    }
    case 'albumin': {
      const leak = onsetOf(health, 'kidney')
      const albumin = draw(
        'uacr',
        leak !== undefined && day > leak - 400 ? 45 + (day - leak + 400) * 0.09 : 7 + luck.between(-4, 10),
      )
      return [albumin < 5 ? { key: 'uacr', value: 5, comparator: '<' } : { key: 'uacr', value: albumin }]
    }
    case 'thyroid': {
      const tsh = draw('tsh', valueAt(health.tsh, day))
      return [
        luck.odds(0.03) ? { key: 'tsh', value: 0.01, comparator: '<' } : { key: 'tsh', value: Math.max(0.3, tsh) },
      ]
    }
  }
}

const CORRECTED = 'Corrected report: first issued with the result of another sample.'

/** Some results are missing, corrected or commented on, as in real life. */
function blemish(reading: Reading, luck: Chance): Reading {
  const roll = luck.unit()
  if (roll < 0.008) return { ...reading, absent: 'error', note: 'Sample hemolyzed, result not reported.' }
  if (roll < 0.014) return { ...reading, status: 'corrected', note: CORRECTED }
  if (roll < 0.022) return { ...reading, note: 'Result telephoned to the clinic.' }
  return reading
}

/** A panel for which blood was drawn at a visit. */
interface Drawn {
  visit: Visit
  panel: PanelKey
  report: Entered<DiagnosticReport>
}

export function runLaboratory(chart: Chart): Drawn[] {
  const luck = chance(`laboratory/${chart.person.key}`)
  const reports: Drawn[] = []
  const drawn = new Map<PanelKey, number>()
  for (const visit of chart.visits) {
    for (const panel of Object.keys(PANELS) as PanelKey[]) {
      const every = interval(chart, panel, visit.day)
      if (every === undefined || visit.day - (drawn.get(panel) ?? Number.NEGATIVE_INFINITY) < every) continue
      drawn.set(panel, visit.day)
      const pending = visit.day > -4
      const results = values(chart, panel, visit.day, luck)
        .map((reading) => blemish(reading, luck))
        .map((reading) =>
          enterReading(chart, visit, 'laboratory', pending ? { ...reading, status: 'preliminary' } : reading),
        )
      reports.push({ visit, panel, report: report(chart, visit, panel, results, pending) })
    }
  }
  return reports
}

function report(chart: Chart, visit: Visit, panel: PanelKey, results: Entered<Observation>[], pending: boolean) {
  const { loinc } = PANELS[panel]
  const outside = results.filter((result) => ['H', 'L'].includes(result.interpretation?.[0]?.coding?.[0]?.code ?? ''))
  const finding = outside.map(
    (one) =>
      `${one.code.text} ${one.interpretation?.[0]?.coding?.[0]?.display?.toLowerCase()} (${one.valueQuantity?.comparator ?? ''}${one.valueQuantity?.value} ${one.valueQuantity?.unit})`,
  )
  return chart.ledger.enter<DiagnosticReport>(`${visit.key}/${panel}`, {
    resourceType: 'DiagnosticReport',
    status: pending ? 'preliminary' : results.some((result) => result.status === 'corrected') ? 'corrected' : 'final',
    category: [hl7Concept('v2-0074', 'LAB', 'Laboratory')],
    code: concept(LOINC, loinc),
    subject: subject(chart),
    encounter: encounterOf(visit),
    effectiveDateTime: instant(visit.day, visit.minute + 15),
    issued: instant(Math.min(visit.day + 1, 0), 10 * 60 + 30),
    performer: [referenceTo(chart.facility.laboratory, chart.facility.laboratory.name)],
    resultsInterpreter: [clinician(chart, visit)],
    result: results.map((result) => referenceTo(result, result.code.text)),
    conclusion: finding.length > 0 ? `${finding.join('; ')}.` : 'All results within the reference range.',
  })
}
