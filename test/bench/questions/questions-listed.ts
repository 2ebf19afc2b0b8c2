// Questions about lists and counts of records: active problems, drugs and allergies; the number of visits, missed appointments,
// prescriptions and vaccinations; and for the whole clinic, how many patients have a problem and how many tasks somebody has.
import type { Patient } from '@medplum/fhirtypes'
import { draw, named, type Question, told, trapsOf } from './questions-draw.ts'
import { counts, exactly, type Valid } from './questions-facts.ts'
import { readingCounts } from './questions-measured.ts'
import { identify, numberOf, recordsOf } from './questions-policy.ts'
import type { Truth } from './questions-truth.ts'
import { codeOf } from './questions-words.ts'

/** The questions of both kinds. */
export function listed(truth: Truth, lists: number, numbers: number): Question[] {
  const patients = truth.all('Patient')
  const ofPatients = patients.flatMap((one) => [problems(truth, one), drugs(truth, one), allergies(truth, one)])
  const counted = patients.flatMap((one) => [
    ...visits(truth, one),
    ...missed(truth, one),
    ...prescriptions(truth, one),
    ...vaccinations(truth, one),
  ])
  return [
    ...draw('list', ofPatients, lists),
    ...draw('count', [...readingCounts(truth), ...counted, ...tasks(truth), ...register(truth)], numbers),
  ]
}

const everything: Valid = () => true

// ── Lists ──

const WITHDRAWN: ReadonlySet<unknown> = new Set(['entered-in-error', 'refuted'])
const isConfirmed: Valid = ({ verification }) => ![verification].flat().some((one) => WITHDRAWN.has(one))

function problems(truth: Truth, patient: Patient): Question {
  const all = truth.of('Condition', patient)
  const isWithdrawn = (one: (typeof all)[number]) => WITHDRAWN.has(codeOf(one.verificationStatus))
  const active = all.filter((one) => codeOf(one.clinicalStatus) === 'active' && !isWithdrawn(one))
  const columns = {
    problem: 'code.text',
    code: 'code.coding.code',
    since: 'onsetDateTime',
    verification: 'verificationStatus.coding.code',
  }
  return {
    kind: 'list',
    form: 'problems',
    traps: [...trapsOf(truth, patient), ...(all.some(isWithdrawn) ? ['entered in error'] : [])],
    text: `Which active problems does ${told(truth, patient)} have, with their codes, and since when?`,
    policy: recordsOf(named(truth, patient), 'Condition', columns, { where: 'clinical-status=active' }),
    facts: [
      exactly(
        active.map(({ code, onsetDateTime }) => ({
          problem: code?.text,
          code: code?.coding?.map((one) => one.code),
          since: onsetDateTime,
        })),
        isConfirmed,
      ),
    ],
  }
}

function drugs(truth: Truth, patient: Patient): Question {
  const active = truth.of('MedicationRequest', patient).filter(({ status }) => status === 'active')
  const names = active.map(({ medicationCodeableConcept }) => codeOf(medicationCodeableConcept))
  const columns = {
    drug: 'medicationCodeableConcept.coding.display',
    dosage: 'dosageInstruction.text',
    since: 'authoredOn',
  }
  return {
    kind: 'list',
    form: 'drugs',
    traps: [...trapsOf(truth, patient), ...(new Set(names).size < names.length ? ['prescribed twice'] : [])],
    text: `Which active prescriptions does ${told(truth, patient)} have, with dosage and date?`,
    policy: recordsOf(named(truth, patient), 'MedicationRequest', columns, { where: 'status=active' }),
    facts: [
      exactly(
        active.map(({ medicationCodeableConcept, dosageInstruction, authoredOn }) => ({
          drug: medicationCodeableConcept?.coding?.[0]?.display,
          dosage: dosageInstruction?.[0]?.text,
          since: authoredOn,
        })),
        everything,
      ),
    ],
  }
}

function allergies(truth: Truth, patient: Patient): Question {
  const all = truth.of('AllergyIntolerance', patient)
  const columns = {
    to: 'code.coding.display',
    state: 'clinicalStatus.coding.code',
    verification: 'verificationStatus.coding.code',
    criticality: 'criticality',
    reaction: 'reaction.manifestation.coding.display',
  }
  return {
    kind: 'list',
    form: 'allergies',
    traps: [
      ...trapsOf(truth, patient),
      ...(all.some(({ clinicalStatus }) => codeOf(clinicalStatus) === 'inactive') ? ['inactive'] : []),
      ...(all.length === 0 ? ['none on record'] : []),
    ],
    text: `Which allergies does ${told(truth, patient)} have, active or not, how critical, and with which reaction?`,
    policy: recordsOf(named(truth, patient), 'AllergyIntolerance', columns, { few: true }),
    facts: [
      exactly(
        all.map(({ code, clinicalStatus, verificationStatus, criticality, reaction }) => ({
          to: code?.coding?.[0]?.display,
          state: codeOf(clinicalStatus),
          verification: codeOf(verificationStatus),
          criticality,
          reaction: reaction?.[0]?.manifestation[0]?.coding?.[0]?.display,
        })),
        isConfirmed,
      ),
    ],
  }
}

