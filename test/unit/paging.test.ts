import { expect, test } from 'vitest'
import { nextPage } from '../../src/fhir/paging.ts'

const page = (url: string, matches: number, included = 0) => ({
  resourceType: 'Bundle',
  type: 'searchset',
  link: [{ relation: 'next', url }],
  entry: [
    ...Array.from({ length: matches }, () => ({ search: { mode: 'match' }, resource: {} })),
    ...Array.from({ length: included }, () => ({ search: { mode: 'include' }, resource: {} })),
  ],
})

// Medplum 5.1 refuses the cursor that it links itself: `missing FROM-clause entry for table "MultipleTypes"`.
test('several types go on by offset where Medplum links a cursor', () => {
  const link = 'MultipleTypes?_count=20&_cursor=2-1795889080430&_sort=_lastUpdated&_type=Patient,Observation'
  const first = nextPage('?_type=Patient,Observation&_sort=_lastUpdated&_count=20', page(link, 20, 3))
  expect(first).toBe('?_count=20&_sort=_lastUpdated&_type=Patient,Observation&_offset=20')
  const second = nextPage(first ?? '', page(link, 20))
  expect(second).toBe('?_count=20&_sort=_lastUpdated&_type=Patient,Observation&_offset=40')
})

test('one type goes on by cursor', () => {
  const link = 'Patient?_count=20&_cursor=2-1795889080430&_sort=_lastUpdated'
  expect(nextPage('Patient?_sort=_lastUpdated&_count=20', page(link, 20))).toBe(link)
})
