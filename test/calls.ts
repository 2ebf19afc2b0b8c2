// What many tests send: the arguments of a call, and bundles.

type None = Record<never, never>

const reading =
  <Method extends string>(method: Method) =>
  <More extends object = None>(path: string, more?: More) =>
    ({ method, path, ...more }) as { method: Method; path: string } & More

const sending =
  <Method extends string>(method: Method) =>
  <Body = undefined, More extends object = None>(path: string, body?: Body, more?: More) =>
    ({ method, path, ...(body !== undefined && { body }), ...more }) as { method: Method; path: string } & More &
      (Body extends undefined ? None : { body: Body })

/** Arguments of `fhir-request`. */
export const GET = reading('GET')
export const DELETE = reading('DELETE')
export const POST = sending('POST')
export const PUT = sending('PUT')
export const PATCH = sending('PATCH')

export function bundleOf<Type extends string, Entry>(type: Type, entry: Entry[]) {
  return { resourceType: 'Bundle' as const, type, entry }
}

/** An entry of a batch or transaction. */
export function entryFor(method: string, url: string, resource?: unknown) {
  return { request: { method, url }, ...(resource !== undefined && { resource }) }
}
