// No answer leaves the Medplum client with a secret in it.
import { afterEach, expect, test, vi } from 'vitest'
import { FhirClient } from '../../../src/client/client.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

const client = new FhirClient(
  {
    fhirBase: new URL('https://medplum.example.com/fhir/R4/'),
    token: async () => 'token',
    renew: async () => 'renewed',
  },
  1000,
)

test.each([
  ['who is signed in', () => client.whoAmI()],
  ['an answer', () => client.send({ method: 'GET', path: 'Project/1', repeatable: true })],
])('%s comes without secrets', async (_, ask) => {
  const project = { resourceType: 'Project', name: 'Clinic', secret: [{ name: 'KEY', valueString: 'very-secret' }] }
  vi.stubGlobal('fetch', async () => Response.json({ project }))
  const found = JSON.stringify(await ask())
  expect(found).toContain('Clinic')
  expect(found).not.toContain('very-secret')
})
