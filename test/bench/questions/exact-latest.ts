// Questions for the latest of each, set differences, and across types.
import type { Claim, Condition, Encounter, ExplanationOfBenefit, Observation } from '@medplum/fhirtypes'
import {
  type Asked,
  all,
  claimTotals,
  codeIn,
  dateOf,
  type Exact,
  grouped,
  isWithdrawn,
  measured,
  patientOf,
  type Records,
  valid,
} from './exact-truth.ts'

export const LATEST = {
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
} satisfies Partial<Record<Exact['kind'], (records: Records) => Asked[]>>
