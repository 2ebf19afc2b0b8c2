/** Vaccinations on schedule, and procedures. */
import type { Immunization, Procedure } from '@medplum/fhirtypes'
import { calendarYear, date, instant, YEAR } from './calendar.ts'
import { type Chart, clinician, encounterOf, subject } from './chart.ts'
import { onsetOf } from './health.ts'
import { referenceTo } from './ledger.ts'
import { type Chance, chance } from './random.ts'
import { type Code, CVX, code, concept, hl7Concept, SNOMED, UCUM } from './terminology.ts'
import type { Visit } from './visits.ts'

const FLU = code('150', 'influenza, injectable, quadrivalent, preservative free')
const FLU_HIGH = code('197', 'influenza, high-dose seasonal, quadrivalent, preservative free')
const COVID = code('308', 'COVID-19, mRNA, LNP-S, bivalent, PF, 30 mcg/0.3 mL dose')
const COVID_FIRST = code('208', 'COVID-19, mRNA, LNP-S, PF, 30 mcg/0.3 mL dose')

interface Scheduled {
  vaccine: Code
  /** Ages in months at which a dose is due. */
  months: readonly number[]
}

// biome-ignore format: a table by age
const CHILDHOOD: readonly Scheduled[] = [
  { vaccine: code('08', 'Hep B, adolescent or pediatric'), months: [0, 2, 6] },
  { vaccine: code('20', 'DTaP'), months: [2, 4, 6, 16, 50] },
  { vaccine: code('10', 'IPV'), months: [2, 4, 8, 50] },
  { vaccine: code('133', 'pneumococcal conjugate PCV 13'), months: [2, 4, 6, 13] },
  { vaccine: code('03', 'MMR'), months: [13, 50] },
  { vaccine: code('21', 'varicella'), months: [13, 50] },
  { vaccine: code('165', 'HPV9'), months: [134, 142] },
  { vaccine: code('114', 'meningococcal MCV4P'), months: [134, 194] },
]

// biome-ignore format: a table by age
const ADULT: readonly (Scheduled & { chance: number })[] = [
  { vaccine: code('115', 'Tdap'), months: [12 * 25, 12 * 35, 12 * 45, 12 * 55, 12 * 65, 12 * 75], chance: 0.85 },
  { vaccine: code('187', 'zoster recombinant'), months: [12 * 50, 12 * 50 + 3], chance: 0.6 },
  { vaccine: code('216', 'Pneumococcal conjugate PCV20, polysaccharide CRM197 conjugate, adjuvant, PF'), months: [12 * 66], chance: 0.7 },
]

const MONTH = YEAR / 12

interface Dose {
  vaccine: Code
  visit: Visit
  number?: number
  refused?: boolean
}

function give(chart: Chart, { vaccine, visit, number, refused }: Dose, luck: Chance): void {
  chart.ledger.enter<Immunization>(`${visit.key}/${vaccine.code}`, {
    resourceType: 'Immunization',
    status: refused ? 'not-done' : 'completed',
    ...(refused ? { statusReason: hl7Concept('v3-ActReason', 'PATOBJ', 'patient objection') } : {}),
    vaccineCode: concept(CVX, vaccine),
    patient: subject(chart),
    encounter: encounterOf(visit),
    occurrenceDateTime: date(visit.day),
    recorded: instant(visit.day, visit.minute + 20),
    primarySource: true,
    location: referenceTo(chart.facility.placeOf(visit.staff)),
    ...(refused
      ? {}
      : {
          lotNumber: `${luck.pick(['AB', 'FX', 'KL', 'TR'])}${luck.int(1000, 9999)}`,
          expirationDate: date(visit.day + luck.int(60, 400)),
          site: {
            coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActSite', code: 'LA', display: 'left arm' }],
          },
          doseQuantity: { value: 0.5, unit: 'mL', system: UCUM, code: 'mL' },
          performer: [{ actor: clinician(chart, visit) }],
        }),
    ...(number === undefined ? {} : { protocolApplied: [{ doseNumberPositiveInt: number }] }),
  })
}

