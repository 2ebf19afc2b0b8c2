// A digest of arbitrary JSON.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digest, essenceOf } from '../../../src/answer/digest/digest.ts'
import { isRecord } from '../../../src/base/json.ts'
import { runs } from '../../runs.ts'
import { kg, observation, resource } from './digesting.ts'

test('for any input no resource is lost or counted twice, and every property is a scalar', () => {
  fc.assert(
    fc.property(fc.array(resource, { maxLength: 12 }), (resources) => {
      const rows = digest(resources)
      const counted = new Map<string, number>()
      for (const { type, of, count } of rows) if (of === undefined) counted.set(type, (counted.get(type) ?? 0) + count)
      const given = new Map<string, number>()
      for (const one of resources) given.set(typeIn(one), (given.get(typeIn(one)) ?? 0) + 1)
      expect(counted).toEqual(new Map([...given].sort(([a], [b]) => (a < b ? -1 : 1))))
      for (const value of rows.flatMap((row) => Object.values(row)))
        expect(['string', 'number']).toContain(typeof value)
      // `essenceOf` leaves out nothing that a digest reads.
      expect(digest(resources.map((one) => (isRecord(one) ? essenceOf(one) : one)))).toEqual(rows)
    }),
    { numRuns: runs(1000) },
  )
})

function typeIn(value: unknown): string {
  const type = isRecord(value) ? value.resourceType : undefined
  return ['string', 'number', 'boolean'].includes(typeof type) && type !== '' ? String(type) : 'unknown'
}

test('a shortened resource keeps everything that a digest reads', () => {
  for (const resourceType of ['Observation', 'Condition', 'Claim', 'Encounter', 'Goal', 'ImagingStudy', 'AuditEvent']) {
    const read = new Set<string>()
    const watched = new Proxy<Record<string, unknown>>(
      { resourceType, id: 'a' },
      {
        get(target, name) {
          if (typeof name === 'string') read.add(name)
          return Reflect.get(target, name)
        },
      },
    )
    digest([watched])
    expect(read.size).toBeGreaterThan(50)
    const whole = Object.fromEntries([...read].map((name) => [name, true]))
    expect(essenceOf({ ...whole, text: true, note: true, extension: true })).toEqual(whole)
  }
})

test('the order of the resources only affects ties', () => {
  const dated = fc
    .uniqueArray(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 20 })
    .chain((days) => fc.tuple(fc.constant(days), fc.shuffledSubarray(days, { minLength: days.length })))
  const made = (day: number) => {
    const date = new Date(day * 86_400_000).toISOString().slice(0, 10)
    return observation(`id-${day}`, date, kg(day, day % 3 === 0 ? '<' : undefined))
  }
  fc.assert(
    fc.property(dated, ([days, shuffled]) => {
      expect(digest(shuffled.map(made))).toEqual(digest(days.map(made)))
    }),
  )
})
