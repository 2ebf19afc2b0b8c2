/** Binary content: a read gives the bytes themselves, unless FHIR JSON is asked for, which then has no content at all. */
import type { Binary, Resource } from '@medplum/fhirtypes'

/** @returns the answer's bytes and their type, or undefined if the resource is to be sent as JSON */
export function bytesOf(
  request: Request,
  resource: Resource,
): { bytes: Buffer<ArrayBuffer>; type: string } | undefined {
  const wantsJson = request.headers.get('accept')?.startsWith('application/fhir+json')
  if (request.method !== 'GET' || resource.resourceType !== 'Binary' || wantsJson) {
    return undefined
  }
  const { contentType: type, data = '' } = resource
  const text = /^text\/|[/+]json$/.test(type)
  return { bytes: Buffer.from(data, 'base64'), type: text ? `${type}; charset=utf-8` : type }
}

export function withoutContent(resource: Resource): Resource {
  if (resource.resourceType !== 'Binary') {
    return resource
  }
  const { data: _, ...metadata }: Binary = resource
  return metadata
}
