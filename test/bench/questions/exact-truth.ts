// The right answers, computed from the clinic's records by code that shares nothing with the server.
import type { Claim, Observation, Reference, Resource } from '@medplum/fhirtypes'

/** What a row must contain, by the path of its cell. */
export type Cells = Readonly<Record<string, unknown>>

export interface Exact {
  kind: 'sum' | 'mean' | 'group' | 'latest each' | 'set difference' | 'across types'
  text: string
  args: { path: string } & Record<string, unknown>
  /** All rows, in any order. */
  rows: Cells[]
}

export type Records = Map<string, Resource[]>

export const all = <T extends Resource>(records: Records, type: T['resourceType']) => (records.get(type) ?? []) as T[]

/** A number in millionths, in which all of the clinic's numbers are whole. */
const MILLION = 1_000_000

const total = (values: number[]) => values.reduce((sum, value) => sum + Math.round(value * MILLION), 0)

export const sumOf = (values: number[]) => (values.length === 0 ? undefined : total(values) / MILLION)

function meanOf(values: number[]): number | undefined {
  if (values.length === 0) return undefined
  const decimals = Math.max(...values.map((value) => String(value).split('.')[1]?.length ?? 0)) + 2
  const step = MILLION / 10 ** decimals
  // Whole numbers throughout: half of a step rounds up.
  const parts = Math.floor((2 * total(values) + values.length * step) / (2 * values.length * step))
  return Number((parts / 10 ** decimals).toFixed(decimals))
}

export const grouped = <T>(values: readonly T[], keyOf: (value: T) => string | undefined) => [
  ...Map.groupBy(values, keyOf),
]

export const valid = ({ status }: { status?: string | undefined }) => status !== 'entered-in-error'

// ── Forms ──

export type Asked = Omit<Exact, 'kind'>

export const claimTotals = (claims: Claim[]) => ({
  count: claims.length,
  sum: sumOf(claims.filter(valid).map((one) => one.total?.value ?? Number.NaN)),
})

interface Measured {
  code: string
  display: string
  observations: Observation[]
}

/** The most frequent measurements, by their code. */
export function measured(records: Records): Measured[] {
  const quantities = all<Observation>(records, 'Observation').filter(({ component }) => !component)
  return grouped(quantities, ({ code }) => code.coding?.[0]?.code).flatMap(([code, observations]) => {
    const numeric = observations.filter(({ valueQuantity }) => valueQuantity).length
    if (code === undefined || numeric < 60) return []
    return [{ code, display: observations[0]?.code.coding?.[0]?.display ?? code, observations }]
  })
}

/** The expected rows for observations, one for each of their units; observations without a value go with the most frequent unit. */
export function perUnit(observations: Observation[]): Cells[] {
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

export function dateOf({ effectiveDateTime = '' }: Observation): string {
  return effectiveDateTime
}

export function codeIn(resource: Resource): string | undefined {
  return (resource as { code?: { coding?: { code?: string }[] } }).code?.coding?.[0]?.code
}

export function isWithdrawn(resource: Resource): boolean {
  const { verificationStatus } = resource as { verificationStatus?: { coding?: { code?: string }[] } }
  return /^(?:entered-in-error|refuted)$/.test(verificationStatus?.coding?.[0]?.code ?? '')
}

export function patientOf(resource: Resource): string {
  const { subject, patient } = resource as { subject?: Reference; patient?: Reference }
  return (subject ?? patient)?.reference ?? ''
}
