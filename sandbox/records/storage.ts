/** Signed links to files, as in Medplum's storage: anyone with a link can read the file for an hour, without a token. */
import { hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import type { WithId } from '@medplum/core'
import type { Binary } from '@medplum/fhirtypes'
import { plainPage } from '../core/answers.ts'
import type { SandboxContext } from '../core/context.ts'

const LIFETIME_S = 3600
/** In bytes: the length of an RSA-2048 signature, so that links are as long as Medplum's. */
const SIGNATURE_LENGTH = 256
const KEY = randomBytes(32)

export function signedUrl(context: SandboxContext, binary: WithId<Binary>): string {
  const url = new URL(`storage/${binary.id}/${binary.meta?.versionId}`, context.baseUrl)
  url.searchParams.set('Expires', String(Math.floor(context.now() / 1000) + LIFETIME_S))
  url.searchParams.set('Signature', signature(url).toString('base64'))
  return url.href
}

/** GET /storage/{id}/{version} */
export function storedFile(context: SandboxContext, url: URL): Response {
  const given = url.searchParams.get('Signature')
  if (!given) {
    return new Response('Unauthorized', { status: 401, headers: { 'content-type': 'text/plain; charset=utf-8' } })
  }
  const expires = Number(url.searchParams.get('Expires'))
  if (!expires || Math.floor(context.now() / 1000) > expires) {
    return plainPage('URL has expired', 410)
  }
  const unsigned = new URL(url.pathname + url.search, context.baseUrl)
  unsigned.searchParams.delete('Signature')
  const bytes = Buffer.from(given, 'base64')
  if (bytes.length !== SIGNATURE_LENGTH || !timingSafeEqual(bytes, signature(unsigned))) {
    return plainPage('Invalid signature', 401)
  }
  const [, , id] = url.pathname.split('/')
  const binary = context.store.get<Binary>(`Binary/${id}`)
  return binary ? fileOf(binary) : plainPage('Not Found', 404)
}

/** @returns a response with the file's bytes and content type */
export function fileOf({ contentType: type, data = '' }: Binary, headers: Record<string, string> = {}): Response {
  const text = /^text\/[^;]+$|[/+]json$/.test(type)
  const contentType = text ? `${type}; charset=utf-8` : type
  return new Response(Buffer.from(data, 'base64'), { headers: { ...headers, 'content-type': contentType } })
}

function signature(url: URL): Buffer {
  return Buffer.from(hkdfSync('sha256', KEY, '', url.pathname + url.search, SIGNATURE_LENGTH))
}
