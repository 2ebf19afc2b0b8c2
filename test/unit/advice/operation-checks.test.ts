// Operations that Medplum reports as successful although they did not do what was meant.
import { describe, expect, test } from 'vitest'
import { advise } from '../../../src/advice/replies/advise.ts'
import { checkAnswer } from '../../../src/advice/replies/check-answer.ts'
import { checkRequest } from '../../../src/advice/requests/check-request.ts'
import { ruleWarnings } from '../../../src/advice/requests/rule-checks.ts'
import { indexCapability } from '../../../src/fhir/capability.ts'
import { bundleOf, entryFor } from '../../calls.ts'
import { statement } from './statement.ts'

const trap = (path: string, body: unknown) => checkRequest({ method: 'POST', path, body }, undefined)
const HANDLER = 'exports.handler = async function (medplum, event) { return 1; };'

describe('a deployment', () => {
  test.each<[string, code: string, filename?: string]>([
    ['`import` statement', `import { createReference } from '@medplum/core';\n${HANDLER}`],
    ['`import` statement', `import {\n  createReference\n} from '@medplum/core';\n${HANDLER}`],
    ['`import` statement', `  import core from "@medplum/core"\n${HANDLER}`],
    ['`import` statement', `import '@medplum/core';\n${HANDLER}`],
    ['`export` statement', 'export async function handler(medplum, event) { return 1; }', 'index.ts'],
    ['`export` statement', 'export const handler = async () => 1;'],
    ['`export` statement', 'async function handler() {}\nexport { handler };'],
    ['no `exports.handler`', 'async function handler(medplum, event) { return 1; }'],
    ['no `exports.handler`', 'exports.handle = async function (medplum, event) { return 1; };'],
    ['TypeScript', 'exports.handler = async function (medplum: MedplumClient, event: BotEvent) { return 1; };'],
    ['TypeScript', `interface Order { id: string }\n${HANDLER}`],
  ])('of code with %s is refused: %s', (why, code, filename) => {
    const found = trap('Bot/1/$deploy', { code, filename })
    expect(found.kind === 'refused' && found.message).toContain(why)
  })

  test.each<[code: string, filename?: string]>([
    [HANDLER],
    [`const exported = 1; // import { x } from 'y'\n${HANDLER}`],
    [`const text = "export const x";\n${HANDLER}`],
    [`const pick = ({ a: b }, c = d ? (e) : f) => b;\n${HANDLER}`],
    [`const late = () => import('x');\n${HANDLER}`],
    ['export const handler = async () => 1;', 'index.mjs'],
    ['exports.handler = async (medplum, event) => {\n  return 1\n}'],
  ])('of %s is sent', (code, filename) => {
    expect(trap('Bot/1/$deploy', { code, filename })).toEqual({ kind: 'clear', warnings: [] })
  })

  test('by module.exports, which not every runtime reads, gets a warning', () => {
    const found = trap('Bot/1/$deploy', { code: 'module.exports = { handler: async () => 1 };' })
    expect(found.kind === 'clear' && found.warnings.join()).toContain('need `exports.handler = …`')
  })

  test.each([HANDLER.replace(/;$/, ''), 'exports.handler = async () => 1'])(
    'of %s, without `;`, is warned of',
    (code) => {
      const found = trap('Bot/1/$deploy', { code })
      expect(found.kind === 'clear' && found.warnings.join()).toContain('does not end with `;`')
    },
  )
})

test.each([
  ['PUT', { resourceType: 'Bot', id: '1', name: 'x', code: 'exports.handler = 1;' }],
  ['PATCH', [{ op: 'replace', path: '/sourceCode/url', value: 'Binary/1' }]],
])('code in a Bot by %s: says that it won’t run', (method, body) => {
  const found = checkRequest({ method, path: 'Bot/1', body }, undefined)
  expect(found.kind === 'clear' && found.warnings.join()).toContain('POST Bot/1/$deploy')
})

test.each([
  ['Bot', { resourceType: 'Bot', name: 'x' }],
  ['', bundleOf('batch', [entryFor('POST', 'Bot', { resourceType: 'Bot', name: 'x' })])],
])('a Bot by POST %s: says that it has no membership', (path, body) => {
  const found = trap(path, body)
  expect(found.kind === 'clear' && found.warnings.join()).toContain('POST Bot/$init')
})

