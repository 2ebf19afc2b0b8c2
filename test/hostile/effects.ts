/** What a request does at Medplum, judged independently of `src` by what it openly asks for. Its risk must be at least that. */
import type { Level } from '../../src/access/access.ts'

export interface Received {
  method: string
  /** Below the FHIR base, with its query. */
  path: string
  /** As Medplum's parsers read it. */
  body: unknown
}

/** The level that a request needs at least, and whether a person has to be asked before it. */
interface Effect {
  needs: Level
  asked: boolean
}

const NOTHING: Effect = { needs: 'read', asked: false }
const ORDER: readonly Level[] = ['read', 'write', 'full', 'admin']

/** Types that govern access or run code. */
const GOVERNING =
  /^(AccessPolicy|Agent|Bot|ClientApplication|DomainConfiguration|Project|ProjectMembership|User|UserConfiguration|UserSecurityRequest|IdentityProvider|SmartAppLaunch|JsonWebKey|Login)$/
const ADMINISTERING = /(?:^|\/)\$(expunge|deploy|rotate-secret|init|db-[a-z-]+|reindex)$/i
const RUNNING = /(?:^|\/)\$(execute|push|submit|export|async)$/i

export function effectOf({ method, path, body }: Received): Effect {
  const [place = '', query = ''] = path.split(/\?(.*)/s)
  const [type = '', id] = place.split('/')
  if (place === '' && method === 'POST') return highest(entriesOf(body).map(effectOfEntry))
  if (/^\$graphql$/i.test(place)) return effectOfGraphql(body, query)
  if (ADMINISTERING.test(place)) return { needs: 'admin', asked: true }
  if (RUNNING.test(place)) return { needs: 'full', asked: false }
  if (place.includes('$')) return NOTHING
  if (method === 'DELETE') {
    if (/^job\//.test(place)) return { needs: 'full', asked: false }
    return GOVERNING.test(type) ? { needs: 'admin', asked: true } : { needs: 'full', asked: true }
  }
  const stores = method === 'PUT' || method === 'PATCH' || (method === 'POST' && id === undefined)
  if (!stores) return NOTHING
  return GOVERNING.test(type) ? { needs: 'admin', asked: true } : { needs: 'write', asked: false }
}

function effectOfEntry(entry: Record<string, unknown>): Effect {
  const request = entry.request as { method?: unknown; url?: unknown } | undefined
  if (typeof request?.method !== 'string' || typeof request.url !== 'string') return NOTHING
  const path = request.url.replace(/^https?:\/\/[^/]+/i, '').replace(/^\/?(fhir\/R4\/)?/i, '')
  return effectOf({ method: request.method.toUpperCase(), path, body: entry.resource })
}

function effectOfGraphql(body: unknown, query: string): Effect {
  const document = [
    new URLSearchParams(query).get('query') ?? '',
    typeof body === 'object' && body !== null && 'query' in body ? String(body.query) : '',
  ].join(' ')
  if (!/\bmutation\b/.test(document)) return NOTHING
  const [, governing] = /\b([A-Z][A-Za-z]+)(?:Create|Update|Patch|Delete)\b/.exec(document) ?? []
  if (governing !== undefined && GOVERNING.test(governing)) return { needs: 'admin', asked: true }
  return /[a-z]Delete\s*\(/.test(document) ? { needs: 'full', asked: true } : { needs: 'write', asked: false }
}

function entriesOf(body: unknown): Record<string, unknown>[] {
  const entry = typeof body === 'object' && body !== null && 'entry' in body ? body.entry : undefined
  return Array.isArray(entry) ? entry.filter((one) => typeof one === 'object' && one !== null) : []
}

function highest(effects: readonly Effect[]): Effect {
  return effects.reduce(
    (most, one) => ({
      needs: ORDER.indexOf(one.needs) > ORDER.indexOf(most.needs) ? one.needs : most.needs,
      asked: most.asked || one.asked,
    }),
    NOTHING,
  )
}
