// Several Medplum servers or projects behind one deployment (setting TENANTS). Each tenant has a path, a protected resource, a
// Medplum and people of its own. The deployment's own Medplum, at the root, is the tenant without a name.

import { isRecord } from '../base/json.ts'
import { type Bindings, parseSettings, readSettings, SettingError, type Settings } from './settings.ts'

/** What an entry of TENANTS may set, by the deployment's setting that it replaces. */
const FIELDS = {
  baseUrl: 'MEDPLUM_BASE_URL',
  clientId: 'MEDPLUM_CLIENT_ID',
  appUrl: 'MEDPLUM_APP_URL',
  maxAccess: 'MAX_ACCESS',
  confirm: 'CONFIRM',
} as const satisfies Record<string, keyof Bindings>

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/
const EXAMPLE = '{"acme": {"baseUrl": "https://api.medplum.com/", "clientId": "the id of a ClientApplication"}}'
const SECRETS_EXAMPLE = '{"acme": "the secret of its ClientApplication"}'
/** Separates a tenant's name from a Medplum user id: no accepted id or name contains it. */
const SEPARATOR = '~'

/** There is no tenant with this name, or it was removed. */
class UnknownTenantError extends Error {
  override readonly name = 'UnknownTenantError'
}

const parsed = new WeakMap<object, ReadonlyMap<string, Settings>>()

/**
 * The settings of each tenant, by its name; the deployment's own are not among them.
 *
 * @throws {SettingError} naming the entry that is malformed
 */
export function tenantsOf(env: Bindings): ReadonlyMap<string, Settings> {
  let tenants = parsed.get(env)
  if (!tenants) {
    tenants = parseTenants(env)
    parsed.set(env, tenants)
  }
  return tenants
}

/** The settings of a tenant, of the deployment itself without a name; undefined if there is no such tenant. */
export function findSettings(env: Bindings, tenant: string | undefined): Settings | undefined {
  return tenant === undefined ? readSettings(env) : tenantsOf(env).get(tenant)
}

/**
 * The settings for a path of this server.
 *
 * @throws {UnknownTenantError}
 */
export function settingsAt(env: Bindings, path: string): Settings {
  return demand(env, tenantAt(path))
}

/**
 * The settings for a person's requests.
 *
 * @throws {UnknownTenantError}
 */
export function settingsFor(env: Bindings, userId: string): Settings {
  return demand(env, tenantOf(userId))
}

/** Path of the home page for a path: the tenant's, if there is one. */
export function homeAt(env: Bindings, path: string): string {
  return findSettings(env, tenantAt(path))?.root || '/'
}

/** The name in a path such as `/t/acme/mcp`, whether or not there is such a tenant; undefined outside `/t/`. */
export function tenantAt(path: string): string | undefined {
  return /^\/t\/([^/]*)/.exec(path)?.[1]
}

/** The name in a user id, whether or not there is such a tenant. */
export function tenantOf(userId: string): string | undefined {
  const [name, id] = userId.split(SEPARATOR)
  return id === undefined ? undefined : name
}

/** This deployment's id of a Medplum User: two servers may give the same id to different people. */
export function userIdAt({ tenant }: Settings, medplumUserId: string): string {
  return tenant === undefined ? medplumUserId : `${tenant}${SEPARATOR}${medplumUserId}`
}

/** The title of a tenant's server. */
export function titleOf({ tenant }: Settings): string {
  return tenant === undefined ? 'Medplum' : `Medplum (${tenant})`
}

function demand(env: Bindings, tenant: string | undefined): Settings {
  const settings = findSettings(env, tenant)
  if (!settings) throw new UnknownTenantError('There is no such tenant')
  return settings
}

function parseTenants(env: Bindings): ReadonlyMap<string, Settings> {
  const entries = jsonObject('TENANTS', env.TENANTS, EXAMPLE)
  const secrets = jsonObject('TENANT_SECRETS', env.TENANT_SECRETS, SECRETS_EXAMPLE)
  const names = new Set(entries.map(([name]) => name))
  // By number: what was put in the wrong place may be a secret, and messages of settings are shown.
  const stray = secrets.findIndex(([name, secret]) => !names.has(name) || typeof secret !== 'string' || secret === '')
  if (stray >= 0) {
    const problem = `may contain only tenants of TENANTS, each with a text (entry ${stray + 1} is wrong)`
    throw new SettingError('TENANT_SECRETS', problem, SECRETS_EXAMPLE)
  }
  const secretOf = new Map(secrets)
  return new Map(entries.map(([name, entry]) => [name, parseTenant(env, name, entry, secretOf.get(name))]))
}

/** A tenant's settings: the deployment's, except those that the entry overrides and those of its Medplum. */
function parseTenant(env: Bindings, name: string, entry: unknown, secret: unknown): Settings {
  if (!NAME.test(name)) {
    const problem = `has the name ${JSON.stringify(name)}; a name has 1 to 32 characters (a-z, 0-9, -) and doesn't begin or end with -`
    throw new SettingError('TENANTS', problem, EXAMPLE)
  }
  if (!isRecord(entry)) throw new SettingError(`TENANTS: ${name}`, 'must be an object', EXAMPLE)
  const own = Object.entries(entry).map(([field, value]) => {
    if (!isField(field)) {
      const problem = `is not known; an entry may have ${Object.keys(FIELDS).join(', ')}`
      throw new SettingError(`TENANTS: ${name}.${field}`, problem, EXAMPLE)
    }
    if (typeof value !== 'string') throw new SettingError(`TENANTS: ${name}.${field}`, 'must be a text', EXAMPLE)
    return [FIELDS[field], value]
  })
  const none = { MEDPLUM_BASE_URL: '', MEDPLUM_CLIENT_ID: '', MEDPLUM_APP_URL: '', MEDPLUM_CLIENT_SECRET: '' }
  const bindings = {
    ...env,
    ...none,
    ...Object.fromEntries(own),
    ...(typeof secret === 'string' && { MEDPLUM_CLIENT_SECRET: secret }),
  }
  try {
    return parseSettings(bindings, name)
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    const field = Object.keys(FIELDS).find((one) => isField(one) && FIELDS[one] === error.setting)
    if (field === undefined) throw error
    throw new SettingError(`TENANTS: ${name}.${field}`, error.problem, error.example)
  }
}

function isField(name: string): name is keyof typeof FIELDS {
  return Object.hasOwn(FIELDS, name)
}

/** The entries of a setting that is a JSON object; none if it is empty. Messages never contain its content, which may be secret. */
function jsonObject(name: string, value: string | undefined, example: string): [string, unknown][] {
  if (!value?.trim()) return []
  let object: unknown
  try {
    object = JSON.parse(value)
  } catch {
    throw new SettingError(name, 'is not JSON', example)
  }
  if (!isRecord(object)) throw new SettingError(name, 'must be a JSON object', example)
  return Object.entries(object)
}
