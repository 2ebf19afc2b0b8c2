/**
 * Links to files inside of resources. Stored, an attachment says `Binary/{id}`; an answer has a signed link instead,
 * and a link that comes back in a write is turned into `Binary/{id}` again.
 */
import type { WithId } from '@medplum/core'
import type { Binary } from '@medplum/fhirtypes'
import type { Ground } from '../ground/ground.ts'
import { signedUrl } from './storage.ts'

/** @param binary finds a file that the caller may read; others keep their `Binary/…` URL */
export function withSignedUrls<T>(ground: Ground, value: T, binary: (id: string) => WithId<Binary> | undefined): T {
  return rewrite(value, (url) => {
    const found = url.startsWith('Binary/') ? binary(url.slice('Binary/'.length)) : undefined
    return found ? signedUrl(ground, found) : url
  })
}

/** As in Medplum, only what is in the place of the id is kept. */
export function withBinaryUrls<T>(ground: Ground, value: T): T {
  const places = [`${ground.baseUrl}storage/`, `${ground.baseUrl}fhir/R4/Binary/`, 'Binary/']
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
