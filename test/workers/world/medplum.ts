// The sandbox's FHIR API, called directly without the Worker, for comparison.
import { FhirClient } from '../../../src/client/client.ts'
import { alice, SANDBOX } from './world.ts'

/** The example pair of RFC 7636, appendix B. */
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

/** A Medplum access token of a person; Alice's by default. */
export async function medplumToken(person = alice): Promise<string> {
  const login = { ...person, scope: 'openid', codeChallenge: CHALLENGE, codeChallengeMethod: 'S256' }
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${SANDBOX}auth/login`, { method: 'POST', headers, body: JSON.stringify(login) })
  const { code } = await answer.json<{ code: string }>()
  const form = new URLSearchParams({ grant_type: 'authorization_code', code, code_verifier: VERIFIER })
  const granted = await fetch(`${SANDBOX}oauth2/token`, { method: 'POST', body: form })
  return (await granted.json<{ access_token: string }>()).access_token
}

/** @param timeoutMs how long all requests of the client may take together */
export function medplumClient(token: string, timeoutMs = 60_000): FhirClient {
  const give = async () => token
  const fhirBase = new URL(`${SANDBOX}fhir/R4/`)
  return new FhirClient({ fhirBase, token: give, renew: give }, timeoutMs)
}

export type Resource = Record<string, unknown> & { resourceType: string; id: string }

/** All resources that a search finds, with its own paging: in none of the ways that are tested. */
export async function allOf(token: string, search: string): Promise<Resource[]> {
  const found: Resource[] = []
  for (let offset = 0; ; offset += 1000) {
    const path = `${search}${search.includes('?') ? '&' : '?'}_sort=_id&_count=1000&_offset=${offset}`
    const response = await fetch(`${SANDBOX}fhir/R4/${path}`, { headers: { authorization: `Bearer ${token}` } })
    const { entry } = await response.json<{ entry?: { resource: Resource }[] }>()
    if (!entry) return found
    found.push(...entry.map(({ resource }) => resource))
  }
}

/** Stores a resource. */
export async function create(
  token: string,
  resource: { resourceType: string; [name: string]: unknown },
): Promise<Resource> {
  const response = await fetch(`${SANDBOX}fhir/R4/${resource.resourceType}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
    body: JSON.stringify(resource),
  })
  if (response.status !== 201) throw new Error(`Medplum answered ${response.status}: ${await response.text()}`)
  return response.json()
}