// ── Numbers ──

/** The clinic's book of appointments begins in April; visits go back for years. */
const [YEAR_FROM, YEAR_TO] = ['2025-01-01', '2026-01-01']
const [BOOK_FROM, BOOK_TO] = ['2026-04-01', '2026-09-01']

function visits(truth: Truth, patient: Patient): Question[] {
  const within = truth
    .of('Encounter', patient)
    .filter(({ period }) => (period?.start ?? '') >= YEAR_FROM && (period?.start ?? '') < YEAR_TO)
  return [
    {
      kind: 'count',
      form: 'visits',
      traps: trapsOf(truth, patient),
      text: `How many visits did ${told(truth, patient)} make from ${YEAR_FROM} until before ${YEAR_TO}?`,
      policy: numberOf(named(truth, patient), 'Encounter', [], { from: YEAR_FROM, to: YEAR_TO }),
      facts: [counts(within.length, { type: 'Encounter' })],
    },
  ]
}

function missed(truth: Truth, patient: Patient): Question[] {
  const within = truth
    .of('Appointment', patient)
    .filter(({ start = '', status }) => start >= BOOK_FROM && start < BOOK_TO && status !== 'proposed')
  const lost = within.filter(({ status }) => status === 'noshow' || status === 'cancelled')
  if (within.length < 2) return []
  return [
    {
      kind: 'count',
      form: 'missed appointments',
      traps: lost.length > 0 ? ['missed or cancelled'] : [],
      text: `How many appointments of ${told(truth, patient)} from ${BOOK_FROM} until before ${BOOK_TO} were missed or cancelled?`,
      policy: numberOf(named(truth, patient), 'Appointment', [], { from: BOOK_FROM, to: BOOK_TO }),
      facts: [counts(lost.length, { type: 'Appointment', status: ['noshow', 'cancelled'] })],
    },
  ]
}

function prescriptions(truth: Truth, patient: Patient): Question[] {
  const all = truth.of('MedicationRequest', patient)
  const byCode = Map.groupBy(all, ({ medicationCodeableConcept }) => codeOf(medicationCodeableConcept) ?? '')
  return [...byCode].flatMap(([code, some]): Question[] => {
    const display = some[0]?.medicationCodeableConcept?.coding?.[0]?.display
    if (some.length < 2 || display === undefined) return []
    return [
      {
        kind: 'count',
        form: 'prescriptions',
        traps: trapsOf(truth, patient),
        text: `How many prescriptions of ${display} has ${told(truth, patient)} had?`,
        policy: numberOf(named(truth, patient), 'MedicationRequest', [display.toLowerCase()], {}),
        facts: [counts(some.length, { type: 'MedicationRequest', code })],
      },
    ]
  })
}

function vaccinations(truth: Truth, patient: Patient): Question[] {
  const all = truth.of('Immunization', patient)
  const given = all.filter(({ status }) => status === 'completed')
  if (all.length < 2) return []
  return [
    {
      kind: 'count',
      form: 'vaccinations',
      traps: [...trapsOf(truth, patient), ...(given.length < all.length ? ['not done'] : [])],
      text: `How many vaccinations has ${told(truth, patient)} been given?`,
      policy: numberOf(named(truth, patient), 'Immunization', [], {}),
      facts: [counts(given.length, { type: 'Immunization', status: ['completed'] })],
    },
  ]
}

const OPEN = ['requested', 'received', 'accepted', 'in-progress', 'on-hold', 'ready']

function tasks(truth: Truth): Question[] {
  return truth.all('Practitioner').flatMap((one): Question[] => {
    const open = truth
      .all('Task')
      .filter(({ owner, status }) => owner?.reference === `Practitioner/${one.id}` && OPEN.includes(status))
    const [name] = one.name ?? []
    const who = { given: name?.given?.[0] ?? '', family: name?.family ?? '' }
    return [
      {
        kind: 'count',
        form: 'tasks',
        traps: [],
        text: `How many open tasks does ${name?.text} have?`,
        policy: async (asker) => asker.digest(`Task?owner=Practitioner/${await identify(asker, who, 'Practitioner')}`),
        facts: [counts(open.length, { type: 'Task', status: OPEN })],
      },
    ]
  })
}

function register(truth: Truth): Question[] {
  const active = truth.all('Condition').filter(({ clinicalStatus }) => codeOf(clinicalStatus) === 'active')
  const byCode = Map.groupBy(active, ({ code }) => codeOf(code) ?? '')
  return [...byCode].flatMap(([code, some]): Question[] => {
    const people = new Set(some.map(({ subject }) => subject.reference)).size
    if (people < some.length) return []
    return [
      {
        kind: 'count',
        form: 'patients with a problem',
        traps: [],
        text: `How many patients have the active problem ${some[0]?.code?.coding?.[0]?.display}?`,
        policy: (asker) => asker.digest('Condition?clinical-status=active'),
        facts: [counts(people, { type: 'Condition', code })],
      },
    ]
  })
}
