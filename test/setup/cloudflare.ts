// Cloudflare's API as far as a deployment of this project uses it, on the loopback interface: see README.md.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export const ACCOUNT = { id: '0123456789abcdef0123456789abcdef', name: 'Clinic' }
export const TOKEN = 'cloudflare-token-of-the-test'

interface Script {
  bindings: { type: string; name: string; [field: string]: unknown }[]
  secrets: Set<string>
}

/** What the account holds. */
interface World {
  token: string
  /** Whether the token lacks every Edit permission. */
  readOnly: boolean
  subdomain: string | undefined
  durableObjects: boolean
  namespaces: Map<string, string>
  scripts: Map<string, Script>
}

interface Refusal {
  status: number
  code: number
  message: string
}

type Outcome = { result: unknown } | Refusal

const MISSING: Refusal = { status: 404, code: 10007, message: 'This Worker does not exist on your account.' }

export async function startCloudflare() {
  const world: World = {
    token: TOKEN,
    readOnly: false,
    subdomain: 'clinic',
    durableObjects: true,
    namespaces: new Map(),
    scripts: new Map(),
  }
  /** Every request that isn't a read, and those that aren't known. */
  const changes: string[] = []
  const unknown: string[] = []
  const bodies: string[] = []

  const server = createServer(async (request, response) => {
    const method = request.method ?? 'GET'
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const bytes = Buffer.concat(chunks)
    const known = request.headers.authorization === `Bearer ${world.token}`
    const may = known && (method === 'GET' || !world.readOnly)
    if (may && method !== 'GET') changes.push(`${method} ${path}`)
    const form = request.headers['content-type']?.startsWith('multipart/form-data')
    if (!form) bodies.push(bytes.toString())
    const json = form
      ? await metadataOf(bytes, request.headers['content-type'] ?? '')
      : bytes.length > 0 && request.headers['content-type']?.includes('json')
        ? JSON.parse(bytes.toString())
        : {}
    const outcome: Outcome = may
      ? answer(method, path.replace(`/accounts/${ACCOUNT.id}`, ''), json)
      : { status: known ? 403 : 401, code: 10000, message: 'Authentication error' }
    const refused = 'status' in outcome
    response.writeHead(refused ? outcome.status : 200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        success: !refused,
        result: refused ? null : outcome.result,
        errors: refused ? [{ code: outcome.code, message: outcome.message }] : [],
        messages: [],
        result_info: { page: 1, per_page: 100, count: 1, total_count: 1 },
      }),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  function answer(method: string, path: string, body: Record<string, unknown>): Outcome {
    const read = method === 'GET'
    if (read && path === '/accounts') return { result: [ACCOUNT] }
    if (read && path === '/memberships') return { result: [{ id: 'm', account: ACCOUNT }] }
    if (path === '/workers/durable_objects/namespaces')
      return world.durableObjects
        ? { result: [] }
        : { status: 403, code: 10097, message: 'Durable Objects are not enabled on this account.' }
    if (path === '/workers/subdomain')
      return world.subdomain
        ? { result: { subdomain: world.subdomain } }
        : { status: 404, code: 10007, message: 'This account has no workers.dev subdomain.' }
    if (/^\/workers\/workers\/[^/]+$/.test(path))
      return { result: { name: path.split('/').at(-1), subdomain: { enabled: true, previews_enabled: false } } }
    if (path === '/storage/kv/namespaces') return namespaces(read, body)
    const [, kind, name = '', rest] = /^\/workers\/(scripts|services)\/([^/]+)(?:\/(.+))?$/.exec(path) ?? []
    if (kind !== undefined) return script(method, name, kind === 'services' ? 'service' : rest, body)
    unknown.push(`${method} ${path}`)
    return MISSING
  }

  function namespaces(read: boolean, body: Record<string, unknown>): Outcome {
    if (read) return { result: [...world.namespaces].map(([title, id]) => ({ id, title })) }
    const id = String(world.namespaces.size + 1).padStart(32, 'a')
    world.namespaces.set(String(body.title), id)
    return { result: { id, title: body.title } }
  }

  function script(method: string, name: string, part: string | undefined, body: Record<string, unknown>): Outcome {
    const there = world.scripts.get(name)
    if (method === 'PUT' && part === undefined) {
      world.scripts.set(name, { bindings: body.bindings as Script['bindings'], secrets: there?.secrets ?? new Set() })
      return {
        result: {
          id: name,
          etag: 'e',
          pipeline_hash: 'p',
          deployment_id: 'd',
          startup_time_ms: 9,
          entry_point: 'index.js',
        },
      }
    }
    // An account that already has every asset: there is nothing to upload.
    if (part === 'assets-upload-session') return { result: { jwt: 'assets', buckets: [] } }
    if (!there) return MISSING
    if (part === 'secrets' && method === 'PUT') {
      there.secrets.add(String(body.name))
      return { result: { name: body.name, type: 'secret_text' } }
    }
    const [first] = (part ?? '').split('/')
    switch (first) {
      case 'secrets':
        return { result: [...there.secrets].map((one) => ({ name: one, type: 'secret_text' })) }
      case 'script-settings':
        return { result: { observability: { enabled: true } } }
      case 'settings':
        return { result: { bindings: there.bindings, migration_tag: 'v1' } }
      case 'service':
        return {
          result: {
            id: name,
            default_environment: {
              environment: 'production',
              script: { id: name, tag: 't', migration_tag: 'v1', last_deployed_from: 'wrangler' },
            },
          },
        }
      case 'deployments':
        return {
          result: {
            deployments: [
              {
                id: 'd',
                source: 'wrangler',
                strategy: 'percentage',
                author_email: '',
                created_on: '2026-01-01T00:00:00Z',
                versions: [{ version_id: 'v', percentage: 100 }],
              },
            ],
          },
        }
      case 'versions':
        return {
          result: { id: 'v', resources: { bindings: there.bindings, script: {}, script_runtime: {} }, metadata: {} },
        }
      case 'subdomain':
        return { result: { enabled: true, previews_enabled: true } }
      case 'schedules':
        return { result: { schedules: [] } }
      default:
        unknown.push(`${method} ${name}/${part ?? ''}`)
        return MISSING
    }
  }

  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    world,
    changes,
    unknown,
    bodies,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function metadataOf(body: Buffer<ArrayBuffer>, contentType: string): Promise<Record<string, unknown>> {
  const form = await new Response(body, { headers: { 'content-type': contentType } }).formData()
  const metadata = form.get('metadata')
  return JSON.parse(metadata instanceof File ? await metadata.text() : String(metadata))
}
