// What an answer may hold and a transcript must not: signed storage addresses, which work for anybody, and fields that hold
// secrets. Applied to every JSON answer, whatever it is of: a resource, a batch, a history, GraphQL, an export's line.
import { isRecord } from '../base/json.ts'

export const HIDDEN = '(hidden)'

/** Fields that hold secrets wherever they stand, in GraphQL answers and projections too. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'clientSecret',
  'retiringSecret',
  'secret',
  'systemSecret',
  'passwordHash',
  'mfaSecret',
  'refreshSecret',
])

/** Fields that hold secrets in resources of one type only, by resource type. */
const SECRET_FIELDS_OF: Record<string, ReadonlySet<string>> = {
  Bot: new Set(['code']),
  JsonWebKey: new Set(['d', 'p', 'q', 'dp', 'dq', 'qi']),
  Login: new Set(['code', 'cookie', 'codeChallenge']),
  SmartAppLaunch: new Set(['id']),
  Subscription: new Set(['header']),
}
const NONE: ReadonlySet<string> = new Set()

/** Resource types whose text forms (CSV) can't be searched for secrets field by field. */
export const SECRET_TYPES: ReadonlySet<string> = new Set([
  ...Object.keys(SECRET_FIELDS_OF),
  'ClientApplication',
  'DomainConfiguration',
  'IdentityProvider',
  'Project',
  'User',
])

/** Whether a field of this name is a secret wherever it stands. */
export function isSecretField(name: string): boolean {
  return SECRET_FIELDS.has(name)
}

/** The fields that are secrets in resources of this type only. */
export function secretFieldsOf(type: string): ReadonlySet<string> {
  return Object.hasOwn(SECRET_FIELDS_OF, type) ? (SECRET_FIELDS_OF[type] ?? NONE) : NONE
}

const SUBSCRIPTION_SECRET = /subscription-secret$/

/**
 * The same value with secrets replaced by `"(hidden)"` and signed addresses by `Binary/{id}`.
 *
 * @param hidden further property names to hide, such as the aliases that a GraphQL document gives to secret fields
 */
export function redact(value: unknown, hidden?: ReadonlySet<string>): unknown {
  if (typeof value === 'string') return withoutSignedUrls(value)
  if (Array.isArray(value)) return value.map((item) => redact(item, hidden))
  if (!isRecord(value)) return value
  const type = typeof value.resourceType === 'string' ? value.resourceType : ''
  const own = secretFieldsOf(type)
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      if (SECRET_FIELDS.has(name) || own.has(name) || hidden?.has(name)) return [name, hide(item)]
      if (type === 'Subscription' && name === 'channel' && isRecord(item)) {
        return [name, redact('header' in item ? { ...item, header: hide(item.header) } : item, hidden)]
      }
      if (name === 'extension' && Array.isArray(item))
        return [name, item.map((one) => redact(withoutSecret(one), hidden))]
      return [name, redact(item, hidden)]
    }),
  )
}

/** A secret's place stays visible, so that nobody takes it for missing. */
function hide(value: unknown): unknown {
  return value === null || value === undefined ? value : HIDDEN
}

function withoutSecret(extension: unknown): unknown {
  if (!isRecord(extension) || typeof extension.url !== 'string' || !SUBSCRIPTION_SECRET.test(extension.url))
    return extension
  return { url: extension.url, valueString: HIDDEN }
}

const URL_IN_TEXT = /https?:\/\/[^\s"'<>]+/gi
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i
const SIGNATURE = /\bSignature=/i

/** Replaces signed addresses in a text: the first id in an address's path is that of the Binary. */
export function withoutSignedUrls(text: string): string {
  if (!/signature=/i.test(text)) return text
  // Step by step, each in linear time: one expression for it all would take cubic time on a text made for that.
  return text.replace(URL_IN_TEXT, (address) => {
    const query = address.indexOf('?')
    if (query < 0 || !SIGNATURE.test(address.slice(query))) return address
    const id = UUID.exec(address.slice(0, query))?.[0]
    return id ? `Binary/${id}` : '(signed address hidden)'
  })
}
