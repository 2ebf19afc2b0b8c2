import { describe, expect, test } from 'vitest'
import { nextPage, totalOf, withTotal } from '../../../src/fhir/paging.ts'

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
test('several types continue by offset if Medplum links a cursor', () => {
  const link = 'MultipleTypes?_count=20&_cursor=2-1795889080430&_sort=_lastUpdated&_type=Patient,Observation'
  const first = nextPage('?_type=Patient,Observation&_sort=_lastUpdated&_count=20', page(link, 20, 3))
  expect(first).toBe('?_count=20&_sort=_lastUpdated&_type=Patient,Observation&_offset=20')
  const second = nextPage(first ?? '', page(link, 20))
  expect(second).toBe('?_count=20&_sort=_lastUpdated&_type=Patient,Observation&_offset=40')
})

test('one type continues by cursor', () => {
  const link = 'Patient?_count=20&_cursor=2-1795889080430&_sort=_lastUpdated'
  expect(nextPage('Patient?_sort=_lastUpdated&_count=20', page(link, 20))).toBe(link)
})

describe('the total of a search', () => {
  const alone = { ...page('', 2, 1), link: [{ relation: 'self', url: 'x' }] }
  test.each([
    ['Patient?name=a', alone, 2],
    ['Patient/_search?name=a', alone, 2],
    ['?_type=Task,Claim', alone, 2],
    ['Patient', { ...alone, entry: undefined }, 0],
    ['Patient?name=a', { ...alone, total: 7 }, 7],
    ['Patient?name=a', page('Patient?_offset=20', 2), undefined],
    ['Patient?_offset=20', alone, undefined],
    ['Patient?_cursor=1-2', alone, undefined],
    ['Patient?_count=0', { ...alone, entry: undefined }, undefined],
    ['Patient/1/$everything', alone, undefined],
    ['Patient/1/_history', { ...alone, type: 'history' }, undefined],
  ])('%s', (path, body, total) => {
    expect(totalOf(withTotal(path, body))).toBe(total)
  })
})
