// Audit log: one event for each tool call and each OAuth decision, written to Workers Logs and, if it is bound, to an Analytics Engine
// dataset. Only fields of an allow-list: no person's id or name, no paths, bodies or answers. docs/security.md has the fields.

import type { Level } from '../access/access.ts'
import { type Kind, ROUTES } from '../access/risk/routes.ts'
import { toBase64Url } from '../base/seal.ts'
import type { Bindings } from '../config/settings.ts'
import { readSettings } from '../config/settings.ts'
import { findSettings, tenantAt, tenantOf } from '../config/tenants.ts'
import { RESOURCE_TYPES } from '../fhir/resource-types.ts'

export interface CallEvent {
  /** Name of a tool that the server offers. */
  tool: string
  /** What the request would do. */
  kind?: Kind
  /** Its resource type or operation, from {@link typeOfTarget}. */
  type?: string
  /** For a program: how many requests it made of each such type: `Observation 2, Patient 1`. */
  requests?: string
  /** HTTP status of Medplum's answer; absent if there was none. */
  status?: number
  /** `asked`: nothing was done, because the person must confirm first, or did not agree. */
  outcome: 'ok' | 'asked' | 'error'
  /** Milliseconds. */
  ms: number
  /** The connection's access level. */
  level?: Level
  /** Characters of the answer. */
  chars: number
}

export interface OAuthEvent {
  decision:
    | 'consent_shown'
    | 'approved'
    | 'denied'
    | 'signed_in'
    | 'sign_in_failed'
    | 'token_refreshed'
    | 'token_refused'
    | 'revoked'
    | 'lowered'
    | 'disconnected'
    | 'ended'
  /** The level that was granted, or reduced to. */
  level?: Level
  /** Why a sign-in failed: the person, Medplum, or the way to it. */
  reason?: 'denied' | 'ended' | 'unavailable' | 'stale' | 'reused'
  /** HTTP status of the answer. */
  status?: number
}

/** The person and client of an event. {@link Line} has what is logged about them. */
export interface Subject {
  userId?: string
  clientId?: string
  /** The protected resource that a sign-in is for; the user id says who is signed in. */
  resource?: string | undefined
}

/** The complete list of fields that are written. */
interface Line extends Partial<Omit<CallEvent, 'outcome'>>, Partial<Omit<OAuthEvent, 'decision'>> {
  event: 'tool_call' | 'oauth'
  decision?: OAuthEvent['decision']
  outcome?: CallEvent['outcome']
  /** Approximate tokens of the answer. */
  tokens?: number
  /** Host of the client's metadata document; `registered` for a client that registered itself. */
  client?: string
  /** The person, as a keyed hash; absent without the secret AUDIT_KEY. */
  who?: string
  /** Name of the tenant; absent for the deployment's own. */
  tenant?: string
}

/** Characters per token of FHIR, in the compact form or JSON: 2.8 to 3.6 with current models' tokenizers. */
const CHARS_PER_TOKEN = 3.2

/** Logs a tool call. */
export async function auditCall(event: CallEvent, subject: Subject, env: Bindings): Promise<void> {
  const { tool, kind, type, requests, status, outcome, ms, level, chars } = event
  const tokens = Math.ceil(chars / CHARS_PER_TOKEN)
  const fields = { tool, kind, type, requests, status, outcome, ms, level, chars } satisfies All<CallEvent>
  write({ ...told({ event: 'tool_call', ...fields, tokens }), ...(await identify(subject, env)) }, env)
}

/** Logs an OAuth decision. */
export async function auditOAuth(event: OAuthEvent, subject: Subject, env: Bindings): Promise<void> {
  const { decision, level, reason, status } = event
  const fields = { decision, level, reason, status } satisfies All<OAuthEvent>
  write({ ...told({ event: 'oauth', ...fields }), ...(await identify(subject, env)) }, env)
}

/** All fields of an event, so that none can be forgotten. */
type All<Event> = { [Name in keyof Required<Event>]: Event[Name] | undefined }

/** The event without undefined fields. */
function told(line: { [Name in keyof Line]: Line[Name] | undefined } & Pick<Line, 'event'>): Line {
  return Object.fromEntries(Object.entries(line).filter(([, value]) => value !== undefined)) as unknown as Line
}

function write(line: Line, env: Bindings): void {
  console.log(JSON.stringify(line))
  const { event, tool, decision, kind, type, outcome, level, reason, client, who, tenant, requests, ...counts } = line
  const { ms, status, chars, tokens, ...rest } = counts
  rest satisfies Record<string, never>
  const texts = [event, tool ?? decision, kind, type, outcome, level, reason, client, who, tenant, requests]
  const numbers = [ms, status, chars, tokens]
  try {
    env.AUDIT?.writeDataPoint({
      indexes: [who ?? client ?? event],
      blobs: texts.map((text) => text ?? ''),
      doubles: numbers.map((number) => number ?? 0),
    })
  } catch {
    // If the dataset fails, the call still gets its answer.
    console.warn(JSON.stringify({ event: 'audit_failed' }))
  }
}

async function identify(subject: Subject, env: Bindings): Promise<Pick<Line, 'client' | 'who' | 'tenant'>> {
  const { userId, clientId } = subject
  const tenant = tenantLabel(subject, env)
  const { auditKey } = readSettings(env)
  const who = userId === undefined || auditKey === undefined ? undefined : await keyedHash(userId, auditKey)
  return {
    ...(clientId !== undefined && { client: clientLabel(clientId) }),
    ...(who !== undefined && { who }),
    ...(tenant !== undefined && { tenant }),
  }
}

/** The tenant's name, if there is such a tenant: a forged token may name anything. */
function tenantLabel({ userId, resource }: Subject, env: Bindings): string | undefined {
  const tenant = userId === undefined ? tenantAt(URL.parse(resource ?? '')?.pathname ?? '/') : tenantOf(userId)
  return findSettings(env, tenant) ? tenant : 'other'
}

/** A label for a client, made from its id (a metadata document's URL, or random): its name may be anything. */
function clientLabel(clientId: string): string {
  const url = clientId.startsWith('https://') ? URL.parse(clientId) : null
  return url?.hostname.slice(0, 80) ?? 'registered'
}

/** The first 128 bits of an HMAC-SHA-256: the same for the same person, meaningless without the key. */
async function keyedHash(text: string, secret: string): Promise<string> {
  const encoder = new TextEncoder()
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, ['sign'])
  const signature = await crypto.subtle.sign('HMAC', key, encoder.encode(text))
  return toBase64Url(new Uint8Array(signature, 0, 16))
}

const OPERATIONS: ReadonlySet<string> = new Set([
  '$graphql',
  ...ROUTES.flatMap(({ paths }) => paths.flatMap((path) => path.match(/\$[a-z-]+/g) ?? [])),
])

/**
 * A target without its id: `Patient/123` becomes `Patient`, `Bot/123/$execute` becomes `Bot/$execute`. Only known types and
 * operations: anything else in a path could be a name.
 */
export function typeOfTarget(target: string | undefined): string | undefined {
  if (target === undefined) return undefined
  const [first = '', ...rest] = target.split('?')[0]?.split('/') ?? []
  const operation = [first, ...rest].find((segment) => segment.startsWith('$'))
  const type = RESOURCE_TYPES.has(first) || ['*', 'metadata'].includes(first) ? first : undefined
  const words = [type, operation && (OPERATIONS.has(operation) ? operation : '$other')].filter(Boolean)
  return words.join('/') || 'other'
}
