// Hides what a transcript must not contain: signed storage addresses, which work for anyone, and secret fields. Applied to every JSON
// answer: a resource, a batch, a history, GraphQL, a line of an export.
import { isRecord } from '../base/json.ts'

export const HIDDEN = '(hidden)'
const HIDDEN_ADDRESS = '(signed address hidden)'

/** Whether this text is a placeholder for something hidden. */
export function isPlaceholder(text: string): boolean {
  return text.endsWith(HIDDEN) ? WITH_NAME.test(text) : text.includes(HIDDEN_ADDRESS)
}

/** The placeholder of a header keeps its name (RFC 9110, section 5.1). */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,100}(?=:)/
const WITH_NAME = /^(?:[\w!#$%&'*+.^`|~-]{1,100}: )?\(hidden\)$/

/** Fields that hold secrets wherever they occur, in GraphQL answers and projections too. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'clientSecret',
  'codeHash',
  'googleClientSecret',
  'mfaSecret',
  'passcodeHash',
  'passwordHash',
  'preAuthorizedCodeHash',
  'previousRefreshSecret',
  'recaptchaSecretKey',
  'refreshSecret',
  // A TestScript sends these headers.
  'requestHeader',
  'retiringSecret',
  'secret',
  'systemSecret',
  'userInfoApiKey',
])

/** Fields that hold secrets in resources of one type only, by resource type. */
export const SECRET_FIELDS_OF: Readonly<Record<string, ReadonlySet<string>>> = {
  Bot: new Set(['code']),
  Endpoint: new Set(['header']),
  JsonWebKey: new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']),
  Login: new Set(['code', 'cookie', 'codeChallenge', 'nonce']),
  SmartAppLaunch: new Set(['id']),
  // This address gives access to the records.
  SmartHealthLink: new Set(['url']),
  Subscription: new Set(['header']),
}
const NONE: ReadonlySet<string> = new Set()

/** Resource types whose text forms (CSV) can't be searched for secrets field by field. */
export const SECRET_TYPES: ReadonlySet<string> = new Set([
  ...Object.keys(SECRET_FIELDS_OF),
  'ClientApplication',
  'DomainConfiguration',
  'Parameters',
  'Project',
  'TestScript',
  'User',
  'UserSecurityRequest',
])

/** Whether a field of this name is a secret wherever it occurs. */
export function isSecretField(name: string): boolean {
  return SECRET_FIELDS.has(name)
}

/** The fields that are secrets in resources of this type only. */
export function secretFieldsOf(type: string): ReadonlySet<string> {
  return Object.hasOwn(SECRET_FIELDS_OF, type) ? (SECRET_FIELDS_OF[type] ?? NONE) : NONE
}

/** Elements in which a parameter holds its content: a value, a resource or parts. */
const HOLDS = /^(?:_?value[A-Z]\w*|resource|part)$/
const SUBSCRIPTION_SECRET = /subscription-secret$/

/**
 * The same value with secrets replaced by `"(hidden)"` and signed addresses by `Binary/{id}`. It keeps its shape: the same names
 * and lists, so that what is hidden can be put back where it was. What holds nothing to hide is returned unchanged, not copied.
 *
 * @param hidden more names to hide: in a GraphQL answer, the aliases of secret fields
 */
export function redact(value: unknown, hidden?: ReadonlySet<string>): unknown {
  if (typeof value === 'string') return withoutSignedUrls(value)
  if (Array.isArray(value)) return mapped(value, (item) => redact(item, hidden))
  if (!isRecord(value)) return value
  const type = typeof value.resourceType === 'string' ? value.resourceType : ''
  const own = secretFieldsOf(type)
  const hide = hidden ? hideAll : hideValues
  // A parameter is named by a value, such as that of `$rotate-secret`.
  const isSecret = typeof value.name === 'string' && SECRET_FIELDS.has(value.name)
  const shown = (name: string, item: unknown) => {
    if (isSecret && HOLDS.test(name)) return hide(item)
    if (SECRET_FIELDS.has(name) || own.has(name) || hidden?.has(name)) return hide(item)
    if (type === 'Subscription' && name === 'channel' && isRecord(item)) {
      return redact('header' in item ? { ...item, header: hideHeaders(item.header) } : item, hidden)
    }
    if (/^(?:modifierE|e)xtension$/.test(name) && Array.isArray(item))
      return mapped(item, (one) => redact(withoutSecret(one), hidden))
    return redact(item, hidden)
  }
  const names = Object.keys(value)
  const items = names.map((name) => value[name])
  const found = mapped(items, (item, at) => shown(names[at] ?? '', item))
  return found === items ? value : Object.fromEntries(names.map((name, at) => [name, found[at]]))
}

/** The list with each item replaced; the list itself if no item changes. */
function mapped(list: unknown[], replace: (item: unknown, at: number) => unknown): unknown[] {
  let copy: unknown[] | undefined
  for (const [at, item] of list.entries()) {
    const replaced = replace(item, at)
    if (replaced === item) continue
    copy ??= [...list]
    copy[at] = replaced
  }
  return copy ?? list
}

/** Replaces a value by the placeholder, so that the secret doesn't seem to be missing. */
function hideAll(value: unknown): unknown {
  return value === null || value === undefined ? value : HIDDEN
}

/** Hides the values, but not their names: `[{"name":"API_KEY","valueString":"(hidden)"}]`. */
function hideValues(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideValues)
  if (!isRecord(value)) return hideAll(value)
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) =>
      (name === 'name' || name === 'field') && typeof item === 'string' ? [name, item] : [name, hideValues(item)],
    ),
  )
}

function hideHeaders(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideHeaders)
  const name = typeof value === 'string' ? HEADER_NAME.exec(value)?.[0] : undefined
  return name === undefined ? hideValues(value) : `${name}: ${HIDDEN}`
}

function withoutSecret(extension: unknown): unknown {
  if (!isRecord(extension) || typeof extension.url !== 'string' || !SUBSCRIPTION_SECRET.test(extension.url)) {
    return extension
  }
  return Object.fromEntries(
    Object.entries(extension).map(([name, item]) => (name === 'url' ? [name, item] : [name, hideValues(item)])),
  )
}

const URL_IN_TEXT = /https?:\/\/[^\s"'<>]+/gi
/** The end of a stored file's address: the Binary's id and version. Anything signed differently is not a file of Medplum. */
const STORED = /\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/[0-9a-f-]{36}$/i
/** Signatures of AWS and Google (`Signature`, `X-Amz-Signature`, `X-Goog-Signature`) and Azure (`sig`), and tokens. */
const SIGNATURE = /\b(?:signature|sig|access_token|token)=/i

/** Replaces signed addresses in a text: those of stored files by `Binary/{id}`. */
export function withoutSignedUrls(text: string): string {
  if (!text.includes('=') || !SIGNATURE.test(text)) return text
  // In steps that take linear time: a single expression could take cubic time on a hostile text.
  return text.replace(URL_IN_TEXT, (address) => {
    const query = address.indexOf('?')
    if (query < 0 || !SIGNATURE.test(address.slice(query))) return address
    const id = STORED.exec(address.slice(0, query))?.[1]
    return id ? `Binary/${id}` : HIDDEN_ADDRESS
  })
}
