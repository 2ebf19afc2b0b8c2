// Operations that Medplum answers with success although they did nothing of what was meant.
import { describe, expect, test } from 'vitest'
import { advise } from '../../src/advice/replies/advise.ts'
import { checkAnswer } from '../../src/advice/replies/check-answer.ts'
import { checkRequest } from '../../src/advice/requests/check-request.ts'
import { indexCapability } from '../../src/fhir/capability.ts'
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
  ])('of code with %s is refused', (why, code, filename) => {
    const found = trap('Bot/1/$deploy', { code, filename })
    expect(found.kind === 'refused' && found.message).toContain(why)
  })

  test.each<[code: string, filename?: string]>([
    [HANDLER],
    [`const exported = 1; // import { x } from 'y'\n${HANDLER}`],
    [`const text = "export const x";\n${HANDLER}`],
    [`const late = () => import('x');\n${HANDLER}`],
    ['export const handler = async () => 1;', 'index.mjs'],
    ['exports.handler = async (medplum, event) => {\n  return 1\n}'],
  ])('of %s goes out', (code, filename) => {
    expect(trap('Bot/1/$deploy', { code, filename })).toEqual({ kind: 'clear', warnings: [] })
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
  ['Bot', { resourceType: 'Bot', name: 'x' }],
  [
    '',
    {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [{ request: { method: 'POST', url: 'Bot' }, resource: { resourceType: 'Bot', name: 'x' } }],
    },
  ],
])('a Bot by POST %s is told to have no membership', (path, body) => {
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
  ])('that would not happen is refused: %s', (why, path, body) => {
    const found = trap(path, body)
    expect(found.kind === 'refused' && found.message).toContain(why)
  })

  test('of the record itself goes out', () => {
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
  [{ resourceType: 'Bundle', type: 'transaction', entry: [{}] }, 'Nothing is stored yet'],
])('$extract that stores nothing says so', (body, said) => {
  const asked = { method: 'POST', path: 'QuestionnaireResponse/1/$extract' }
  expect(checkAnswer(asked, { status: 200, body }).join()).toContain(said)
})

describe('a rule without effect gets a warning', () => {
  const known = indexCapability(statement)
  const policy = (rule: object) => ({ resourceType: 'AccessPolicy', resource: [rule] })
  const subscription = (criteria: string, channel: object) => ({ resourceType: 'Subscription', criteria, channel })
  const hook = { type: 'rest-hook', endpoint: 'https://example.com/hook' }
  const said = (body: { resourceType: string }) => {
    const found = checkRequest({ method: 'POST', path: body.resourceType, body }, known)
    return found.kind === 'refused' ? found.message : found.warnings.join()
  }
  test.each([
    [policy({ resourceType: 'Nope' }), 'Nope is not a resource type'],
    [policy({ resourceType: 'Patient', interaction: ['reed'] }), 'knows no reed'],
    [policy({ resourceType: 'Patient', criteria: 'Observation?code=x' }), 'a search of Observation, not of Patient'],
    [policy({ resourceType: 'Patient', criteria: 'Patient?nmae=x' }), 'Patient has no search parameter "nmae"'],
    [subscription('Observation?subjct=x', hook), 'Observation has no search parameter "subjct"; did you mean subject'],
    [subscription('Observation?subject:Patient.nmae=x', hook), 'Patient has no search parameter "nmae"'],
    [subscription('Nope?x=1', hook), 'Nope is not a resource type'],
    [subscription('Patient', { ...hook, type: 'email' }), 'rest-hook and websocket only'],
    [subscription('Patient', { ...hook, endpoint: 'Bot/' }), 'https address or Bot/ID'],
  ])('%j', (body, words) => expect(said(body)).toContain(words))

  test.each([
    policy({ resourceType: '*', interaction: ['read', 'search'] }),
    policy({ resourceType: 'Patient', criteria: 'Patient?_id=%patient.id' }),
    subscription('Patient?active=true', hook),
    subscription('Patient?_tag=a&_lastUpdated=gt2026-01-01&name:exact=b&_has:Observation:patient:code=c', hook),
    subscription('Bot?whatever=x', hook),
    subscription('Patient', { type: 'rest-hook', endpoint: 'Bot/11111111-1111-4111-8111-111111111199' }),
  ])('but not %j', (body) => expect(said(body)).toBe(''))
})
