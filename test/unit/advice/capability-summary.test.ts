// A server's capabilities in few bytes: checked for every type in the sandbox's statement.
import { beforeAll, describe, expect, test } from 'vitest'
import { loadDefinitions } from '../../../sandbox/definitions.ts'
import { capabilityStatement } from '../../../sandbox/http/capability.ts'
import {
  MAX_SERVER_SUMMARY,
  MAX_TYPE_SUMMARY,
  summarizeServer,
  summarizeType,
} from '../../../src/advice/replies/capability-summary.ts'
import { type Capability, indexCapability } from '../../../src/fhir/capability.ts'

let statement: unknown
let capability: Capability
beforeAll(() => {
  loadDefinitions()
  statement = capabilityStatement('http://localhost:8103/')
  capability = indexCapability(statement)
})

const bytes = (text: string) => new TextEncoder().encode(text).byteLength
const OWN_PARAMETER = (name: string) => !name.startsWith('_')

describe('of a type', () => {
  test('is short for every type and names all its search parameters', () => {
    expect(capability.types.size).toBeGreaterThan(150)
    for (const type of capability.types) {
      const summary = summarizeType(capability, type)
      expect(bytes(summary), type).toBeLessThanOrEqual(MAX_TYPE_SUMMARY)
      const named = new Set(summary.split(/[\s,:]+/))
      for (const name of [...capability.searchParams(type).keys()].filter(OWN_PARAMETER))
        expect(named, type).toContain(name)
      expect(summary).not.toContain('lines more')
    }
  })

  test('groups parameters by type and lists the operations', () => {
    const lines = summarizeType(capability, 'Patient').split('\n')
    expect(lines).toContain('  date: birthdate, death-date')
    expect(lines).toContain('  GET|POST Patient/{id}/$everything')
    expect(lines).toContain('  POST Patient/$match')
    expect(lines.join()).not.toContain('Bot/')
  })

  test('lists operations that only the statement declares, each once', () => {
    const custom = indexCapability({
      rest: [{ resource: [{ type: 'Patient', operation: [{ name: 'everything' }, { name: 'send-home' }] }] }],
    })
    const summary = summarizeType(custom, 'Patient')
    expect(summary).toContain('  Patient/$send-home')
    expect(summary.match(/\$everything/g)).toHaveLength(1)
  })

  test('says so if nothing is declared', () => {
    const summary = summarizeType(indexCapability({}), 'Nope')
    expect(summary).toContain('declares none of its own')
    expect(summary).toContain('_lastUpdated')
  })

  test('stays short whatever the statement contains, in whole lines, and counts what is left out', () => {
    const searchParam = Array.from({ length: 500 }, (_, n) => ({
      name: `parameter-${n}`,
      type: n % 2 ? 'token' : 'date',
    }))
    const summary = summarizeType(indexCapability({ rest: [{ resource: [{ type: 'Ünit', searchParam }] }] }), 'Ünit')
    expect(bytes(summary)).toBeLessThanOrEqual(MAX_TYPE_SUMMARY)
    expect(summary).toMatch(/\n… and \d+ lines more$/)
    expect(summary).not.toContain('parameter-')
  })
})

describe('of the server', () => {
  test('is short and names every type', () => {
    const summary = summarizeServer(capability, statement)
    expect(bytes(summary)).toBeLessThanOrEqual(MAX_SERVER_SUMMARY)
    const [, types = ''] = /\nTypes \(\d+\): (.*)$/.exec(summary) ?? []
    expect(types.split(' ').sort()).toEqual([...capability.types].sort())
    expect(summary).toContain('medplum 5.1.17-sandbox: FHIR R4')
    expect(summary).toContain('{type}/{id}/$expunge')
    expect(summary).not.toContain('$db-')
  })

  test.each([undefined, null, 'x', {}, { software: { name: 'two\nlines', version: 'a "quote"' } }, { software: 7 }])(
    'works without a statement, and survives an odd one: %j',
    (odd) => {
      expect(summarizeServer(capability, odd)).toMatch(/^Medplum: FHIR R4 \(JSON\)\n/)
    },
  )
})
