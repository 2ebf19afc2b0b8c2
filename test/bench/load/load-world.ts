// The processes of test/bench/load/load.ts: upstreams, the product in workerd, a Worker that only forwards, and the reference server in Node.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, SignIn } from '../../../programs/clients.ts'
import { freePort } from '../../../programs/worker.ts'
import { SANDBOX_USERS } from '../../../sandbox/core/people.ts'
import { SANDBOX_CLIENT_ID } from '../../../sandbox/world.ts'
import { tokenFor } from '../../sandbox/client.ts'
import { bundle, cpuOf, firstAnswer, serve, type Workerd } from '../workerd.ts'
import { ask } from './load-clients.ts'

export interface LoadWorld {
  fixedUrl: string
  sandboxUrl: string
  /** The product. */
  ours: Workerd
  /** The same, counting what is billed. */
  counting: Workerd
  forward: Workerd
  reference: { url: string; cpu(): Promise<number> }
  /** Bearers: of the product, of its counting twin, and of Medplum itself. */
  tokens: { ours: string; counting: string; medplum: string }
  close(): Promise<void>
}

/** The fixed upstream's answer; the sandbox has a Patient of the same name. */
export const FAMILY = 'Lindenbaum'
const PATIENT = {
  resourceType: 'Patient',
  id: 'bench-fixed',
  meta: { versionId: '1', lastUpdated: '2026-01-01T00:00:00.000Z' },
  identifier: [{ system: 'https://clinic.example.com/mrn', value: '4711' }],
  active: true,
  name: [{ family: FAMILY, given: ['Mara'] }],
  gender: 'female',
  birthDate: '1961-03-14',
  telecom: [{ system: 'phone', value: '+1 555 0100', use: 'home' }],
  address: [{ line: ['1 Elm Street'], city: 'Springfield', postalCode: '12345' }],
}

/**
 * @param folder where bundles and configurations may lie
 * @param main file here whose Worker is measured
 */
