// Three places of one deployment, as a client sees them: its own Medplum, and the tenants north (at the same sandbox) and south (at
// another). The same people, with the same ids, are at all of them.
import { env } from 'cloudflare:workers'
import { type Credentials, Person } from '../../../programs/person.ts'
import { type FhirAnswer, fhirCall, post, rpc } from '../world/mcp.ts'
import { type Authorization, authorization, exchange, register, type Tokens, tokensOf } from '../world/signing-in.ts'
import { alice, type LoggedRequest, ORIGIN, REDIRECT_URI, SANDBOX, send } from '../world/world.ts'

export interface Place {
  /** What its paths begin with. */
  root: string
  resource: string
  /** Root of its Medplum. */
  medplum: string
}

const placeAt = (root: string, medplum: string): Place => ({ root, resource: `${ORIGIN}${root}/mcp`, medplum })

export const OWN = placeAt('', SANDBOX)
export const NORTH = placeAt('/t/north', SANDBOX)
export const SOUTH = placeAt('/t/south', JSON.parse(env.TENANTS).south.baseUrl)
export const PLACES = [OWN, NORTH, SOUTH]

/** Each tenant with each of the others. */
export const PAIRS = PLACES.flatMap((from) =>
  PLACES.filter((to) => to !== from).map((to): [string, Place, Place] => [nameOf(from, to), from, to]),
)

function nameOf(...places: Place[]): string {
  return places.map(({ root }) => root || 'own').join(' at ')
}

/** An authorization request for a place's resource. */
export async function requestAt(place: Place, clientId?: string): Promise<Authorization> {
  return authorization(clientId ?? (await register()).client_id, { resource: place.resource })
}

/** A person signs in at a place through the real pages; the level is the highest offered. */
export async function signInAt(place: Place, credentials: Credentials = alice, clientId?: string): Promise<Tokens> {
  const request = await requestAt(place, clientId)
  const end = await new Person(send).signIn(request.url, REDIRECT_URI, credentials)
  const response = await exchange(request, end.searchParams.get('code') ?? '')
  if (!response.ok) throw new Error(`The token endpoint answered ${response.status}: ${await response.text()}`)
  return tokensOf(request.clientId, await response.json())
}

/** The same person signs in at each place. */
export async function signInEverywhere(): Promise<Map<Place, Tokens>> {
  const tokens = new Map<Place, Tokens>()
  for (const place of PLACES) tokens.set(place, await signInAt(place))
  return tokens
}

/** One call of fhir-request at a place. */
export async function fhirAt(
  place: Place,
  access: string,
  args: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<Pick<FhirAnswer, 'isError' | 'text'>> {
  const { result, error } = await rpc(await post(access, fhirCall(args), headers, `${place.root}/mcp`))
  if (!result) throw new Error(`JSON-RPC error ${error?.code}: ${error?.message}`)
  return { isError: result.isError === true, text: result.content[0]?.text ?? '' }
}

/** Requests to each Medplum while `work` runs. */
export async function askedDuring<T>(
  work: () => Promise<T>,
): Promise<{ result: T; north: LoggedRequest[]; south: LoggedRequest[] }> {
  const log = async (medplum: string, since: number) => {
    const response = await fetch(`${medplum}_sandbox/log?since=${since}`)
    return response.json<{ next: number; requests: LoggedRequest[] }>()
  }
  const both = [NORTH.medplum, SOUTH.medplum]
  const before = await Promise.all(both.map((medplum) => log(medplum, Number.MAX_SAFE_INTEGER)))
  const result = await work()
  const [north = [], south = []] = await Promise.all(
    both.map(async (medplum, index) => (await log(medplum, before[index]?.next ?? 0)).requests),
  )
  return { result, north, south }
}