describe('a check of a record', () => {
  const resource = { resourceType: 'Patient' }
  const parameters = { resourceType: 'Parameters', parameter: [{ name: 'resource', resource }] }
  const profile = { name: 'profile', valueUri: 'http://example.org/p' }
  test.each<[string, string, unknown]>([
    ['Parameters', 'Patient/$validate', parameters],
    ['"meta":{"profile":["http://example.org/p"]}', 'Patient/$validate', { ...parameters, parameter: [profile] }],
    ['ignores `profile`', 'Patient/$validate?profile=http://example.org/p', resource],
    ['POST Observation/$validate', 'Patient/$validate', { resourceType: 'Observation' }],
  ])('that Medplum would not make is refused: %s', (why, path, body) => {
    const found = trap(path, body)
    expect(found.kind === 'refused' && found.message).toContain(why)
  })

  test('of the record itself is sent', () => {
    expect(trap('Patient/$validate', resource).kind).toBe('clear')
  })
})

describe('the failure of a bot', () => {
  test.each([
    ['Cannot use import statement outside a module', 'require('],
    ["Unexpected token 'export'", 'exports.handler'],
    ['exports.handler is not a function', 'exports.handler = '],
    ['(intermediate value)(...) is not a function', 'does not end with ";"'],
    ['boom', 'Its input may be wrong'],
  ])('by "%s" names the cause and the log', (text, cause) => {
    const outcome = { resourceType: 'OperationOutcome', issue: [{ details: { text } }] }
    const said = advise({ method: 'POST', path: 'Bot/123/$execute', body: {} }, { status: 400, outcome })
    expect(said).toContain(cause)
    expect(said).toContain('GET AuditEvent?entity=Bot/123&_sort=-_lastUpdated')
  })
})

test.each([
  [{ resourceType: 'Bundle', type: 'transaction' }, 'Nothing was extracted'],
  [bundleOf('transaction', [{}]), 'Nothing is stored yet'],
])('$extract that stores nothing says so', (body, said) => {
  const asked = { method: 'POST', path: 'QuestionnaireResponse/1/$extract' }
  expect(checkAnswer(asked, { status: 200, body }).join()).toContain(said)
})

describe('a rule without effect gets a warning', () => {
  const known = indexCapability(statement)
  const policy = (rule: object) => ({ resourceType: 'AccessPolicy', resource: [rule] })
  const subscription = (criteria: string, channel: object) => ({
    ...{ resourceType: 'Subscription', status: 'active', criteria, channel },
  })
  const hook = { type: 'rest-hook', endpoint: 'https://example.com/hook' }
  const said = (body: Record<string, unknown>) => ruleWarnings(body, known).join()
  test.each([
    [policy({ resourceType: 'Nope' }), 'Nope is not a resource type'],
    [policy({ resourceType: 'Patient', interaction: ['reed'] }), 'has no reed'],
    [policy({ resourceType: 'Patient', criteria: 'Observation?code=x' }), 'searches Observation, not Patient'],
    [policy({ resourceType: 'Patient', criteria: 'Patient?nmae=x' }), 'each read and search of Patient then fails'],
    [policy({ resourceType: 'Patient', criteria: 'Patient?birthdate=soon' }), '`birthdate=soon` is not a date'],
    [policy({ resourceType: 'Patient', criteria: 'Patient?gender=Female' }), 'must be `gender=female`'],
    [policy({ resourceType: 'Patient', criteria: 'Patient?name:like=x' }), "doesn't know the modifier :like"],
    [subscription('Patient?_has:Observation:patient:code=c', hook), 'through references'],
    [subscription('Observation?value-quantity=gt5', hook), 'by quantity'],
    [subscription('Observation?subjct=x', hook), 'Observation has no search parameter "subjct"; did you mean subject'],
    [subscription('Observation?subject:Patient.nmae=x', hook), 'Patient has no search parameter "nmae"'],
    [subscription('Nope?x=1', hook), 'Nope is not a resource type'],
    [subscription('Patient/1', hook), 'write Patient?_id=1'],
    [{ ...subscription('Patient', hook), status: 'requested' }, 'only what is "active"'],
    [subscription('Patient', { ...hook, endpoint: 'http://example.com' }), 'only to https addresses'],
    [policy({ resourceType: 'Patient', hiddenFields: ['birthdate'] }), 'Write birthDate'],
    [subscription('Patient', { ...hook, type: 'email' }), 'only by rest-hook and websocket'],
    [subscription('Patient', { ...hook, endpoint: 'Bot/' }), 'https address or Bot/ID'],
  ])('%j', (body, words) => expect(said(body)).toContain(words))

  test.each([
    policy({ resourceType: '*', interaction: ['read', 'search'] }),
    policy({ resourceType: 'Patient', criteria: 'Patient?_id=%patient.id&organization=%facility&birthdate=%x' }),
    subscription('Patient?active=true', hook),
    subscription('Patient?_tag=a&_lastUpdated=gt2026-01-01&name:exact=b', hook),
    subscription('Bot?whatever=x', hook),
    subscription('Patient', { type: 'rest-hook', endpoint: 'Bot/11111111-1111-4111-8111-111111111199' }),
  ])('not for %j', (body) => expect(said(body)).toBe(''))
})
