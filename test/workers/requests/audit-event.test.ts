import { describe, expect, test, vi } from 'vitest'
import { DELETE, GET, POST, PUT } from '../../calls.ts'
import { deployment, say } from '../world/deployment.ts'
import { create, medplumToken, type Resource } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { alice, SANDBOX, sandbox } from '../world/world.ts'
import { lines, setUp } from './audited.ts'

setUp()

describe('the AuditEvent', () => {
  const recording = deployment({ FHIR_AUDIT: 'on' })
  const posted = async (access: string, args: Record<string, unknown>) => {
    const direct = await medplumToken()
    const { result, requests } = await sandbox.during(async (soFar) => {
      const said = await say(recording, access, 'fhir-request', { format: 'json', ...args })
      // It follows the answer.
      const stored = async () => (await soFar()).some((one) => isAudit(one) && one.status !== null)
      await vi.waitFor(async () => expect(await stored()).toBe(true), 5_000).catch(() => {})
      return said
    })
    return { said: result, direct, audits: requests.filter(isAudit) }
  }
  const isAudit = ({ method, path }: { method: string; path: string }) =>
    method === 'POST' && path.endsWith('/AuditEvent')
  const latest = async (direct: string): Promise<Resource | undefined> => {
    const answer = await fetch(`${SANDBOX}fhir/R4/AuditEvent?_sort=-_lastUpdated&_count=1`, {
      headers: { authorization: `Bearer ${direct}` },
    })
    return (await answer.json<{ entry?: { resource: Resource }[] }>()).entry?.[0]?.resource
  }

  test('of a create names the version, the person and the client', async () => {
    const { access } = await signIn()
    const body = { resourceType: 'Patient', name: [{ family: 'Audited' }] }
    const { said, direct, audits } = await posted(access, POST('Patient', body))
    const { id, meta } = JSON.parse(said.text) as { id: string; meta: { versionId: string } }
    expect(audits).toMatchObject([{ status: 201 }])
    expect(await latest(direct)).toMatchObject({
      subtype: [{ code: 'create' }],
      outcome: '0',
      agent: [{ who: { reference: expect.stringMatching(/^Practitioner\//) } }, { who: { display: 'Test client' } }],
      entity: [{ what: { reference: `Patient/${id}/_history/${meta.versionId}` } }],
    })
  })

  test('says so if Medplum refused', async () => {
    const { access } = await signIn()
    const body = { resourceType: 'Patient', foo: 1 }
    const { said, direct, audits } = await posted(access, POST('Patient', body))
    expect(said.isError).toBe(true)
    expect(audits).toHaveLength(1)
    expect(await latest(direct)).toMatchObject({ outcome: '4' })
  })

  test('that Medplum refuses does not hide the success', async () => {
    const { access } = await signIn()
    await sandbox.faults([{ method: 'POST', path: '/AuditEvent$', status: 403, times: 1 }])
    const body = { resourceType: 'Patient', name: [{ family: 'Audited' }] }
    const { said } = await posted(access, POST('Patient', body))
    expect(said.isError).toBe(false)
    await vi.waitFor(
      () => expect(lines('audit_event_failed')).toEqual([{ event: 'audit_event_failed', status: 403 }]),
      5_000,
    )
  })

  const audit = {
    resourceType: 'AuditEvent',
    type: { code: 'rest' },
    recorded: '2026-01-01T00:00:00Z',
    agent: [{ requestor: true }],
    source: { observer: { display: 'test' } },
  }

  test.each([
    ['create', () => POST('AuditEvent', audit)],
    ['update', (path: string) => PUT(path, { ...audit, id: path.slice(11), outcome: '8' })],
    ['patch', (path: string) => ({ method: 'PATCH', path, patch: [{ op: 'add', path: '/outcome', value: '8' }] })],
  ])('is also written for a change of an AuditEvent: %s', async (code, args) => {
    const { access } = await signIn(alice, undefined, 'write')
    const { id } = await create(await medplumToken(), audit)
    const { said, direct } = await posted(access, args(`AuditEvent/${id}`))
    expect(said.isError, said.text).toBe(false)
    await vi.waitFor(async () => expect(await latest(direct)).toMatchObject({ subtype: [{ code }] }), 5_000)
  })

  test('is not written for reads, or if nothing was sent', async () => {
    const { access } = await signIn(alice, undefined, 'write')
    const { id } = await create(await medplumToken(), { resourceType: 'Patient' })
    const { requests } = await sandbox.during(async (soFar) => {
      for (const args of [GET(`Patient/${id}`), DELETE(`Patient/${id}`), POST('Patient', '{')]) {
        await say(recording, access, 'fhir-request', args)
      }
      // What follows an answer starts before the next request, and this answer does have a follow-up.
      const last = POST('Patient', { resourceType: 'Patient' })
      await say(recording, access, 'fhir-request', last)
      await vi.waitFor(async () => expect((await soFar()).filter(isAudit).length).toBeGreaterThan(0), 5_000)
    })
    // That of the last call.
    expect(requests.filter(isAudit)).toHaveLength(1)
  })
})
