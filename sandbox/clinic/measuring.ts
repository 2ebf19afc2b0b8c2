/** How one measured value becomes an Observation: unit, range, interpretation, and the ways in which a value can be missing. */
import type { CodeableConcept, Observation, Quantity } from '@medplum/fhirtypes'
import { instant } from './calendar.ts'
import { type Chart, clinician, during, subject } from './chart.ts'
import { type Entered, to } from './ledger.ts'
import { type Measure, type MeasureKey, measure } from './loinc.ts'
import { concept, flag, hl7, LOINC, UCUM } from './terminology.ts'
import type { Visit } from './visits.ts'

export interface Reading {
  key: MeasureKey
  value: number
  comparator?: '<' | '>'
  /** Instead of a value. */
  absent?: 'error' | 'not-performed' | 'unknown'
  status?: Observation['status']
  note?: string
  /** In place of the usual unit; the value is in that unit already. */
  unit?: { unit: string; ucum: string }
  /** Distinguishes several readings of the same kind at one visit. */
  again?: string
}

export function round(value: number, digits: number): number {
  const scale = 10 ** digits
  return Math.round(value * scale) / scale
}

export function quantity(kind: Pick<Measure, 'unit' | 'ucum' | 'digits'>, value: number): Quantity {
  return { value: round(value, kind.digits), unit: kind.unit, system: UCUM, code: kind.ucum }
}

function limits(kind: Measure, sex: 'female' | 'male') {
  return { low: kind.low, high: kind.high, ...(sex === 'female' ? kind.female : {}) }
}

const INTERPRETATIONS = { L: 'Low', N: 'Normal', H: 'High' } as const

/** HL7's interpretation code for a value against its range; none without a range. */
export function interpret(kind: Measure, sex: 'female' | 'male', value: number): CodeableConcept | undefined {
  const { low, high } = limits(kind, sex)
  if (low === undefined && high === undefined) return undefined
  const code = low !== undefined && value < low ? 'L' : high !== undefined && value > high ? 'H' : 'N'
  return { coding: [{ system: hl7('v3-ObservationInterpretation'), code, display: INTERPRETATIONS[code] }] }
}

export type Kind = 'vital-signs' | 'laboratory' | 'social-history' | 'survey'

const KINDS: Record<Kind, string> = {
  'vital-signs': 'Vital Signs',
  laboratory: 'Laboratory',
  'social-history': 'Social History',
  survey: 'Survey',
}

/** What every observation of a visit has in common. @param delay minutes from the start of the visit */
export function observed(chart: Chart, visit: Visit, kind: Kind, delay: number) {
  return {
    resourceType: 'Observation' as const,
    status: 'final' as Observation['status'],
    category: [flag('observation-category', kind, KINDS[kind])],
    subject: subject(chart),
    encounter: during(visit),
    effectiveDateTime: instant(visit.day, visit.minute + delay),
    performer:
      kind === 'laboratory' ? [to(chart.house.laboratory, chart.house.laboratory.name)] : [clinician(chart, visit)],
  }
}

export function record(chart: Chart, visit: Visit, kind: Kind, reading: Reading): Entered<Observation> {
  const usual = measure(reading.key)
  const shown = { ...usual, ...reading.unit }
  const { low, high } = limits(usual, chart.person.sex)
  const meaning =
    kind === 'laboratory' || low !== undefined ? interpret(usual, chart.person.sex, reading.value) : undefined
  const base = observed(chart, visit, kind, kind === 'laboratory' ? 15 : 4)
  const finished = Math.min(visit.day + 1, 0)
  return chart.book.enter<Observation>(`${visit.key}/${reading.key}${reading.again ?? ''}`, {
    ...base,
    status: reading.status ?? 'final',
    code: concept(LOINC, usual.loinc, usual.text),
    ...(kind === 'laboratory' ? { issued: instant(finished, 10 * 60 + 30) } : {}),
    ...(reading.absent
      ? { dataAbsentReason: flag('data-absent-reason', reading.absent) }
      : {
          valueQuantity: {
            ...quantity(shown, reading.value),
            ...(reading.comparator ? { comparator: reading.comparator } : {}),
          },
          ...(meaning ? { interpretation: [meaning] } : {}),
        }),
    ...(low !== undefined || high !== undefined
      ? {
          referenceRange: [
            {
              ...(low === undefined ? {} : { low: quantity(usual, low) }),
              ...(high === undefined ? {} : { high: quantity(usual, high) }),
            },
          ],
        }
      : {}),
    ...(reading.note ? { note: [{ text: reading.note }] } : {}),
  })
}
