import type { Answered } from '../../../src/answer/answer.ts'

export type Entry = { resource: { resourceType: string; id: string }; search?: { mode: string } }

export function observation(index: number, text = '') {
  return {
    resource: {
      resourceType: 'Observation',
      id: `o-${index}`,
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: `c-${index % 3}` }] },
      subject: { reference: `Patient/p-${index % 7}` },
      effectiveDateTime: `2026-01-${String((index % 28) + 1).padStart(2, '0')}`,
      valueQuantity: { value: index, unit: 'kg' },
      ...(text && { note: [{ text }] }),
    },
    search: { mode: 'match' },
  }
}

export function patient(index: number): Entry {
  return { resource: { resourceType: 'Patient', id: `p-${index}` }, search: { mode: 'include' } }
}

export function bundleOf(entry: unknown[], rest: object = {}) {
  return { resourceType: 'Bundle', type: 'searchset', ...rest, entry }
}

export function whole({ text, notes }: Answered): number {
  return text.length + notes.join('').length
}
