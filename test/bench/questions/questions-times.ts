// Questions about times: the next appointment, the last visit, when a problem began and ended, when a drug was first given and a
// vaccine last.
import type { Patient } from '@medplum/fhirtypes'
import { CLINIC_NOW } from '../../../sandbox/clinic/calendar.ts'
import { drawForms, type Form, named, type Question, told, trapsOf } from './questions-draw.ts'
import { exactly, leads, type Valid } from './questions-facts.ts'
import { recordsAbout, recordsOf } from './questions-policy.ts'
import type { Truth } from './questions-truth.ts'
import { codeOf, newest, spoken, substance } from './questions-words.ts'

/** The questions of this kind. */
export function times(truth: Truth, count: number): Question[] {
  return drawForms('when', truth, { appointment, visit, onset, end, prescribed, vaccinated }, count)
}

const everything: Valid = () => true
const isDone: Valid = ({ status }) => status === 'completed'
const isConfirmed: Valid = ({ verification }) => verification !== 'entered-in-error'

const isPlanned: Valid = ({ status }) => status === 'booked' || status === 'pending'

const appointment: Form = (truth, patient) => {
  const coming = truth.of('Appointment', patient).filter(({ start = '' }) => start >= CLINIC_NOW)
  const planned = coming
    .filter(({ status }) => status === 'booked' || status === 'pending')
    .toSorted((a, b) => ((a.start ?? '') < (b.start ?? '') ? -1 : 1))
  const next = planned[0]
  // Most have none: of these, a few are enough to ask about.
  if (coming.length === 0 && !patient.id?.startsWith('a')) return []
  const names = next?.participant.map(({ actor }) => actor?.display)
  const facts = [next ? leads({ start: next.start, with: names }, isPlanned) : exactly([], isPlanned)]
  const columns = { start: 'start', status: 'status', with: 'participant.actor.display' }
  const text = `After ${CLINIC_NOW}, when is the next appointment of ${told(truth, patient)}, and with whom?`
  const policy = recordsOf(named(truth, patient), 'Appointment', columns, { from: CLINIC_NOW, sort: 'first', limit: 5 })
  const traps = [
    ...trapsOf(truth, patient),
    ...(coming.length > planned.length ? ['missed or cancelled'] : []),
    ...(next ? [] : ['none on record']),
  ]
  return [{ traps, text, policy, facts }]
}

const visit: Form = (truth, patient) => {
  const latest = newest(truth.of('Encounter', patient), ({ period }) => period?.start)
  if (!latest) return []
  const cells = { start: latest.period?.start, why: latest.type?.[0]?.text }
  const columns = { start: 'period.start', why: 'type.text' }
  const text = `When was the last visit of ${told(truth, patient)}, and of which kind was it?`
  const policy = recordsOf(named(truth, patient), 'Encounter', columns, { sort: 'last', limit: 1 })
  return [{ traps: trapsOf(truth, patient), text, policy, facts: [leads(cells, everything)] }]
}

const STATE = {
  onset: 'onsetDateTime',
  end: 'abatementDateTime',
  state: 'clinicalStatus.coding.code',
  verification: 'verificationStatus.coding.code',
}

const onset: Form = (truth, patient) => problemsOf(truth, patient, 'When did', 'first begin', 'first')
const end: Form = (truth, patient) => problemsOf(truth, patient, 'When did the last', 'end', 'last')

function problemsOf(truth: Truth, patient: Patient, from: string, to: string, sort: 'first' | 'last') {
  const byName = Map.groupBy(truth.of('Condition', patient), ({ code }) => spoken(code?.coding?.[0]?.display))
  return [...byName].flatMap(([name, all]) => {
    const valid = all.filter(({ verificationStatus }) => codeOf(verificationStatus) !== 'entered-in-error')
    const sorted = valid.toSorted((a, b) => ((a.onsetDateTime ?? '') < (b.onsetDateTime ?? '') ? -1 : 1))
    const one = sorted.at(sort === 'first' ? 0 : -1)
    if (sort === 'last' && one?.abatementDateTime === undefined) return []
    const cells = one && { onset: one.onsetDateTime, end: one.abatementDateTime, state: codeOf(one.clinicalStatus) }
    const concept = { type: 'Condition', words: [name.toLowerCase()] } as const
    return [
      {
        traps: [...trapsOf(truth, patient), ...(valid.length < all.length ? ['entered in error'] : [])],
        text: `${from} ${name} of ${told(truth, patient)} ${to}?`,
        policy: recordsAbout(named(truth, patient), concept, STATE, { sort, limit: 4 }),
        facts: [cells ? leads(cells, isConfirmed) : exactly([], isConfirmed)],
      },
    ]
  })
}

const prescribed: Form = (truth, patient) => {
  const bySubstance = Map.groupBy(truth.of('MedicationRequest', patient), ({ medicationCodeableConcept }) =>
    substance(medicationCodeableConcept?.coding?.[0]?.display),
  )
  return [...bySubstance].flatMap(([name, all]) => {
    const [one, other] = all.toSorted((a, b) => ((a.authoredOn ?? '') < (b.authoredOn ?? '') ? -1 : 1))
    if (!one || one.authoredOn === other?.authoredOn || name === '') return []
    const cells = { date: one.authoredOn, drug: one.medicationCodeableConcept?.coding?.[0]?.display }
    const concept = { type: 'MedicationRequest', words: [name] } as const
    const columns = { date: 'authoredOn', drug: 'medicationCodeableConcept.coding.display' }
    return [
      {
        traps: trapsOf(truth, patient),
        text: `When was ${name} first prescribed to ${told(truth, patient)}, and in which form?`,
        policy: recordsAbout(named(truth, patient), concept, columns, { sort: 'first', limit: 1 }),
        facts: [leads(cells, everything)],
      },
    ]
  })
}

const vaccinated: Form = (truth, patient) => {
  const all = truth.of('Immunization', patient).filter(({ vaccineCode }) => isFlu(vaccineCode.coding?.[0]?.display))
  const given = all.filter(({ status }) => status === 'completed')
  const latest = newest(given, ({ occurrenceDateTime }) => occurrenceDateTime)
  if (!latest) return []
  const concept = { type: 'Immunization', words: ['influenza'] } as const
  const columns = { date: 'occurrenceDateTime', status: 'status', vaccine: 'vaccineCode.coding.display' }
  const cells = { date: latest.occurrenceDateTime, vaccine: latest.vaccineCode.coding?.[0]?.display }
  return [
    {
      traps: [...trapsOf(truth, patient), ...(given.length < all.length ? ['not done'] : [])],
      text: `When was ${told(truth, patient)} last vaccinated against influenza, and with what?`,
      policy: recordsAbout(named(truth, patient), concept, columns, { sort: 'last', limit: 4 }),
      facts: [leads(cells, isDone)],
    },
  ]
}

function isFlu(display: string | undefined): boolean {
  return display?.startsWith('influenza') === true
}
