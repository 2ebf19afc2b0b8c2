// Questions for sums, means and groups.
import type { Claim, ExplanationOfBenefit, Observation, Resource } from '@medplum/fhirtypes'
import {
  type Asked,
  all,
  type Cells,
  claimTotals,
  type Exact,
  grouped,
  measured,
  perUnit,
  type Records,
  sumOf,
} from './exact-truth.ts'

export const SUMS = {
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
} satisfies Partial<Record<Exact['kind'], (records: Records) => Asked[]>>
