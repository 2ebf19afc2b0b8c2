// The size-limited map in which isolates remember grants and tokens.
import { expect, test } from 'vitest'
import { Latest } from '../../../src/base/latest.ts'

test('keeps what was set last, whatever was set before', () => {
  const map = new Latest<number>(2)
  map.set('a', 1).set('b', 2).set('a', 3).set('c', 4)
  expect([...map]).toEqual([
    ['a', 3],
    ['c', 4],
  ])
})
