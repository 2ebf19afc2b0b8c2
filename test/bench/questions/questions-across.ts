// Questions that need more than one type of record: drug and diagnosis, results and visit or report, appointment and slot,
// prescription and reason.
import { drawForms, type Form, named, type Question, told, trapsOf } from './questions-draw.ts'
import { exactly, type Fact, inDigest, inRow, type Valid } from './questions-facts.ts'
import { atVisit, chartOf, reasonOf, recordsAbout, recordsOf } from './questions-policy.ts'
import type { Of, Truth } from './questions-truth.ts'
import { codeOf, dayOf, newest, spoken, substance } from './questions-words.ts'

/** The questions of this kind. */
export function across(truth: Truth, count: number): Question[] {
  return drawForms(
    'across types',
    truth,
    { drugAndProblem, resultsOfVisit, resultsOfReport, appointmentAndSlot, reason },
    count,
  )
}

const drugAndProblem: Form = (truth, patient) =>
  truth
    .of('Condition', patient)
    .filter(({ category }) => codeOf(category?.[0]) === 'problem-list-item')
    .flatMap((condition) => {
      const orders = truth
        .of('MedicationRequest', patient)
        .filter(({ reasonReference }) =>
          reasonReference?.some(({ reference }) => reference === `Condition/${condition.id}`),
        )
      const code = codeOf(orders[0]?.medicationCodeableConcept)
      const dates = truth
        .of('MedicationRequest', patient)
        .filter(({ medicationCodeableConcept }) => codeOf(medicationCodeableConcept) === code)
        .map(({ authoredOn = '' }) => authoredOn)
        .sort()
      if (code === undefined) return []
      const display = orders[0]?.medicationCodeableConcept?.coding?.[0]?.display
      const name = spoken(condition.code?.coding?.[0]?.display)
      return [
        {
          traps: trapsOf(truth, patient),
          text: `Was ${display} started after ${name} was diagnosed in ${told(truth, patient)}: when was each first recorded?`,
          policy: chartOf(named(truth, patient), ['Condition', 'MedicationRequest']),
          facts: [
            inDigest({ type: 'Condition', code: codeOf(condition.code), first: condition.onsetDateTime }),
            inDigest({ type: 'MedicationRequest', code, display, first: dates[0] }),
          ],
        },
      ]
    })

/** Results with their names, as a model would request them. */
const RESULTS = {
  name: 'code.text',
  quantity: 'valueQuantity',
  absent: 'dataAbsentReason.coding.code',
  status: 'status',
  meaning: 'interpretation.coding.code',
}

function resultCells({ code, valueQuantity, dataAbsentReason, status, interpretation }: Of<'Observation'>) {
  return {
    name: code.text,
    'quantity.value': valueQuantity?.value,
    'quantity.unit': valueQuantity?.unit,
    'quantity.comparator': valueQuantity?.comparator,
    absent: codeOf(dataAbsentReason),
    status,
    meaning: codeOf(interpretation?.[0]),
  }
}

function resultTraps(results: readonly Of<'Observation'>[]): string[] {
  return [
    ...(results.some(({ dataAbsentReason }) => dataAbsentReason) ? ['no value'] : []),
    ...(results.some(({ valueQuantity }) => valueQuantity?.comparator) ? ['comparator'] : []),
    ...(results.some(({ status }) => status !== 'final') ? ['not final'] : []),
  ]
}

const isResult: Valid = ({ name, status }) => name !== undefined && status !== 'entered-in-error'

const resultsOfVisit: Form = (truth, patient) => {
  const laboratory = truth.of('Observation', patient).filter(({ category }) => codeOf(category?.[0]) === 'laboratory')
  return [...Map.groupBy(laboratory, ({ encounter }) => encounter?.reference)].flatMap(([, results]) => {
    const visit = truth.target('Encounter', results[0]?.encounter)
    const start = visit?.period?.start
    if (!start) return []
    return [
      {
        traps: [...trapsOf(truth, patient), ...resultTraps(results)],
        text: `Which laboratory results came from the visit of ${told(truth, patient)} on ${start.slice(0, 10)}?`,
        policy: atVisit(named(truth, patient), dayOf(start), RESULTS, 'category=laboratory'),
        facts: [exactly(results.map(resultCells), isResult)],
      },
    ]
  })
}

