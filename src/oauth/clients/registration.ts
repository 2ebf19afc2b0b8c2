// What a client sends to register (RFC 7591), before the provider sees it. Hosts send null and "" for missing values, and anybody may
// send anything, so only the fields that are used are kept.
import { isRecord, parsedJson } from '../../base/json.ts'
import { shownName } from './client-name.ts'
import { isUsableRedirect } from './redirects.ts'

/** More than any host sends. Registrations are kept for 90 days. */
export const MAX_REGISTRATION_BYTES = 8_192
const MAX_ITEMS = 20
const MAX_CHARS = 1_024

/** The fields of a registration that are used; the rest is dropped, and the answer says what was kept. */
const USED = [
  ...['redirect_uris', 'client_name', 'grant_types', 'response_types'],
  ...['token_endpoint_auth_method', 'token_endpoint_auth_methods_supported'],
]

/** Why a registration is refused (RFC 7591 section 3.2.2). */
interface Refusal {
  error: 'invalid_client_metadata' | 'invalid_redirect_uri'
  error_description: string
}

/** The registration for the provider from this text, or why it is refused. */
export function readRegistration(text: string): { metadata: Record<string, unknown> } | { refused: Refusal } {
  const sent = parsedJson(text)
  if (!isRecord(sent)) return refusal('invalid_client_metadata', 'A registration must be a JSON object')
  const said = USED.map((name) => [name, statedIn(sent[name])] as const).filter(([, value]) => value !== undefined)
  const metadata: Record<string, unknown> = Object.fromEntries(said)
  for (const [name, value] of said) {
    const items = Array.isArray(value) ? value : [value]
    if (items.length > MAX_ITEMS || items.some((one) => typeof one === 'string' && one.length > MAX_CHARS)) {
      const limits = `at most ${MAX_ITEMS} values of ${MAX_CHARS} characters`
      if (name !== 'client_name') return refusal('invalid_client_metadata', `${name} may have ${limits}`)
    }
  }
  const { client_name: name, redirect_uris: uris } = metadata
  if (typeof name === 'string') metadata.client_name = shownName(name) || undefined
  if (Array.isArray(uris) && !uris.some((uri) => typeof uri === 'string' && isUsableRedirect(uri))) {
    const words =
      'At least one of redirect_uris must be https, http on a loopback address, or the callback of a known application'
    return refusal('invalid_redirect_uri', words)
  }
  return { metadata }
}

/** The value of a field; undefined for null and "", also within a list, and for an empty list. */
function statedIn(value: unknown): unknown {
  if (value === null || value === '') return undefined
  if (!Array.isArray(value)) return value
  const items = value.filter((one) => one !== null && one !== '')
  return items.length > 0 ? items : undefined
}

function refusal(error: Refusal['error'], error_description: string): { refused: Refusal } {
  return { refused: { error, error_description } }
}
