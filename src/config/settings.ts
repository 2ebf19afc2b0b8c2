// The settings of a deployment, parsed once, so that the server refuses to start and names a missing or malformed one.
import { LEVELS, type Level } from '../access/access.ts'
import { isLoopback } from '../base/loopback.ts'

/** Bindings and settings as the Worker receives them: those of `wrangler.toml`, and what it can't name: secrets, optional bindings. */
export interface Bindings extends Env {
  MEDPLUM_CLIENT_SECRET?: string
  TENANT_SECRETS?: string
  AUDIT_KEY?: string
  /** Bound only where `wrangler.toml` says so. */
  AUDIT?: AnalyticsEngineDataset
  /** Creates isolates for programs; bound on paid plans only. */
  LOADER?: WorkerLoader
}

/** What one deployment is configured to be, or a tenant of it (`tenants.ts`). */
export interface Settings {
  /** Name of the tenant; undefined for the deployment's own. */
  readonly tenant: string | undefined
  /** The prefix of its own paths: `/t/{tenant}`, or nothing. */
  readonly root: string
  /** Origin of this server, also the OAuth issuer; no trailing slash. */
  readonly publicUrl: URL
  /** The protected resource (RFC 8707) and audience of every token. */
  readonly resource: string
  /** Origins that a browser may call the MCP endpoint from. */
  readonly allowedOrigins: ReadonlySet<string> | 'any'
  readonly medplum: {
    /** Root of the Medplum server, with a trailing slash. */
    readonly baseUrl: URL
    /** The FHIR base, `{baseUrl}fhir/R4/`. */
    readonly fhirBase: URL
    /** Root of the Medplum App that shows this server's records, with a trailing slash; undefined if unknown. */
    readonly appUrl: URL | undefined
    readonly clientId: string
    readonly clientSecret: string | undefined
  }
  /** Whether clients may name themselves by the address of a metadata document, which this server must then be able to read. */
  readonly clientDocuments: boolean
  readonly sessionIdleMs: number
  readonly upstreamTimeoutMs: number
  /** Maximum characters of an answer, unless a call sets its own. */
  readonly answerChars: number
  /** Which tools are offered: one for everything, or separate ones for reads, writes, deletions and operations. */
  readonly tools: 'default' | 'directory'
  /** The highest access level that a person may grant. */
  readonly maxAccess: Level
  /** What a write creates in addition to the record: the label of AI work, a Provenance, an AuditEvent. */
  readonly marks: { readonly label: boolean; readonly provenance: boolean; readonly auditEvent: boolean }
  /** Key of the hash that tells people apart in audit events; undefined if they aren't told apart. */
  readonly auditKey: string | undefined
  /** What the person must confirm: deletions and administration, every change, or nothing. */
  readonly confirm: 'delete' | 'write' | 'never'
  /** Sign-ins from before this moment have ended, milliseconds since the epoch; 0 if there are none. */
  readonly revokedBefore: number
}

/** A setting that is missing or malformed: the message names it and shows a valid one. */
export class SettingError extends Error {
  readonly setting: string
  readonly problem: string
  readonly example: string
  constructor(setting: string, problem: string, example: string) {
    super(
      `Setting ${setting} ${problem}. Set it to a value such as ${example} (wrangler.toml [vars], .dev.vars or --var).`,
    )
    this.name = 'SettingError'
    this.setting = setting
    this.problem = problem
    this.example = example
  }
}

const parsed = new WeakMap<object, Settings>()

/**
 * The settings behind these bindings: the deployment's own, not those of its tenants.
 *
 * @throws {SettingError} naming the first setting that is missing or malformed
 */
export function readSettings(env: Bindings): Settings {
  let settings = parsed.get(env)
  if (!settings) {
    settings = parseSettings(env)
    parsed.set(env, settings)
  }
  demandPast(settings)
  return settings
}

/** The settings that these values make, for a tenant of this name. */
export function parseSettings(env: Bindings, tenant?: string): Settings {
  const publicUrl = httpUrl('PUBLIC_URL', env.PUBLIC_URL, 'https://mcp.example.com')
  if (publicUrl.pathname !== '/' || publicUrl.search || publicUrl.hash) {
    throw new SettingError('PUBLIC_URL', 'must be an origin, without a path', 'https://mcp.example.com')
  }
  const baseUrl = rootUrl('MEDPLUM_BASE_URL', env.MEDPLUM_BASE_URL, `${HOSTED_ORIGIN}/`)
  const clientId = env.MEDPLUM_CLIENT_ID?.trim()
  if (!clientId) {
    throw new SettingError('MEDPLUM_CLIENT_ID', 'is missing', 'the id of a ClientApplication in your Medplum project')
  }
  const root = tenant === undefined ? '' : `/t/${tenant}`
  return {
    tenant,
    root,
    publicUrl,
    resource: `${publicUrl.origin}${root}/mcp`,
    allowedOrigins: allowedOrigins(env.ALLOWED_ORIGINS, publicUrl),
    medplum: {
      baseUrl,
      fhirBase: new URL('fhir/R4/', baseUrl),
      appUrl: appUrl(env.MEDPLUM_APP_URL, baseUrl),
      clientId,
      clientSecret: env.MEDPLUM_CLIENT_SECRET || undefined,
    },
    // A local server often can't reach the internet, and clients would prefer documents to registering.
    clientDocuments: onOff('CLIENT_DOCUMENTS', env.CLIENT_DOCUMENTS, isLoopback(publicUrl.hostname) ? 'off' : 'on'),
    sessionIdleMs: positive('SESSION_IDLE_HOURS', env.SESSION_IDLE_HOURS, 24) * 3_600_000,
    upstreamTimeoutMs: positive('UPSTREAM_TIMEOUT_SECONDS', env.UPSTREAM_TIMEOUT_SECONDS, 55) * 1000,
    answerChars: answerChars(env.ANSWER_CHARS),
    tools: oneOf('TOOLS', env.TOOLS, ['default', 'directory']),
    maxAccess: oneOf('MAX_ACCESS', env.MAX_ACCESS, LEVELS, 'full'),
    marks: {
      label: onOff('AI_TAG', env.AI_TAG, 'on'),
      provenance: onOff('AI_PROVENANCE', env.AI_PROVENANCE, 'off'),
      auditEvent: onOff('FHIR_AUDIT', env.FHIR_AUDIT, 'off'),
    },
    auditKey: auditKey(env.AUDIT_KEY),
    confirm: oneOf('CONFIRM', env.CONFIRM, ['delete', 'write', 'never']),
    revokedBefore: moment('REVOKED_BEFORE', env.REVOKED_BEFORE),
  }
}