const resultsOfReport: Form = (truth, patient) => {
  const reports = truth.of('DiagnosticReport', patient)
  return [...Map.groupBy(reports, ({ code }) => code.coding?.[0]?.display ?? '')].flatMap(([name, all]) => {
    const latest = newest(all, ({ effectiveDateTime }) => effectiveDateTime)
    const results = latest?.result?.flatMap((one) => truth.target('Observation', one) ?? [])
    if (!latest || !results || results.length === 0) return []
    const concept = { type: 'DiagnosticReport', words: [name.toLowerCase()] } as const
    const columns = {
      ...RESULTS,
      type: 'resourceType',
      conclusion: 'conclusion',
      date: 'effectiveDateTime',
      results: 'result.display',
    }
    const narrowing = { sort: 'last', limit: 1, where: '_include=DiagnosticReport:result' } as const
    return [
      {
        traps: [...trapsOf(truth, patient), ...resultTraps(results)],
        text: `What did the latest ${name} report of ${told(truth, patient)} conclude, and from which results?`,
        policy: recordsAbout(named(truth, patient), concept, columns, narrowing),
        facts: [
          inRow({
            type: 'DiagnosticReport',
            date: latest.effectiveDateTime,
            conclusion: latest.conclusion,
            results: latest.result?.map(({ display }) => display),
          }),
          ...results.map((one) => inRow({ type: 'Observation', date: latest.effectiveDateTime, ...resultCells(one) })),
        ],
      },
    ]
  })
}

const appointmentAndSlot: Form = (truth, patient) =>
  truth.of('Appointment', patient).flatMap(({ start = '', participant, slot, status }) => {
    const reserved = truth.target('Slot', slot?.[0])
    if (!reserved) return []
    const columns = {
      type: 'resourceType',
      start: 'start',
      status: 'status',
      with: 'participant.actor.display',
      slot: 'slot.reference',
      id: 'id',
      book: 'schedule.display',
    }
    const narrowing = { ...dayOf(start), where: '_include=Appointment:slot', few: true } as const
    const facts: Fact[] = [
      inRow({
        type: 'Appointment',
        start,
        status,
        with: participant.map(({ actor }) => actor?.display),
        slot: slot?.[0]?.reference,
      }),
      inRow({
        type: 'Slot',
        id: reserved.id,
        start: reserved.start,
        status: reserved.status,
        book: reserved.schedule.display,
      }),
    ]
    return [
      {
        traps: [...trapsOf(truth, patient), ...(status === 'cancelled' ? ['missed or cancelled'] : [])],
        text: `With whom was the appointment of ${told(truth, patient)} on ${start.slice(0, 10)}, and in whose book is its slot, free or busy?`,
        policy: recordsOf(named(truth, patient), 'Appointment', columns, narrowing),
        facts,
      },
    ]
  })

const reason: Form = (truth, patient) => {
  const bySubstance = Map.groupBy(truth.of('MedicationRequest', patient), ({ medicationCodeableConcept }) =>
    substance(medicationCodeableConcept?.coding?.[0]?.display),
  )
  return [...bySubstance].flatMap(([name, all]) => {
    const latest = newest(all, ({ authoredOn }) => authoredOn)
    const condition = truth.target('Condition', latest?.reasonReference?.[0])
    if (!condition || name === '') return []
    const columns = { id: 'id', name: 'code.text', since: 'onsetDateTime', until: 'abatementDateTime' }
    const { id, code, onsetDateTime, abatementDateTime } = condition
    return [
      {
        traps: trapsOf(truth, patient),
        text: `For which problem was ${name} last prescribed to ${told(truth, patient)}, and how long has it lasted?`,
        policy: reasonOf(named(truth, patient), [name], columns),
        facts: [inRow({ id, name: code?.text, since: onsetDateTime, until: abatementDateTime })],
      },
    ]
  })
}
