// What metadata says about a type, a profile and operations, and that a failed write or operation points there.
import { beforeAll, describe, expect, test } from 'vitest'
import { GET, POST } from '../../calls.ts'
import { post, rpc } from '../world/mcp.ts'
import { create, medplumToken } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { alice, sandbox } from '../world/world.ts'

let access: string
beforeAll(async () => {
  access = (await signIn(alice)).access
})

async function ask(args: Record<string, unknown>): Promise<{ text: string; isError: boolean }> {
  const params = { name: 'fhir-request', arguments: args }
  const { result } = await rpc(await post(access, { jsonrpc: '2.0', id: 1, method: 'tools/call', params }))
  return { text: result?.content[0]?.text ?? '', isError: result?.isError === true }
}

describe('metadata', () => {
  test('of a type lists its elements with all their codes, from this server’s definitions, and asks for them once', async () => {
    const path = 'metadata?type=Observation'
    const { text } = await ask(GET(path))
    expect(text).toContain('Search parameters by type:')
    expect(text).toContain(
      '  status! code: registered|preliminary|final|amended|corrected|cancelled|entered-in-error|unknown',
    )
    expect(text).toContain('  subject →Patient,Group,Device,Location')
    const { result, requests } = await sandbox.during(() => ask(GET(path)))
    expect(result.text).toBe(text)
    expect(requests.filter((one) => one.path.startsWith('/fhir/R4/StructureDefinition'))).toEqual([])
  })

  test('of Medplum’s own types too, with what their operations take', async () => {
    const { text } = await ask(GET('metadata?type=Bot'))
    expect(text).toContain('  runtimeVersion code: ')
    expect(text).toMatch(/POST Bot\/\$init: name!.*executableCode/)
  })

  test('of a profile says what it requires; of a missing one, where to look', async () => {
    const url = `http://example.org/profile-${crypto.randomUUID()}`
    const element = (id: string, rest: Record<string, unknown>) => {
      const base = { path: id, min: 0, max: '*' }
      return { id, path: id, base, definition: 'x', ...rest }
    }
    await create(await medplumToken(), {
      ...{ resourceType: 'StructureDefinition', url, name: 'Strict', status: 'active', kind: 'resource' },
      ...{ abstract: false, type: 'Patient', derivation: 'constraint' },
      baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
      snapshot: {
        element: [
          element('Patient', { min: 0, max: '*' }),
          element('Patient.name', { min: 1, max: '*', type: [{ code: 'HumanName' }] }),
          element('Patient.photo', { min: 0, max: '*', type: [{ code: 'Attachment' }] }),
        ],
      },
    })
    const { text } = await ask(GET(`metadata?type=Patient&profile=${url}`))
    expect(text.split('\n')).toEqual([expect.stringContaining(url), '  name![] HumanName'])
    const missing = await ask(GET('metadata?profile=http://example.org/none'))
    expect(missing).toMatchObject({ isError: true, text: expect.stringContaining('StructureDefinition?derivation') })
  })
})

describe('a failed', () => {
  test('write points to the elements of its type', async () => {
    const body = { resourceType: 'Patient', naem: [{ family: 'Lee' }] }
    const { text, isError } = await ask(POST('Patient', body))
    expect(isError).toBe(true)
    expect(text).toContain('GET metadata?type=Patient')
  })

  test('operation lists all of its input at once', async () => {
    const found = await ask(GET('Appointment/$find?start=2026-12-07T00:00:00Z'))
    expect(found.isError).toBe(true)
    expect(found.text).toMatch(/start!.*end!.*service-type-reference!.*schedule!/)
  })
})