export function vaccinate(chart: Chart): void {
  const { person, visits } = chart
  const luck = chance(`vaccines/${person.key}`)
  const willing = luck.between(0.35, 0.95)
  const flu = new Set<number>()
  let covid = 0
  let lastCovid = -9999
  for (const visit of visits) {
    const age = (visit.day - person.born) / YEAR
    const year = calendarYear(visit.day)
    const month = Number(date(visit.day).slice(5, 7))
    if (age > 0.6 && month >= 9 && month <= 12 && !flu.has(year)) {
      flu.add(year)
      const will = luck.odds(willing)
      if (will || luck.odds(0.2)) give(chart, { vaccine: age >= 65 ? FLU_HIGH : FLU, visit, refused: !will }, luck)
    }
    if (
      age > 12 &&
      visit.day > -1950 &&
      covid < 4 &&
      visit.day - lastCovid > (covid === 1 ? 25 : 250) &&
      luck.odds(willing * 0.6)
    ) {
      covid++
      lastCovid = visit.day
      give(chart, { vaccine: year < 2023 ? COVID_FIRST : COVID, visit, number: covid }, luck)
    }
  }
  const due = [...(person.born > -18 * YEAR ? CHILDHOOD.map((one) => ({ ...one, chance: 0.97 })) : []), ...ADULT]
  for (const { vaccine, months, chance: likely } of due) {
    for (const [index, month] of months.entries()) {
      const visit = visits.find(
        (one) =>
          one.day >= person.born + month * MONTH && one.day < person.born + (month + (month < 60 ? 4 : 40)) * MONTH,
      )
      const taken =
        visit &&
        months.slice(0, index).some((other) => visits.find((one) => one.day >= person.born + other * MONTH) === visit)
      if (visit && !taken && luck.odds(likely))
        give(chart, { vaccine, visit, ...(month < 240 ? { number: index + 1 } : {}) }, luck)
    }
  }
}

interface Practice {
  code: Code
  when(chart: Chart, visit: Visit): boolean
  /** Days until it is done again; 0 for once. */
  every: number
  outcome?: string
}

const age = (chart: Chart, visit: Visit) => (visit.day - chart.person.born) / YEAR
const has = (chart: Chart, key: Parameters<typeof onsetOf>[1], day: number) => (onsetOf(chart.health, key) ?? 1) <= day

// biome-ignore format: a table
const PRACTICES: readonly Practice[] = [
  { code: code('401191002', 'Diabetic foot examination (procedure)'), when: (chart, visit) => has(chart, 'diabetes', visit.day), every: 360, outcome: 'Sensation intact' },
  { code: code('134395001', 'Diabetic retinopathy screening (procedure)'), when: (chart, visit) => has(chart, 'diabetes', visit.day), every: 720 },
  { code: code('29303009', 'Electrocardiographic procedure (procedure)'), when: (chart, visit) => has(chart, 'fibrillation', visit.day) || has(chart, 'failure', visit.day), every: 360 },
  { code: code('127783003', 'Spirometry (procedure)'), when: (chart, visit) => has(chart, 'asthma', visit.day) || has(chart, 'copd', visit.day), every: 700 },
  { code: code('73761001', 'Colonoscopy (procedure)'), when: (chart, visit) => age(chart, visit) > 50 && age(chart, visit) < 76 && visit.day % 3 === 0, every: 0, outcome: 'No polyps' },
  { code: code('71651007', 'Mammography (procedure)'), when: (chart, visit) => chart.person.sex === 'female' && age(chart, visit) > 48 && age(chart, visit) < 75, every: 760, outcome: 'BI-RADS 1' },
  { code: code('288086009', 'Suture of open wound (procedure)'), when: (_, visit) => visit.day % 97 === 0, every: 0 },
]

export function performProcedures(chart: Chart): void {
  const luck = chance(`procedures/${chart.person.key}`)
  for (const practice of PRACTICES) {
    let last = Number.NEGATIVE_INFINITY
    for (const visit of chart.visits) {
      if (visit.day - last < (practice.every || 99999) || !practice.when(chart, visit) || luck.odds(0.25)) continue
      last = visit.day
      const declined = luck.odds(0.05)
      chart.ledger.enter<Procedure>(`${visit.key}/${practice.code.code}`, {
        resourceType: 'Procedure',
        status: declined ? 'not-done' : 'completed',
        ...(declined ? { statusReason: { text: 'Patient declined' } } : {}),
        code: concept(SNOMED, practice.code),
        subject: subject(chart),
        encounter: encounterOf(visit),
        ...(declined
          ? {}
          : {
              performedPeriod: {
                start: instant(visit.day, visit.minute + 6),
                end: instant(visit.day, visit.minute + 18),
              },
            }),
        performer: [{ actor: clinician(chart, visit) }],
        ...(practice.outcome && !declined && luck.odds(0.8) ? { outcome: { text: practice.outcome } } : {}),
      })
    }
  }
}
