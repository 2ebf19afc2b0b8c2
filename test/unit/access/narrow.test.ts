// A narrowed connection, with arbitrary requests and answers: nothing of another type or patient passes.
import { parseSearchRequest, type SearchRequest } from '@medplum/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SHARED_TYPES } from '../../../src/access/narrow/narrowing.ts'
import { isPatientType, mentionsOther, patientsOf } from '../../../src/access/narrow/patient-compartment.ts'
import { runs } from '../../runs.ts'
import { type Json, OTHER, OWN, pass, patient, request, sentFor, types } from './narrowing.ts'

const anyType = fc.constantFrom(
  ...['Patient', 'Observation', 'Appointment', 'Group', 'Task', 'Practitioner', 'Device', 'Bot'],
)
const anyId = fc.constantFrom(OWN, OTHER, 'mine', 'theirs', '$everything', '$graph', '_history', '_search')
const anyName = fc.constantFrom(
  ...['_compartment', '_id', '_type', '%5ftype', 'subject', 'patient', '_include', '_revinclude'],
  '_has:Task:patient:code',
  ...['subject:Patient.name', '_filter', 'subject:not', '_compartment:missing', '_summary', '_query', '_elements'],
)
const anyValue = fc.constantFrom(
  ...[`Patient/${OWN}`, `Patient/${OTHER}`, OTHER, 'Device', 'Task,Device', 'count', 'Task:patient', 'true', ''],
)
const anyPath = fc
  .record({
    segments: fc.tuple(anyType, anyId, anyId).chain(([a, b, c]) => fc.constantFrom([], [a], [a, b], [a, b, c])),
    query: fc.array(fc.tuple(anyName, anyValue), { maxLength: 4 }),
  })
  .map(({ segments, query }) => {
    const parameters = query.map(([name, value]) => `${name}=${value}`).join('&')
    return segments.join('/') + (parameters && `?${parameters}`)
  })

const anyReference = fc.constantFrom(
  ...[
    `Patient/${OWN}`,
    `Patient/${OTHER}`,
    `https://x/Patient/${OTHER}`,
    'Practitioner/1',
    `Patient/${OTHER}/_history/1`,
  ],
)
const anyResource = fc.record({
  resourceType: anyType,
  id: fc.constantFrom(OWN, OTHER, 'a', 'b'),
  subject: fc.option(fc.record({ reference: anyReference, display: fc.constant('a name') }), { nil: undefined }),
  for: fc.option(fc.record({ reference: anyReference }), { nil: undefined }),
  participant: fc.array(fc.record({ actor: fc.record({ reference: anyReference }) }), { maxLength: 2 }),
})
const anyAnswer = fc
  .array(fc.record({ resource: anyResource, search: fc.record({ mode: fc.constantFrom('match', 'include') }) }))
  .map((entry) => ({ resourceType: 'Bundle', type: 'searchset', total: entry.length, entry }))

const resourcesIn = (body: unknown) =>
  ((body as { entry?: { resource: Json }[] } | undefined)?.entry ?? []).map(({ resource }) => resource)

/** A search as Medplum reads it; undefined if it answers with an error. */
function searchOf(path: string): SearchRequest | undefined {
  try {
    return parseSearchRequest(path)
  } catch {
    return undefined
  }
}

describe('whatever is asked and answered', () => {
  test('a search that goes out for a narrowed patient is one within the compartment, as Medplum reads it', async () => {
    let searches = 0
    await fc.assert(
      fc.asyncProperty(anyPath, async (path) => {
        const sent = await sentFor(patient, `GET ${path}`)
        const [place = '', query = ''] = sent.split('?')
        if (['refused', 'absent'].includes(sent) || place.includes('/')) return
        const read = searchOf(`${place || 'Patient'}?${query}`)
        if (read === undefined) return
        searches++
        const asked = read.types ?? [read.resourceType]
        const filters = read.filters ?? []
        expect(filters.filter(({ code }) => /[.:]|_filter|_has/.test(code))).toEqual([])
        const bounds = filters.filter(({ code }) => code === '_compartment')
        for (const { operator, value } of bounds)
          expect({ operator, value }).toEqual({ operator: 'eq', value: `Patient/${OWN}` })
        if (bounds.length === 0) for (const type of asked) expect(SHARED_TYPES.has(type), sent).toBe(true)
      }),
      // All by `npm test` too: few are searches, and they take a moment.
      { numRuns: 3000 },
    )
    expect(searches).toBeGreaterThan(100)
  })

  test('no answer shows a record of another patient, or who that is', async () => {
    await fc.assert(
      fc.asyncProperty(anyPath, anyAnswer, async (path, body) => {
        const { shown } = await pass(patient, request(`GET ${path}`))
        const resources = resourcesIn(shown?.(body))
        for (const resource of resources) {
          expect(mentionsOther(resource, OWN)).toBe(false)
          const owners = patientsOf(resource)
          expect(isPatientType(String(resource.resourceType)) || SHARED_TYPES.has(String(resource.resourceType))).toBe(
            true,
          )
          if (resource.resourceType === 'Patient') expect(resource.id).toBe(OWN)
          expect(owners.filter((owner) => owner !== OWN)).toEqual([])
        }
      }),
      { numRuns: runs(2000) },
    )
  })

  test('no answer shows a record of another type', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(['Patient', 'Task', 'Observation'], { minLength: 1 }),
        anyPath,
        anyAnswer,
        async (names, path, body) => {
          const { shown } = await pass(types(...names), request(`GET ${path}`))
          for (const { resourceType } of resourcesIn(shown?.(body))) expect(names).toContain(resourceType)
        },
      ),
      { numRuns: runs(2000) },
    )
  })
})