const HOSTED_ORIGIN = 'https://api.medplum.com'
const HOSTED_APP = 'https://app.medplum.com/'

/** Where to view the records. Each self-hosted Medplum has its own App, and a link to another would mislead. */
function appUrl(value: string | undefined, baseUrl: URL): URL | undefined {
  if (value?.trim()) return rootUrl('MEDPLUM_APP_URL', value, HOSTED_APP)
  return baseUrl.origin === HOSTED_ORIGIN ? new URL(HOSTED_APP) : undefined
}

/** A URL that others are resolved against: it ends in a slash. */
function rootUrl(name: string, value: string | undefined, example: string): URL {
  const url = httpUrl(name, value, example)
  if (url.search || url.hash) throw new SettingError(name, 'must not have a query or fragment', example)
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

/** An https URL, or an http one on this machine (RFC 8252 section 8.3 loopback rule). */
function httpUrl(name: string, value: string | undefined, example: string): URL {
  if (!value?.trim()) throw new SettingError(name, 'is missing', example)
  let url: URL
  try {
    url = new URL(value.trim())
  } catch {
    throw new SettingError(name, 'is not a URL', example)
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw new SettingError(name, 'must be https (http only on localhost)', example)
  }
  if (url.username || url.password) throw new SettingError(name, 'must not contain a user name or password', example)
  return url
}

/** All if none are named, except on loopback. */
function allowedOrigins(value: string | undefined, publicUrl: URL): ReadonlySet<string> | 'any' {
  const named = (value ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item) => {
      const url = httpUrl('ALLOWED_ORIGINS', item, 'https://app.example.com,https://inspector.example.com')
      return url.origin
    })
  return named.length === 0 && publicUrl.protocol === 'https:' ? 'any' : new Set([publicUrl.origin, ...named])
}

/** The same limits as in a call: hosts cut or drop answers over 100,000 characters. */
function answerChars(value: string | undefined): number {
  const number = positive('ANSWER_CHARS', value, 60_000)
  if (!Number.isInteger(number) || number < 2_000 || number > 100_000)
    throw new SettingError('ANSWER_CHARS', 'must be a whole number from 2000 to 100000', '60000')
  return number
}

/** One of a few words; by default the first. */
function oneOf<const Word extends string>(
  name: string,
  value: string | undefined,
  words: readonly [Word, ...Word[]],
  fallback = words[0],
): Word {
  const word = value?.trim() || fallback
  const found = words.find((one) => one === word)
  if (found !== undefined) return found
  throw new SettingError(name, `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`, fallback)
}

/** A short key could be guessed, and with it every hash. */
const MIN_KEY = 32

function auditKey(value: string | undefined): string | undefined {
  const key = value?.trim()
  if (!key) return undefined
  if (key.length >= MIN_KEY) return key
  throw new SettingError(
    'AUDIT_KEY',
    `must have at least ${MIN_KEY} characters`,
    'the output of openssl rand -base64 32',
  )
}

/** Clocks differ; but a later moment is a mistake that would lock everybody out until then. */
const MAX_AHEAD_MS = 300_000
const MOMENT = '2026-11-26T12:00:00Z'

/** A moment, in milliseconds since the epoch; 0 if none is set. */
function moment(name: string, value: string | undefined): number {
  const text = value?.trim()
  if (!text) return 0
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw new SettingError(name, 'must be a date and time with its zone', MOMENT)
  return time
}

/** Checked each time: while a Worker starts, its clock is at 0. */
function demandPast({ revokedBefore }: Settings): void {
  const now = Date.now()
  if (now > 0 && revokedBefore > now + MAX_AHEAD_MS) {
    throw new SettingError('REVOKED_BEFORE', 'must not be in the future', MOMENT)
  }
}

function onOff(name: string, value: string | undefined, fallback: 'on' | 'off'): boolean {
  return oneOf(name, value, ['on', 'off'], fallback) === 'on'
}

function positive(name: string, value: string | undefined, fallback: number): number {
  if (!value?.trim()) return fallback
  const number = Number(value)
  if (!Number.isFinite(number) || number <= 0)
    throw new SettingError(name, 'must be a positive number', String(fallback))
  return number
}
