/** Who pays: coverage for nearly everybody, professional claims for the last year's visits, and the payer's responses. */
import type { Claim, Coverage, ExplanationOfBenefit, Money, Organization } from '@medplum/fhirtypes'
import { date, instant, YEAR } from './calendar.ts'
import { type Chart, clinician, encounterOf, subject } from './chart.ts'
import type { Diagnosed } from './conditions.ts'
import { type Entered, referenceTo } from './ledger.ts'
import { fullName } from './people.ts'
import { type Chance, chance } from './random.ts'
import { REASONS } from './scheduling.ts'
import { CLINIC, type Code, CPT, concept, hl7Concept } from './terminology.ts'
import type { Visit } from './visits.ts'

interface Price {
  cpt: Code
  cents: number
}

const SHORT: Price = {
  cpt: { code: '99213', display: 'Office visit, established patient, low complexity' },
  cents: 13_500,
}
const LONG: Price = {
  cpt: { code: '99214', display: 'Office visit, established patient, moderate complexity' },
  cents: 19_850,
}
/** Preventive visits of established patients are coded by age; the first row whose limit (in years) is above the age applies. */
const CHECKUPS: readonly (Price & { under: number })[] = [
  { under: 1, cpt: { code: '99391', display: 'Preventive visit, infant, established patient' }, cents: 15_400 },
  { under: 5, cpt: { code: '99392', display: 'Preventive visit, age 1-4, established patient' }, cents: 16_800 },
  { under: 12, cpt: { code: '99393', display: 'Preventive visit, age 5-11, established patient' }, cents: 16_950 },
  { under: 18, cpt: { code: '99394', display: 'Preventive visit, age 12-17, established patient' }, cents: 18_200 },
  { under: 40, cpt: { code: '99395', display: 'Preventive visit, age 18-39, established patient' }, cents: 19_100 },
  { under: 65, cpt: { code: '99396', display: 'Preventive visit, age 40-64, established patient' }, cents: 22_000 },
  {
    under: 200,
    cpt: { code: '99397', display: 'Preventive visit, age 65 and over, established patient' },
    cents: 23_500,
  },
]

/** Laboratory prices, by panel of loinc.ts. */
const LAB: Readonly<Record<string, Price>> = {
  diabetes: { cpt: { code: '83036', display: 'Hemoglobin A1c' }, cents: 3_725 },
  lipids: { cpt: { code: '80061', display: 'Lipid panel' }, cents: 4_890 },
  kidneys: { cpt: { code: '80069', display: 'Renal function panel' }, cents: 3_310 },
  albumin: { cpt: { code: '82043', display: 'Urine microalbumin, quantitative' }, cents: 2_240 },
  thyroid: { cpt: { code: '84443', display: 'Thyroid stimulating hormone' }, cents: 4_115 },
}

const BILLED_FROM = -400

function dollars(cents: number): Money {
  return { value: cents / 100, currency: 'USD' }
}

interface Cover {
  coverage: Entered<Coverage>
  payer: Entered<Organization>
}

export function insure(chart: Chart): Cover | undefined {
  const { person, facility } = chart
  const luck = chance(`coverage/${person.key}`)
  if (luck.odds(0.04)) return undefined
  const payer = facility.payers[luck.odds(0.6) ? 0 : 1]
  const coverage = chart.ledger.enter<Coverage>(person.key, {
    resourceType: 'Coverage',
    status: person.known?.died ? 'cancelled' : 'active',
    type: hl7Concept(
      'v3-ActCode',
      payer === facility.payers[0] ? 'EHCPOL' : 'PUBLICPOL',
      payer === facility.payers[0] ? 'extended healthcare' : 'public healthcare',
    ),
    subscriberId: `${payer === facility.payers[0] ? 'BM' : 'CW'}${luck.int(1_000_000, 9_999_999)}`,
    beneficiary: subject(chart),
    relationship: hl7Concept('subscriber-relationship', 'self', 'Self'),
    period: {
      start: date(person.joined - luck.int(0, 300)),
      ...(person.known?.died ? { end: person.known.died } : {}),
    },
    payor: [referenceTo(payer, payer.name)],
    order: 1,
  })
  return { coverage, payer }
}

/** @param panels the panels (loinc.ts) for which blood was drawn, by visit key */
export function bill(
  chart: Chart,
  cover: Cover | undefined,
  diagnosed: Diagnosed,
  panels: ReadonlyMap<string, readonly string[]>,
): void {
  if (!cover) return
  const luck = chance(`claims/${chart.person.key}`)
  for (const visit of chart.visits) {
    if (visit.day < BILLED_FROM || visit.day > -2 || !luck.odds(0.55)) continue
    const claim = submit(chart, cover, visit, diagnosed, panels.get(visit.key) ?? [], luck)
    if (claim.status === 'active' && visit.day < -21) settle(chart, cover, visit, claim, luck)
  }
}

