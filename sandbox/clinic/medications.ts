/** Prescriptions: long-term drugs, renewed about once a year until they are stopped, and short courses for acute problems. */
import type { Condition, MedicationRequest } from '@medplum/fhirtypes'
import { date, instant } from './calendar.ts'
import { type Chart, clinician, encounterOf, nextVisit, subject } from './chart.ts'
import type { Diagnosed } from './conditions.ts'
import { type Drug, type DrugKey, drug } from './formulary.ts'
import { type Entered, referenceTo } from './ledger.ts'
import { ACUTE, type AcuteKind } from './problems.ts'
import { chance } from './random.ts'
import { type Code, concept, hl7System, RXNORM, SNOMED, UCUM } from './terminology.ts'
import type { Visit } from './visits.ts'

const ROUTES: Record<Drug['route'], Code> = {
  oral: { code: '26643006', display: 'Oral route (qualifier value)' },
  inhaled: { code: '447694001', display: 'Respiratory tract route (qualifier value)' },
  subcutaneous: { code: '34206005', display: 'Subcutaneous route (qualifier value)' },
}

interface Order {
  drug: DrugKey
  visit: Visit
  status: MedicationRequest['status']
  because?: string
  reason?: Entered<Condition>
  before?: Entered<MedicationRequest>
}

function prescribe(chart: Chart, name: string, { drug: key, visit, status, because, reason, before }: Order) {
  const chosen = drug(key)
  const { amount, unit } = chosen
  return chart.ledger.enter<MedicationRequest>(`${chart.person.key}/${name}`, {
    resourceType: 'MedicationRequest',
    status,
    ...(because ? { statusReason: { text: because } } : {}),
    intent: 'order',
    category: [
      { coding: [{ system: hl7System('medicationrequest-category'), code: 'community', display: 'Community' }] },
    ],
    medicationCodeableConcept: concept(RXNORM, chosen.rxnorm),
    subject: subject(chart),
    encounter: encounterOf(visit),
    authoredOn: instant(visit.day, visit.minute + 14),
    requester: clinician(chart, visit),
    ...(reason ? { reasonReference: [referenceTo(reason, reason.code?.text)] } : {}),
    dosageInstruction: [
      {
        text: chosen.directions,
        timing: { repeat: { frequency: chosen.frequency, period: 1, periodUnit: 'd' } },
        ...(chosen.asNeeded ? { asNeededBoolean: true } : {}),
        route: concept(SNOMED, ROUTES[chosen.route]),
        doseAndRate: [
          { doseQuantity: { value: amount, unit, ...(unit.startsWith('[') ? { system: UCUM, code: unit } : {}) } },
        ],
      },
    ],
    dispenseRequest: {
      validityPeriod: { start: date(visit.day), end: date(visit.day + chosen.supplyDays * (chosen.refills + 1)) },
      numberOfRepeatsAllowed: chosen.refills,
      quantity: { value: amount * chosen.frequency * chosen.supplyDays, unit },
      expectedSupplyDuration: { value: chosen.supplyDays, unit: 'days', system: UCUM, code: 'd' },
    },
    ...(before ? { priorPrescription: referenceTo(before) } : {}),
  })
}

export function medicate(chart: Chart, diagnosed: Diagnosed, avoid: ReadonlySet<string>): void {
  const luck = chance(`medications/${chart.person.key}`)
  const forbidden = (key: DrugKey) => avoid.has(drug(key).avoid ?? '')

  for (const therapy of chart.health.therapies) {
    const key = forbidden(therapy.drug) ? 'amlodipine' : therapy.drug
    const stop = therapy.stop === undefined ? undefined : nextVisit(chart, therapy.stop)
    const starts = chart.visits.filter(
      (visit) => visit.day >= therapy.start && (stop === undefined || visit.day < stop.day),
    )
    const orders: Visit[] = []
    for (const visit of starts) {
      const due = visit.day - (orders.at(-1)?.day ?? -9999) > 330
      const ending = orders.length > 0 && stop !== undefined && stop.day - visit.day < 120
      if (due && !ending) orders.push(visit)
    }
    let before: Entered<MedicationRequest> | undefined
    for (const [index, visit] of orders.entries()) {
      const last = index === orders.length - 1
      const reason = diagnosed.chronic.get(therapy.problem)
      before = prescribe(chart, `${therapy.problem}/${therapy.drug}/${index + 1}`, {
        drug: key,
        visit,
        status: !last ? 'completed' : stop ? 'stopped' : 'active',
        ...(last && stop && therapy.because ? { because: therapy.because } : {}),
        ...(reason ? { reason } : {}),
        ...(before ? { before } : {}),
      })
    }
  }

  for (const visit of chart.visits) {
    const illness: AcuteKind | undefined = visit.acute && ACUTE[visit.acute]
    const usual = illness?.treatment
    if (!usual || luck.odds(0.15)) continue
    const key = !forbidden(usual) ? usual : usual === 'amoxicillin' ? 'azithromycin' : undefined
    if (!key) continue
    const kidneys = key === 'ibuprofen' && chart.health.problems.some((problem) => problem.key === 'kidney')
    if (kidneys) continue
    const reason = diagnosed.acute.get(visit.key)
    const running = visit.day + drug(key).supplyDays > 0
    prescribe(chart, `${visit.key}/${key}`, {
      drug: key,
      visit,
      status: running ? 'active' : 'completed',
      ...(reason ? { reason } : {}),
    })
  }
}
