/**
 * Links to files in resources. A stored attachment has `Binary/{id}`; an answer has a signed link instead. If a write contains such a
 * link, it is stored as `Binary/{id}` again.
 */
import type { WithId } from '@medplum/core'
import type { Binary } from '@medplum/fhirtypes'
import type { SandboxContext } from '../core/context.ts'
import { signedUrl } from './storage.ts'

/** @param binary finds a Binary that the caller may read; any other keeps its `Binary/…` URL */
export function withSignedUrls<T>(
  context: SandboxContext,
  value: T,
  binary: (id: string) => WithId<Binary> | undefined,
): T {
  return rewrite(value, (url) => {
    const found = url.startsWith('Binary/') ? binary(url.slice('Binary/'.length)) : undefined
    return found ? signedUrl(context, found) : url
  })
}

/** As in Medplum, the rest of the URL after the id is dropped. */
export function withBinaryUrls<T>(context: SandboxContext, value: T): T {
  const places = [`${context.baseUrl}storage/`, `${context.baseUrl}fhir/R4/Binary/`, 'Binary/']
  return rewrite(value, (url) => {
    const place = places.find((one) => url.startsWith(one))
    return place ? `Binary/${url.slice(place.length).split('/')[0]}` : url
  })
}

function rewrite<T>(value: T, change: (url: string) => string): T {
  if (Array.isArray(value)) {
    return value.map((one) => rewrite(one, change)) as T
  }
  if (typeof value !== 'object' || value === null) {
    return value
  }
  const copy: Record<string, unknown> = {}
  for (const [name, child] of Object.entries(value))
    copy[name] = name === 'url' && typeof child === 'string' ? change(child) : rewrite(child, change)
  return copy as T
}
