/** Care plans, the diabetes registry, and the staff's tasks. */
import type { CarePlan, DiagnosticReport, Group, Task } from '@medplum/fhirtypes'
import { date, instant, OPENING_MINUTE } from './calendar.ts'
import { type Chart, clinician, encounterOf, nextVisit, subject } from './chart.ts'
import type { Diagnosed } from './conditions.ts'
import { type Entered, type Ledger, referenceTo } from './ledger.ts'
import { fullName } from './people.ts'
import { chance } from './random.ts'
import { type Facility, type StaffKey, staffName } from './staff.ts'
import { concept, SNOMED } from './terminology.ts'

const ACTIVITIES = {
  diabetes: [
    'HbA1c every three months',
    'Yearly retinal screening',
    'Yearly foot examination',
    'Walk 150 minutes a week',
  ],
  kidney: ['Creatinine and eGFR every four months', 'Avoid NSAIDs', 'Less than 2 g of sodium a day'],
  failure: ['Weigh every morning', 'Call if weight rises by 1 kg in a day'],
} as const

const TITLES = {
  diabetes: 'Diabetes self-management',
  kidney: 'Kidney protection',
  failure: 'Heart failure monitoring',
}

export function planCare(chart: Chart, { chronic }: Diagnosed): void {
  const luck = chance(`plans/${chart.person.key}`)
  for (const key of ['diabetes', 'kidney', 'failure'] as const) {
    const condition = chronic.get(key)
    const onset = chart.health.problems.find((problem) => problem.key === key)?.onset
    const visit = onset === undefined ? undefined : nextVisit(chart, onset + 14)
    if (!condition || !visit || luck.odds(0.25)) continue
    const ended = chart.person.known?.died
    chart.ledger.enter<CarePlan>(`${chart.person.key}/${key}`, {
      resourceType: 'CarePlan',
      status: ended ? 'revoked' : 'active',
      intent: 'plan',
      category: [concept(SNOMED, { code: '734163000', display: 'Care plan (record artifact)' })],
      title: TITLES[key],
      subject: subject(chart),
      encounter: encounterOf(visit),
      period: { start: date(visit.day), ...(ended ? { end: ended } : {}) },
      created: instant(visit.day, visit.minute + 20),
      author: clinician(chart, visit),
      addresses: [referenceTo(condition, condition.code?.text)],
      activity: ACTIVITIES[key].map((description) => ({
        detail: {
          status: ended ? 'stopped' : luck.pick(['in-progress', 'scheduled', 'in-progress'] as const),
          description,
        },
      })),
    })
  }
}

export function enterDiabetesRegistry(ledger: Ledger, facility: Facility, charts: readonly Chart[]): void {
  const members = charts.filter(
    ({ health, person }) => !person.known?.died && health.problems.some((problem) => problem.key === 'diabetes'),
  )
  ledger.enter<Group>('diabetes', {
    resourceType: 'Group',
    active: true,
    type: 'person',
    actual: true,
    name: 'Diabetes registry',
    code: concept(SNOMED, { code: '44054006', display: 'Diabetes mellitus type 2 (disorder)' }),
    quantity: members.length,
    managingEntity: referenceTo(facility.clinic, facility.clinic.name),
    member: members.map((chart) => ({
      entity: subject(chart),
      period: { start: date(chart.person.joined) },
      inactive: false,
    })),
  })
}

const CHORES: readonly { text: string; owners: readonly StaffKey[] }[] = [
  { text: 'Review laboratory results', owners: ['alice', 'rita', 'grace', 'priya'] },
  { text: 'Call patient back about a prescription refill', owners: ['sam', 'alice', 'sam'] },
  { text: 'Complete school or work form', owners: ['grace', 'alice', 'miguel'] },
  { text: 'Schedule follow-up visit', owners: ['ada', 'sam'] },
  { text: 'Obtain records from the previous clinic', owners: ['ada'] },
  { text: 'Prior authorization for a drug', owners: ['rita', 'ada', 'priya'] },
]

export function assignWork(
  ledger: Ledger,
  facility: Facility,
  charts: readonly Chart[],
  reports: ReadonlyMap<string, readonly Entered<DiagnosticReport>[]>,
): void {
  const luck = chance('tasks')
  for (let index = 0; index < 180; index++) {
    const chart = luck.pick(charts)
    const chore = luck.pick(CHORES)
    const owner = luck.pick(chore.owners)
    const asker = luck.pick(['ada', 'sam', 'alice', 'rita'] as const)
    const day = Math.max(chart.person.joined + 1, Math.min(-Math.round(luck.unit() ** 2 * 240), chart.person.until))
    const due = day + luck.int(3, 30)
    const roll = luck.unit()
    const finished = day < -45 ? roll < 0.9 : roll < 0.3
    const status = finished
      ? luck.odds(0.93)
        ? 'completed'
        : 'cancelled'
      : luck.pick(['requested', 'requested', 'in-progress', 'accepted', 'on-hold'] as const)
    const changed = finished ? Math.min(due - luck.int(-3, 3), -1) : Math.min(day + 1, 0)
    const seen = reports.get(chart.person.key) ?? []
    const focus =
      chore === CHORES[0] ? seen.findLast((report) => (report.issued ?? '') <= instant(day, 1439)) : undefined
    ledger.enter<Task>(`${index + 1}`, {
      resourceType: 'Task',
      status,
      intent: 'order',
      priority: luck.pick(['routine', 'routine', 'routine', 'urgent', 'asap'] as const),
      code: { text: chore.text },
      description: `${chore.text}: ${fullName(chart.person)}`,
      ...(focus ? { focus: referenceTo(focus, focus.code.text) } : {}),
      for: subject(chart),
      authoredOn: instant(day, OPENING_MINUTE - 90),
      lastModified: instant(Math.max(changed, day), OPENING_MINUTE - 80),
      requester: referenceTo(facility.staff[asker], staffName(asker)),
      owner: referenceTo(facility.staff[owner], staffName(owner)),
      restriction: { period: { end: date(due) } },
      ...(status === 'completed' && luck.odds(0.3)
        ? {
            note: [
              { text: luck.pick(['Done by phone.', 'Left a message, patient called back.', 'No action needed.']) },
            ],
          }
        : {}),
    })
  }
}