function basePrice(visit: Visit, age: number, luck: Chance): Price {
  const preventive = visit.reason === REASONS.child || visit.reason === REASONS.checkup
  const checkup = preventive && CHECKUPS.find((one) => age < one.under)
  if (checkup) return checkup
  return luck.odds(0.6) ? SHORT : LONG
}

function submit(
  chart: Chart,
  { coverage, payer }: Cover,
  visit: Visit,
  diagnosed: Diagnosed,
  panels: readonly string[],
  luck: Chance,
) {
  const reason =
    diagnosed.acute.get(visit.key) ??
    [...diagnosed.chronic.values()].find((one) => (one.recordedDate ?? '') <= instant(visit.day, 1439))
  const prices = [
    basePrice(visit, (visit.day - chart.person.born) / YEAR, luck),
    ...panels.flatMap((panel) => LAB[panel] ?? []),
  ]
  const place = chart.facility.placeOf(visit.staff)
  return chart.ledger.enter<Claim>(visit.key, {
    resourceType: 'Claim',
    identifier: [{ system: `${CLINIC}/claim`, value: `C-${visit.key.replace('/', '-')}` }],
    status: luck.odds(0.04) ? 'cancelled' : 'active',
    type: hl7Concept('claim-type', 'professional', 'Professional'),
    use: 'claim',
    patient: subject(chart),
    billablePeriod: { start: date(visit.day), end: date(visit.day) },
    created: date(Math.min(visit.day + luck.int(0, 4), 0)),
    insurer: referenceTo(payer, payer.name),
    provider: referenceTo(chart.facility.clinic, chart.facility.clinic.name),
    priority: hl7Concept('processpriority', 'normal', 'Normal'),
    facility: referenceTo(place, place.name),
    careTeam: [{ sequence: 1, provider: clinician(chart, visit), responsible: true }],
    ...(reason ? { diagnosis: [{ sequence: 1, diagnosisReference: referenceTo(reason, reason.code?.text) }] } : {}),
    insurance: [{ sequence: 1, focal: true, coverage: referenceTo(coverage) }],
    item: prices.map(({ cpt, cents }, index) => ({
      sequence: index + 1,
      careTeamSequence: [1],
      ...(reason ? { diagnosisSequence: [1] } : {}),
      productOrService: concept(CPT, cpt),
      servicedDate: date(visit.day),
      quantity: { value: 1 },
      unitPrice: dollars(cents),
      net: dollars(cents),
      encounter: [encounterOf(visit)],
    })),
    total: dollars(prices.reduce((sum, price) => sum + price.cents, 0)),
  })
}

function settle(chart: Chart, { coverage, payer }: Cover, visit: Visit, claim: Entered<Claim>, luck: Chance): void {
  const denied = luck.odds(0.06)
  const share = luck.pick([0.8, 0.8, 0.9, 1])
  const items = (claim.item ?? []).map((item) => {
    const charged = Math.round((item.net?.value ?? 0) * 100)
    const allowed = Math.round(charged * 0.72)
    const paid = denied ? 0 : Math.round(allowed * share)
    return {
      sequence: item.sequence,
      productOrService: item.productOrService,
      charged,
      allowed,
      paid,
      own: denied ? 0 : allowed - paid,
    }
  })
  const sum = (field: 'charged' | 'allowed' | 'paid' | 'own') => items.reduce((total, item) => total + item[field], 0)
  const amounts = (of: (field: 'charged' | 'allowed' | 'paid' | 'own') => number) => [
    { category: hl7Concept('adjudication', 'submitted', 'Submitted Amount'), amount: dollars(of('charged')) },
    {
      category: hl7Concept('adjudication', 'eligible', 'Eligible Amount'),
      amount: dollars(denied ? 0 : of('allowed')),
    },
    { category: hl7Concept('adjudication', 'copay', 'CoPay'), amount: dollars(of('own')) },
    { category: hl7Concept('adjudication', 'benefit', 'Benefit Amount'), amount: dollars(of('paid')) },
  ]
  const paidOn = date(Math.min(visit.day + luck.int(9, 20), -1))
  chart.ledger.enter<ExplanationOfBenefit>(visit.key, {
    resourceType: 'ExplanationOfBenefit',
    status: 'active',
    type: claim.type,
    use: 'claim',
    patient: subject(chart),
    billablePeriod: { start: date(visit.day), end: date(visit.day) },
    created: paidOn,
    insurer: referenceTo(payer, payer.name),
    provider: referenceTo(chart.facility.clinic, chart.facility.clinic.name),
    claim: referenceTo(claim),
    outcome: 'complete',
    disposition: denied
      ? `Denied: no prior authorization on file for ${fullName(chart.person)}`
      : 'Claim settled as per contract',
    insurance: [{ focal: true, coverage: referenceTo(coverage) }],
    item: items.map((item) => ({
      sequence: item.sequence,
      productOrService: item.productOrService,
      servicedDate: date(visit.day),
      adjudication: amounts((field) => item[field]),
    })),
    total: amounts(sum),
    payment: { date: paidOn, amount: dollars(sum('paid')) },
  })
}
