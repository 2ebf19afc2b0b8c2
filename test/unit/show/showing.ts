// People, quantities and answers as the tests of `show` give them to what draws.
import { expect } from 'vitest'

export type Resource = Record<string, unknown>

export const PERSON = { id: 'p', name: 'Pat' }

export const quantity = (value: number, unit = 'mmol/L', more = {}) => ({ value, unit, code: unit, ...more })

export const found = (...resources: readonly Resource[]) => ({
  status: 200,
  body: {
    resourceType: 'Bundle',
    entry: resources.map((resource, at) => ({ resource: { id: `r${at}`, ...resource } })),
  },
})

export const NOTHING = { status: 200, body: { resourceType: 'Bundle' } }

/** The answers for a timeline or summary: one finds these records, the others nothing. */
export const onlyIn = (place: number, ...resources: readonly Resource[]) =>
  Array.from({ length: 7 }, (_, at) => (at === place ? found(...resources) : NOTHING))

/** Holds what is drawn to these properties; undefined: it has none of that name. */
export function expectParts(drawn: unknown, wanted: Resource): void {
  expect(drawn).toBeTypeOf('object')
  const parts = Object.keys(wanted).map((name) => [name, (drawn as Resource)[name]])
  expect(Object.fromEntries(parts)).toEqual(wanted)
}
