// Encryption of Durable Object storage, under keys that are kept elsewhere (in a grant's encrypted props).

const IV_BYTES = 12

/** A new random 256-bit key, as base64url text. */
export function newKey(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(32)))
}

/**
 * Encrypts a JSON value with AES-256-GCM (NIST SP 800-38D).
 *
 * @param key base64url of 32 bytes, as from {@link newKey}
 * @param purpose bound to the result as additional data and mixed into the key: the value opens for this purpose only
 * @returns a fresh 96-bit IV followed by the ciphertext
 */
export async function seal(key: string, purpose: string, value: unknown): Promise<Uint8Array<ArrayBuffer>> {
  return sealUnder(await keyFor(key, purpose), purpose, value)
}

/**
 * Opens what {@link seal} made.
 *
 * @throws when the key or purpose differs or a byte was changed
 */
export async function open<T>(key: string, purpose: string, sealed: Uint8Array | ArrayBuffer): Promise<T> {
  return openUnder(await keyFor(key, purpose), purpose, sealed)
}

/** Like {@link seal}, under a key of {@link keyFor}, to seal much under one key; `context` is bound as additional data. */
export async function sealUnder(key: CryptoKey, context: string, value: unknown): Promise<Uint8Array<ArrayBuffer>> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const plain = new TextEncoder().encode(JSON.stringify(value))
  const additionalData = new TextEncoder().encode(context)
  const cipher = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, plain)
  const sealed = new Uint8Array(IV_BYTES + cipher.byteLength)
  sealed.set(iv)
  sealed.set(new Uint8Array(cipher), IV_BYTES)
  return sealed
}

/**
 * Opens what {@link sealUnder} made.
 *
 * @throws when the key or context differs or a byte was changed
 */
export async function openUnder<T>(key: CryptoKey, context: string, sealed: Uint8Array | ArrayBuffer): Promise<T> {
  const bytes = new Uint8Array(sealed)
  const additionalData = new TextEncoder().encode(context)
  const plain = await crypto.subtle.decrypt(
    { name: 'AES-GCM', iv: bytes.slice(0, IV_BYTES), additionalData },
    key,
    bytes.slice(IV_BYTES),
  )
  return JSON.parse(new TextDecoder().decode(plain)) as T
}

/** One AES key per purpose, derived by HKDF-SHA-256 (RFC 5869), so that no key serves two storages. */
export async function keyFor(key: string, purpose: string): Promise<CryptoKey> {
  const master = await crypto.subtle.importKey('raw', fromBase64Url(key), 'HKDF', false, ['deriveKey'])
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: new TextEncoder().encode(purpose) },
    master,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}

/** SHA-256 of bytes or of a text, base64url. */
export async function sha256(data: string | Uint8Array): Promise<string> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

/** Bytes as base64url without padding (RFC 4648 section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** Bytes of base64url text. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
}
