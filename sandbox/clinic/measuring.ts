/** Turns a measured value into an Observation: unit, range and interpretation, or the reason why the value is missing. */
import type { CodeableConcept, Observation, Quantity } from '@medplum/fhirtypes'
import { instant } from './calendar.ts'
import { type Chart, clinician, encounterOf, subject } from './chart.ts'
import { type Entered, referenceTo } from './ledger.ts'
import { type Measure, type MeasureKey, measure } from './loinc.ts'
import { concept, hl7Concept, hl7System, LOINC, UCUM } from './terminology.ts'
import type { Visit } from './visits.ts'

export interface Reading {
  key: MeasureKey
  value: number
  comparator?: '<' | '>'
  /** Why there is no value. */
  absent?: 'error' | 'not-performed' | 'unknown'
  status?: Observation['status']
  note?: string
  /** Replaces the usual unit; the value is already in this one. */
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
  return { coding: [{ system: hl7System('v3-ObservationInterpretation'), code, display: INTERPRETATIONS[code] }] }
}

type Category = 'vital-signs' | 'laboratory' | 'social-history' | 'survey'

const CATEGORIES: Record<Category, string> = {
  'vital-signs': 'Vital Signs',
  laboratory: 'Laboratory',
  'social-history': 'Social History',
  survey: 'Survey',
}

/** The elements that all observations of a visit share. @param delay minutes from the start of the visit */
export function observed(chart: Chart, visit: Visit, kind: Category, delay: number) {
  return {
    resourceType: 'Observation' as const,
    status: 'final' as Observation['status'],
    category: [hl7Concept('observation-category', kind, CATEGORIES[kind])],
    subject: subject(chart),
    encounter: encounterOf(visit),
    effectiveDateTime: instant(visit.day, visit.minute + delay),
    performer:
      kind === 'laboratory'
        ? [referenceTo(chart.facility.laboratory, chart.facility.laboratory.name)]
        : [clinician(chart, visit)],
  }
}

export function enterReading(chart: Chart, visit: Visit, kind: Category, reading: Reading): Entered<Observation> {
  const usual = measure(reading.key)
  const shown = { ...usual, ...reading.unit }
  const { low, high } = limits(usual, chart.person.sex)
  const meaning =
    kind === 'laboratory' || low !== undefined ? interpret(usual, chart.person.sex, reading.value) : undefined
  const base = observed(chart, visit, kind, kind === 'laboratory' ? 15 : 4)
  const finished = Math.min(visit.day + 1, 0)
  return chart.ledger.enter<Observation>(`${visit.key}/${reading.key}${reading.again ?? ''}`, {
    ...base,
    status: reading.status ?? 'final',
    code: concept(LOINC, usual.loinc, usual.text),
    ...(kind === 'laboratory' ? { issued: instant(finished, 10 * 60 + 30) } : {}),
    ...(reading.absent
      ? { dataAbsentReason: hl7Concept('data-absent-reason', reading.absent) }
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