export async function openWorld(folder: string, main = 'load-worker.ts'): Promise<LoadWorld> {
  const children: ChildProcess[] = []
  const workers: Workerd[] = []
  const close = async () => {
    await Promise.all(workers.map((worker) => worker.stop()))
    for (const child of children) child.kill('SIGKILL')
  }
  const start = async (role: string, given: string) => {
    const child = fork(fileURLToPath(new URL('load-upstream.ts', import.meta.url)), [role, given])
    children.push(child)
    const [url] = (await once(child, 'message')) as [string]
    return { url, cpu: () => cpuOf(child.pid ?? 0) }
  }
  try {
    const script = await productFor(folder, main)
    const ports = [await freePort(), await freePort()] as const
    const { url: fixedUrl } = await start('fixed', JSON.stringify(PATIENT))
    const { url: sandboxUrl } = await start('sandbox', ports.join(','))
    const reference = await start('reference', JSON.stringify({ fixed: fixedUrl, sandbox: sandboxUrl }))
    const vars = { FIXED_URL: fixedUrl, MEDPLUM_BASE_URL: sandboxUrl }
    const run = async (name: string, source: string, port: number, more: Record<string, string>) => {
      const worker = await runWorker(join(folder, name), source, port, { ...vars, ...more })
      workers.push(worker)
      return worker
    }
    const ours = await run('ours', script, ports[0], {})
    const counting = await run('counting', script, ports[1], { COUNTING: '1' })
    const forward = await run('forward', FORWARD, await freePort(), {})
    await firstAnswer(`${ours.url}/mcp`, 401)
    await firstAnswer(`${counting.url}/mcp`, 401)
    const tokens = {
      ours: await signIn(ours.url),
      counting: await signIn(counting.url),
      medplum: await tokenFor({ baseUrl: sandboxUrl }, SANDBOX_USERS.alice),
    }
    return {
      fixedUrl,
      sandboxUrl,
      ours,
      counting,
      forward,
      reference: { url: reference.url.replace(/\/$/, ''), cpu: reference.cpu },
      tokens,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Starts a Worker in `own`, a folder that keeps what it needs; it may not listen yet. */
export async function runWorker(
  own: string,
  source: string,
  port: number,
  vars: Record<string, string>,
): Promise<Workerd> {
  const objects = join(own, 'objects')
  await mkdir(objects, { recursive: true })
  await writeFile(join(own, 'worker.mjs'), source)
  return serve(own, (at) => configuration(at, objects, vars), port)
}

/** The id of a Patient in the sandbox, of the same name as the fixed one. */
export async function storedPatient({ sandboxUrl, tokens }: LoadWorld): Promise<string> {
  const { id: _id, meta: _meta, ...patient } = PATIENT
  const headers = { authorization: `Bearer ${tokens.medplum}`, 'content-type': 'application/fhir+json' }
  const { status, text } = await ask(`${sandboxUrl}fhir/R4/Patient`, headers, JSON.stringify(patient))
  if (status !== 201) throw new Error(`The sandbox answered ${status}: ${text}`)
  return (JSON.parse(text) as { id: string }).id
}

async function signIn(url: string): Promise<string> {
  const person = new SignIn(SANDBOX_USERS.alice)
  await (await connect('Streamable HTTP 2026-07-28, SDK 2', url, person)).close()
  const token = person.tokenSet?.access_token
  if (token === undefined) throw new Error('The sign-in returned no token')
  return token
}

/** The product as `file` here completes it, bundled. */
export async function productFor(folder: string, file = 'load-worker.ts'): Promise<string> {
  const config = join(folder, 'wrangler.toml')
  const main = fileURLToPath(new URL(file, import.meta.url))
  await writeFile(
    config,
    `name = "load"\nmain = ${JSON.stringify(main)}\ncompatibility_date = "${DATE}"\ncompatibility_flags = ["nodejs_als"]\nminify = true\n`,
  )
  return (await bundle(join(folder, 'out'), config)).toString()
}

const DATE = '2026-10-01'

/** The bare Worker: reads the path and returns the answer unchanged. */
const FORWARD = `export default {
  async fetch(request, env) {
    const { path } = await request.json()
    const base = path.includes('/bench-') ? env.FIXED_URL : env.MEDPLUM_BASE_URL
    const headers = { authorization: request.headers.get('authorization'), accept: 'application/fhir+json' }
    return fetch(base + 'fhir/R4/' + path, { headers })
  }
}
export class McpSession { constructor() {} }
export class Grant { constructor() {} }
`

/** Workers KV in memory, behind workerd's protocol for it, with counters; a get of a missing key is 404. */
const KV = `const kept = new Map()
const counts = { kvReads: 0, kvWrites: 0 }
export default {
  async fetch(request) {
    const url = new URL(request.url)
    if (url.hostname === 'counts') return Response.json(counts)
    const key = decodeURIComponent(url.pathname.slice(1))
    if (request.method === 'PUT' || request.method === 'DELETE') {
      counts.kvWrites++
      if (request.method === 'DELETE') kept.delete(key)
      else kept.set(key, { body: await request.arrayBuffer(), metadata: request.headers.get('CF-KV-Metadata') })
      return new Response(null)
    }
    counts.kvReads++
    if (key === '') {
      const prefix = url.searchParams.get('prefix') ?? ''
      const named = [...kept].filter(([name]) => name.startsWith(prefix))
      const keys = named.map(([name, { metadata }]) => ({ name, ...(metadata && { metadata: JSON.parse(metadata) }) }))
      return Response.json({ keys, list_complete: true })
    }
    const found = kept.get(key)
    if (!found) return new Response(null, { status: 404 })
    return new Response(found.body, found.metadata ? { headers: { 'CF-KV-Metadata': found.metadata } } : {})
  }
}`

/** @param folder where objects keep what they store */
function configuration(port: number, folder: string, vars: Record<string, string>): string {
  const bindings = Object.entries({
    PUBLIC_URL: `http://localhost:${port}`,
    MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID,
    ...vars,
  }).map(([name, text]) => `    (name = "${name}", text = ${JSON.stringify(text)}),`)
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "kv", worker = .kv),
    (name = "objects", disk = (path = ${JSON.stringify(folder)}, writable = true)),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const kv :Workerd.Worker = (
  modules = [(name = "kv.mjs", esModule = ${JSON.stringify(KV)})],
  compatibilityDate = "${DATE}",
);
const main :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = "${DATE}",
  compatibilityFlags = ["global_fetch_strictly_public", "enable_request_signal", "nodejs_als"],
  bindings = [
${bindings.join('\n')}
    (name = "OAUTH_KV", kvNamespace = "kv"),
    (name = "KV_SERVICE", service = "kv"),
    (name = "MCP_SESSION", durableObjectNamespace = "McpSession"),
    (name = "GRANT", durableObjectNamespace = "Grant"),
  ],
  durableObjectNamespaces = [
    (className = "McpSession", uniqueKey = "session", enableSql = true),
    (className = "Grant", uniqueKey = "grant", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "objects"),
);
`
}
