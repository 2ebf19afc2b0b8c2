// Questions about people: who prescribed, performed, took part, interpreted, or is responsible.
import { drawForms, type Form, named, type Question, told, trapsOf } from './questions-draw.ts'
import { exactly, inRow, leads, type Valid } from './questions-facts.ts'
import { identify, recordsAbout, recordsOf } from './questions-policy.ts'
import type { Truth } from './questions-truth.ts'
import { dayOf, newest, spoken, substance } from './questions-words.ts'

/** The questions of this kind. */
export function people(truth: Truth, count: number): Question[] {
  return drawForms('who', truth, { prescriber, performer, responsible, participants, interpreter }, count)
}

const everything: Valid = () => true
const isDone: Valid = ({ status }) => status === 'completed'

const prescriber: Form = (truth, patient) => {
  const bySubstance = Map.groupBy(truth.of('MedicationRequest', patient), ({ medicationCodeableConcept }) =>
    substance(medicationCodeableConcept?.coding?.[0]?.display),
  )
  return [...bySubstance].flatMap(([name, all]) => {
    const latest = newest(all, ({ authoredOn }) => authoredOn)
    if (!latest || name === '') return []
    const facts = [leads({ date: latest.authoredOn, by: latest.requester?.display }, everything)]
    const text = `Who wrote the latest prescription of ${name} for ${told(truth, patient)}, and when?`
    const columns = { date: 'authoredOn', by: 'requester.display' }
    const concept = { type: 'MedicationRequest', words: [name] } as const
    const policy = recordsAbout(named(truth, patient), concept, columns, { sort: 'last', limit: 1 })
    return [{ traps: trapsOf(truth, patient), text, policy, facts }]
  })
}

const performer: Form = (truth, patient) => {
  const byCode = Map.groupBy(truth.of('Procedure', patient), ({ code }) => spoken(code?.coding?.[0]?.display))
  return [...byCode].flatMap(([name, all]) => {
    const done = all.filter(({ status }) => status === 'completed')
    const latest = newest(done, ({ performedPeriod }) => performedPeriod?.start)
    if (!latest) return []
    const facts = [
      leads({ date: latest.performedPeriod?.start, by: latest.performer?.map(({ actor }) => actor.display) }, isDone),
    ]
    const traps = [...trapsOf(truth, patient), ...(done.length < all.length ? ['not done'] : [])]
    const text = `Who performed the last ${name} of ${told(truth, patient)}, and when?`
    const columns = { date: 'performedPeriod.start', status: 'status', by: 'performer.actor.display' }
    const concept = { type: 'Procedure', words: [name.toLowerCase()] } as const
    const policy = recordsAbout(named(truth, patient), concept, columns, { sort: 'last', limit: 4 })
    return [{ traps, text, policy, facts }]
  })
}

const responsible: Form = (truth, patient) => {
  const facts = [
    inRow({
      id: patient.id,
      by: patient.generalPractitioner?.map(({ display }) => display),
      at: patient.managingOrganization?.display,
    }),
  ]
  const text = `Who is the general practitioner of ${told(truth, patient)}, and which organization keeps the record?`
  const columns = { by: 'generalPractitioner.display', at: 'managingOrganization.display' }
  const who = named(truth, patient)
  const traps = [...trapsOf(truth, patient), ...(patient.generalPractitioner ? [] : ['none on record'])]
  return [{ traps, text, facts, policy: (asker) => identify(asker, who, 'Patient', columns) }]
}

const participants: Form = (truth, patient) =>
  truth.of('Encounter', patient).flatMap(({ period, participant = [] }) => {
    const start = period?.start ?? ''
    const names = participant.map(({ individual }) => individual?.display)
    const cells = { start, names, as: participant.map(({ type }) => type?.[0]?.coding?.[0]?.display) }
    const text = `Who took part in the visit of ${told(truth, patient)} on ${start.slice(0, 10)}, in which role?`
    const columns = {
      start: 'period.start',
      names: 'participant.individual.display',
      as: 'participant.type.coding.display',
    }
    const policy = recordsOf(named(truth, patient), 'Encounter', columns, { ...dayOf(start), few: true })
    const traps = [...trapsOf(truth, patient), ...(names.length > 1 ? ['several'] : [])]
    return [{ traps, text, policy, facts: [exactly([cells], everything)] }]
  })

const interpreter: Form = (truth, patient) => {
  const byCode = Map.groupBy(truth.of('DiagnosticReport', patient), ({ code }) => code.coding?.[0]?.display ?? '')
  return [...byCode].flatMap(([name, all]) => {
    const latest = newest(all, ({ effectiveDateTime }) => effectiveDateTime)
    if (!latest) return []
    const cells = {
      date: latest.effectiveDateTime,
      by: latest.resultsInterpreter?.map(({ display }) => display),
      from: latest.performer?.map(({ display }) => display),
      status: latest.status,
    }
    const text = `Who interpreted the latest ${name} report of ${told(truth, patient)}, from which laboratory, and is it final?`
    const columns = {
      date: 'effectiveDateTime',
      by: 'resultsInterpreter.display',
      from: 'performer.display',
      status: 'status',
    }
    const concept = { type: 'DiagnosticReport', words: [name.toLowerCase()] } as const
    const policy = recordsAbout(named(truth, patient), concept, columns, { sort: 'last', limit: 1 })
    const traps = [...trapsOf(truth, patient), ...(latest.status === 'final' ? [] : [latest.status])]
    return [{ traps, text, policy, facts: [leads(cells, everything)] }]
  })
}
