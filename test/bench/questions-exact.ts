// Sums, means, groups, the latest of each, and set differences: 60 questions that one call of fhir-digest answers exactly. What is
// true is computed here from the records themselves, by code that shares nothing with the server.
import type {
  Claim,
  Condition,
  Encounter,
  ExplanationOfBenefit,
  Observation,
  Reference,
  Resource,
} from '@medplum/fhirtypes'
import { chance } from '../../sandbox/clinic/random.ts'
import type { Send } from '../sandbox/client.ts'
import { type Asker, type Row, Stuck } from './questions-answer.ts'

/** What a row must say, by the path of its cell. */
type Cells = Readonly<Record<string, unknown>>

export interface Exact {
  kind: 'sum' | 'mean' | 'group' | 'latest each' | 'set difference' | 'across types'
  text: string
  args: { path: string } & Record<string, unknown>
  /** All rows, in any order. */
  rows: Cells[]
}

/** As many of each kind. */
const OF_A_KIND = 10

type Records = Map<string, Resource[]>

/** Puts a question; what is wrong with the answer, if anything is. */
export async function putExactly(asker: Asker, { args, rows }: Exact): Promise<string[]> {
  const found = await asker.digestWith(args).catch((error: unknown) => {
    if (error instanceof Stuck) return error.message
    throw error
  })
  if (typeof found === 'string') return [found]
  const left = [...found]
  const missing = rows.filter((cells) => {
    const at = left.findIndex((row) => Object.entries(cells).every(([path, wanted]) => cellOf(row, path) === wanted))
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
  return [
    ...missing.slice(0, 3).map((cells) => `a row ${JSON.stringify(cells)}`),
    ...(left.length > 0
      ? [`nothing beyond ${rows.length} rows, found ${left.length} more: ${JSON.stringify(left[0])}`]
      : []),
  ]
}

function cellOf(row: Row, path: string): unknown {
  if (path in row) return row[path] ?? undefined
  const at = path.lastIndexOf('.')
  const parent = at < 0 ? undefined : cellOf(row, path.slice(0, at))
  return (parent as Row | undefined)?.[path.slice(at + 1)]
}

// ── Truth ──

const TYPES = [
  ...['Claim', 'ExplanationOfBenefit', 'Observation', 'Encounter', 'Condition', 'Task', 'Appointment'],
  ...['MedicationRequest', 'Immunization', 'Patient', 'AllergyIntolerance', 'Coverage'],
]

export async function exactQuestions(send: Send): Promise<Exact[]> {
  const records: Records = new Map()
  for (const type of TYPES) records.set(type, await allOf(send, type))
  const drawn = (['sum', 'mean', 'group', 'latest each', 'set difference', 'across types'] as const).map((kind) => {
    const candidates = FORMS[kind](records).map((one) => ({ kind, ...one }))
    const usable = candidates.filter(({ rows }) => rows.length > 0)
    if (usable.length < OF_A_KIND) throw new Error(`Only ${usable.length} questions of the kind "${kind}"`)
    return chance(`exact/${kind}`).shuffle(usable).slice(0, OF_A_KIND)
  })
  return drawn.flat()
}

async function allOf(send: Send, type: string): Promise<Resource[]> {
  const found: Resource[] = []
  interface Page {
    entry?: { resource: Resource }[]
    link?: { relation: string; url: string }[]
  }
  for (let path: string | undefined = `${type}?_sort=_id&_count=1000`; path !== undefined; ) {
    const { body }: { body: Page } = await send<Page>('GET', path)
    found.push(...(body.entry ?? []).map(({ resource }) => resource))
    path = body.link?.find(({ relation }) => relation === 'next')?.url
  }
  return found
}

const all = <T extends Resource>(records: Records, type: T['resourceType']) => (records.get(type) ?? []) as T[]

/** In millionths, which all of the clinic's numbers are whole of. */
const MILLION = 1_000_000
const total = (values: number[]) => values.reduce((sum, value) => sum + Math.round(value * MILLION), 0)
const sumOf = (values: number[]) => (values.length === 0 ? undefined : total(values) / MILLION)

function meanOf(values: number[]): number | undefined {
  if (values.length === 0) return undefined
  const decimals = Math.max(...values.map((value) => String(value).split('.')[1]?.length ?? 0)) + 2
  const step = MILLION / 10 ** decimals
  // Whole numbers throughout: half of a step rounds up.
  const parts = Math.floor((2 * total(values) + values.length * step) / (2 * values.length * step))
  return Number((parts / 10 ** decimals).toFixed(decimals))
}

const grouped = <T>(values: readonly T[], keyOf: (value: T) => string | undefined) => [...Map.groupBy(values, keyOf)]
const valid = ({ status }: { status?: string | undefined }) => status !== 'entered-in-error'

// ── Forms ──

type Asked = Omit<Exact, 'kind'>

const claimTotals = (claims: Claim[]) => ({
  count: claims.length,
  sum: sumOf(claims.filter(valid).map((one) => one.total?.value ?? Number.NaN)),
})

const FORMS: Readonly<Record<Exact['kind'], (records: Records) => Asked[]>> = {
  sum: (records) => {
    const claims = all<Claim>(records, 'Claim')
    const benefits = all<ExplanationOfBenefit>(records, 'ExplanationOfBenefit')
    const by = (
      what: string,
      expression: string,
      keyOf: (claim: Claim) => string | undefined,
      cell = expression,
    ): Asked => ({
      text: `What do all claims come to, by ${what}?`,
      args: { path: 'Claim', by: [expression] },
      rows: grouped(claims, keyOf).map(([key, group]) => ({ [cell]: key, ...claimTotals(group) })),
    })
    const bySubject = grouped(claims, ({ patient }) => patient.reference)
    const sums = bySubject
      .map(([key, group]) => ({ key, sum: claimTotals(group).sum ?? 0 }))
      .sort((a, b) => b.sum - a.sum)
    return [
      by('status', 'status', ({ status }) => status),
      by('month', 'created.substring(0,7)', ({ created }) => created?.slice(0, 7)),
      by('year', 'created.substring(0,4)', ({ created }) => created?.slice(0, 4)),
      by('payer', 'insurer', ({ insurer }) => insurer?.reference, 'insurer.reference'),
      by('facility', 'facility', ({ facility }) => facility?.reference, 'facility.reference'),
      by(
        'clinician',
        'careTeam.provider',
        ({ careTeam }) => careTeam?.[0]?.provider.reference,
        'careTeam.provider.reference',
      ),
      ...['complete'].map(
        (): Asked => ({
          text: 'How much was paid in each month?',
          args: { path: 'ExplanationOfBenefit', by: ['payment.date.substring(0,7)'], value: 'payment.amount' },
          rows: grouped(benefits, ({ payment }) => payment?.date?.slice(0, 7)).map(([month, group]) => ({
            'payment.date.substring(0,7)': month,
            sum: sumOf(group.map(({ payment }) => payment?.amount?.value ?? Number.NaN)),
          })),
        }),
      ),
      ...['submitted', 'eligible', 'copay', 'benefit'].map(
        (category): Asked => ({
          text: `What is the total of all ${category} amounts, by payer?`,
          args: {
            path: 'ExplanationOfBenefit',
            by: ['insurer.display'],
            value: `total.where(category.coding.code = '${category}').amount`,
          },
          rows: grouped(benefits, ({ insurer }) => insurer?.display).map(([payer, group]) => ({
            'insurer.display': payer,
            unit: 'USD',
            sum: sumOf(
              group.flatMap(({ total = [] }) =>
                total
                  .filter(({ category: one }) => one.coding?.[0]?.code === category)
                  .map(({ amount }) => amount.value ?? 0),
              ),
            ),
          })),
        }),
      ),
      ...[3, 5, 10, 20].map(
        (top): Asked => ({
          text: `Which ${top} patients have the highest claims in all?`,
          args: { path: 'Claim', by: ['patient'], sort: '-sum', top },
          rows: sums.slice(0, top).map(({ key, sum }) => ({ 'patient.reference': key, sum })),
        }),
      ),
      {
        text: 'What do the single items of all claims come to?',
        args: { path: 'Claim', value: 'item.net' },
        rows: [
          {
            sum: sumOf(claims.flatMap(({ item = [] }) => item.map(({ net }) => net?.value ?? 0))),
            count: claims.length,
          },
        ],
      },
    ]
  },

  mean: (records) =>
    measured(records).flatMap(({ code, display, observations }): Asked[] => {
      const means = (expression: string, cell: string, keyOf: (one: Observation) => string | undefined): Asked => ({
        text: `What is the mean ${display} by ${expression}?`,
        args: { path: `Observation?code=${code}`, by: [expression] },
        rows: grouped(observations, keyOf).flatMap(([key, group]) =>
          perUnit(group).map((row) => ({ [cell]: key, ...row })),
        ),
      })
      return [
        means('effective.substring(0,4)', 'effective.substring(0,4)', ({ effectiveDateTime }) =>
          effectiveDateTime?.slice(0, 4),
        ),
        means('performer.first()', 'performer.first().reference', ({ performer }) => performer?.[0]?.reference),
        {
          text: `What is the mean ${display} of all?`,
          args: { path: `Observation?code=${code}`, value: 'value' },
          rows: perUnit(observations),
        },
      ]
    }),

  group: (records) => {
    const count = (type: string, expressions: string[], keysOf: (one: Record<string, never>) => Cells): Asked => ({
      text: `How many ${type} are there by ${expressions.join(' and ')}?`,
      args: { path: type, by: expressions },
      rows: grouped(all(records, type as Resource['resourceType']), (one) => JSON.stringify(keysOf(one as never))).map(
        ([key, group]) => ({ ...(JSON.parse(key ?? '') as Cells), count: group.length }),
      ),
    })
    // biome-ignore lint/suspicious/noExplicitAny: whatever type of record a form is about
    const of = (keys: (one: any) => Cells) => keys
    return [
      count(
        'Encounter',
        ['class'],
        of((one) => ({ 'class.code': one.class.code })),
      ),
      count(
        'Encounter',
        ['status'],
        of((one) => ({ status: one.status })),
      ),
      count(
        'Encounter',
        ['period.start.substring(0,7)'],
        of((one) => ({ 'period.start.substring(0,7)': one.period?.start?.slice(0, 7) })),
      ),
      count(
        'Task',
        ['owner'],
        of((one) => ({ 'owner.reference': one.owner.reference })),
      ),
      count(
        'Task',
        ['owner', 'status'],
        of((one) => ({ 'owner.reference': one.owner.reference, status: one.status })),
      ),
      count(
        'Task',
        ['priority', 'code.text'],
        of((one) => ({ priority: one.priority, 'code.text': one.code.text })),
      ),
      count(
        'Appointment',
        ['status'],
        of((one) => ({ status: one.status })),
      ),
      count(
        'Appointment',
        ['start.substring(0,7)', 'status'],
        of((one) => ({ 'start.substring(0,7)': one.start?.slice(0, 7), status: one.status })),
      ),
      count(
        'MedicationRequest',
        ['medication'],
        of((one) => ({ 'medication.code': one.medicationCodeableConcept.coding[0].code })),
      ),
      count(
        'MedicationRequest',
        ['status', 'authoredOn.substring(0,4)'],
        of((one) => ({ status: one.status, 'authoredOn.substring(0,4)': one.authoredOn?.slice(0, 4) })),
      ),
      count(
        'Immunization',
        ['vaccineCode', 'status'],
        of((one) => ({ 'vaccineCode.code': one.vaccineCode.coding[0].code, status: one.status })),
      ),
      count(
        'Patient',
        ['gender'],
        of((one) => ({ gender: one.gender })),
      ),
      count(
        'Patient',
        ['birthDate.substring(0,3)'],
        of((one) => ({ 'birthDate.substring(0,3)': one.birthDate?.slice(0, 3) })),
      ),
      count(
        'Condition',
        ['code', 'clinicalStatus'],
        of((one) => ({
          'code.code': one.code?.coding?.[0]?.code ?? undefined,
          'clinicalStatus.code': one.clinicalStatus?.coding?.[0]?.code,
        })),
      ),
    ]
  },

  'latest each': (records) =>
    measured(records).flatMap(({ code, display, observations }) =>
      (['latest', 'first'] as const).map(
        (pick): Asked => ({
          text: `What is the ${pick} ${display} of each patient?`,
          args: { path: `Observation?code=${code}`, by: ['subject'], pick },
          rows: grouped(observations.filter(valid), ({ subject }) => subject?.reference).flatMap(([key, group]) => {
            const valued = group.filter(({ valueQuantity }) => valueQuantity)
            const sorted = (valued.length > 0 ? valued : group).toSorted((a, b) => dateOf(a).localeCompare(dateOf(b)))
            const one = pick === 'latest' ? sorted.at(-1) : sorted[0]
            const { value, comparator, unit } = one?.valueQuantity ?? {}
            const isTied = sorted.filter((other) => dateOf(other) === dateOf(one as Observation)).length > 1
            const shown = comparator === undefined ? value : `${comparator}${value}`
            return [{ 'subject.reference': key, date: one && dateOf(one), ...(!isTied && { value: shown, unit }) }]
          }),
        }),
      ),
    ),

  'set difference': (records) => {
    const conditions = all(records, 'Condition').filter((one) => !isWithdrawn(one))
    const codes = grouped(conditions, (one) => codeIn(one)).filter(([code, group]) => code && group.length > 5)
    const names = new Map(conditions.map((one) => [patientOf(one), (one as Condition).subject.display]))
    return codes.flatMap(([code, group]) =>
      measured(records)
        .slice(0, 6)
        .flatMap(({ code: measure, display, observations }) =>
          (['without', 'with'] as const).flatMap((wanted): Asked[] =>
            ['2026-06-01', '2025-10-01'].map((since) => {
              const measuredOnes = new Set(
                observations
                  .filter(valid)
                  .filter((one) => dateOf(one) >= since)
                  .map(patientOf),
              )
              const people = [...new Set(group.map(patientOf))]
              return {
                text: `Which patients with ${code} have ${wanted === 'with' ? 'a' : 'no'} ${display} since ${since}?`,
                args: { path: `Condition?code=${code}`, [wanted]: `Observation?code=${measure}&date=ge${since}` },
                rows: people
                  .filter((one) => measuredOnes.has(one) === (wanted === 'with'))
                  .map((one) => ({ 'subject.reference': one, 'subject.display': names.get(one) })),
              }
            }),
          ),
        )
        // The whole of a small set is told as it is; the raw records of it are few.
        .filter(({ rows }) => rows.length > 0 && rows.length <= group.length),
    )
  },

  'across types': (records) => {
    const conditions = all(records, 'Condition').filter((one) => !isWithdrawn(one))
    const codes = grouped(conditions, (one) => codeIn(one)).filter(([code, group]) => code && group.length > 8)
    const settled = new Set(
      all<ExplanationOfBenefit>(records, 'ExplanationOfBenefit').map(({ claim }) => claim?.reference),
    )
    const open = all<Claim>(records, 'Claim').filter(
      ({ id, status }) => !settled.has(`Claim/${id}`) && valid({ status }),
    )
    return [
      {
        text: 'Which claims have no answer of the payer, by status, and what do they come to?',
        args: { path: 'Claim', without: 'ExplanationOfBenefit', by: ['id'], top: 1000 },
        rows: open.map(({ id, total }) => ({ id, sum: total?.value })),
      },
      ...codes.flatMap(([code, group]): Asked[] => {
        const people = new Set(group.map(patientOf))
        const claims = all<Claim>(records, 'Claim').filter((one) => people.has(patientOf(one)))
        const visits = all<Encounter>(records, 'Encounter').filter((one) => people.has(patientOf(one)) && valid(one))
        const others = all<Encounter>(records, 'Encounter').filter((one) => !people.has(patientOf(one)) && valid(one))
        return [
          {
            text: `What do the claims of patients with ${code} come to, by status?`,
            args: { path: 'Claim', with: `Condition?code=${code}`, by: ['status'] },
            rows: grouped(claims, ({ status }) => status).map(([status, some]) => ({ status, ...claimTotals(some) })),
          },
          {
            text: `How many visits of patients with ${code} were there a year?`,
            args: { path: 'Encounter', with: `Condition?code=${code}`, by: ['period.start.substring(0,4)'] },
            rows: grouped(visits, ({ period }) => period?.start?.slice(0, 4)).map(([year, some]) => ({
              'period.start.substring(0,4)': year,
              count: some.length,
            })),
          },
          {
            text: `How many visits of patients without ${code} were there, by class?`,
            args: { path: 'Encounter', without: `Condition?code=${code}`, by: ['class'] },
            rows: grouped(others, (one) => one.class.code).map(([kind, some]) => ({
              'class.code': kind,
              count: some.length,
            })),
          },
        ]
      }),
    ]
  },
}

interface Measured {
  code: string
  display: string
  observations: Observation[]
}

/** What is measured often, by its code. */
function measured(records: Records): Measured[] {
  const quantities = all<Observation>(records, 'Observation').filter(({ component }) => !component)
  return grouped(quantities, ({ code }) => code.coding?.[0]?.code).flatMap(([code, observations]) => {
    const numeric = observations.filter(({ valueQuantity }) => valueQuantity).length
    if (code === undefined || numeric < 60) return []
    return [{ code, display: observations[0]?.code.coding?.[0]?.display ?? code, observations }]
  })
}

/** The rows that observations come to, one for each unit that they have; those without a value are with the most frequent. */
function perUnit(observations: Observation[]): Cells[] {
  const units = Map.groupBy(
    observations.filter(({ valueQuantity }) => valueQuantity),
    ({ valueQuantity }) => valueQuantity?.code ?? valueQuantity?.unit,
  )
  if (units.size === 0) return [{ count: observations.length, sum: undefined }]
  const lacking = observations.filter(({ valueQuantity }) => !valueQuantity).length
  const most = [...units].toSorted(([, a], [, b]) => b.length - a.length)[0]?.[0]
  return [...units].map(([unit, group]) => {
    const exact = group
      .filter(valid)
      .flatMap(({ valueQuantity: { value, comparator } = {} }) =>
        value === undefined || comparator !== undefined ? [] : [value],
      )
    const isTie = [...units.values()].filter(({ length }) => length === units.get(most)?.length).length > 1
    return {
      ...(!isTie && { count: group.length + (unit === most ? lacking : 0) }),
      sum: sumOf(exact),
      mean: meanOf(exact),
    }
  })
}

function dateOf({ effectiveDateTime = '' }: Observation): string {
  return effectiveDateTime
}

function codeIn(resource: Resource): string | undefined {
  return (resource as { code?: { coding?: { code?: string }[] } }).code?.coding?.[0]?.code
}

function isWithdrawn(resource: Resource): boolean {
  const { verificationStatus } = resource as { verificationStatus?: { coding?: { code?: string }[] } }
  return /^(?:entered-in-error|refuted)$/.test(verificationStatus?.coding?.[0]?.code ?? '')
}

function patientOf(resource: Resource): string {
  const { subject, patient } = resource as { subject?: Reference; patient?: Reference }
  return (subject ?? patient)?.reference ?? ''
}
