// The addresses under which a tenant's MCP endpoint can be entered in a client. Clients compare the resource in the metadata with the
// entered address, so each address is a resource with its own metadata. Tokens name only one of them, whichever address was entered.
import type { Bindings, Settings } from '../config/settings.ts'
import { readSettings } from '../config/settings.ts'
import { tenantsOf } from '../config/tenants.ts'

const ENDINGS = ['', '/', '/stream', '/stream/', '/sse', '/sse/']

/** All addresses of a tenant's endpoint; the first is the one that tokens name. */
export function addressesOf({ resource }: Settings): string[] {
  return ENDINGS.map((ending) => resource + ending)
}

const known = new WeakMap<object, ReadonlyMap<string, string>>()

/** The resource that tokens name for this address; an address of another deployment is returned unchanged, to be refused later. */
function canonicalResource(env: Bindings, given: string): string {
  let resources = known.get(env)
  if (!resources) {
    const all = [readSettings(env), ...tenantsOf(env).values()]
    resources = new Map(all.flatMap((settings) => addressesOf(settings).map((address) => [address, settings.resource])))
    known.set(env, resources)
  }
  const [address = '', ...query] = given.split('?')
  // Scheme and host are case-insensitive (RFC 3986 section 6.2.2.1).
  const resource = resources.get(address.replace(/^[a-z]+:\/\/[^/]*/i, (start) => start.toLowerCase()))
  return resource === undefined ? given : [resource, ...query].join('?')
}

/** Makes these parameters name the resource that tokens name; true if that changed any. */
export function canonicalize(env: Bindings, parameters: URLSearchParams): boolean {
  const given = parameters.getAll('resource')
  const resources = given.map((one) => canonicalResource(env, one))
  if (resources.every((one, index) => one === given[index])) return false
  parameters.delete('resource')
  for (const one of resources) parameters.append('resource', one)
  return true
}
