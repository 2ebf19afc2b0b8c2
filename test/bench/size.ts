// The size of the Worker's bundle, and the cost of a cold start: the CPU time of a fresh workerd up to its first answer.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { bundle, firstAnswer, median, serve } from './workerd.ts'

const RUNS = 9
const GOAL_GZIP_KIB = 200
const GOAL_CPU_MS = 250

const HELLO = "export default { fetch: () => new Response('hello') }"

/** Prints the bundle's size and the CPU time of a cold start beside that of an empty Worker. */
export async function size(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'medplum-mcp-size-'))
  try {
    const script = await bundle(folder)
    const gzip = gzipSync(script, { level: 9 }).length / 1024
    console.log(
      `Bundle          ${kib(script.length / 1024)} minified, ${kib(gzip)} gzip (goal: at most ${GOAL_GZIP_KIB} KiB gzip)`,
    )
    const [ours, empty] = [await coldStarts(folder, script.toString(), 401), await coldStarts(folder, HELLO, 200)]
    console.log(
      `Cold start      ${ours.toFixed(0)} ms CPU to the first answer, ${(ours / empty).toFixed(1)} × an empty Worker's ${empty.toFixed(0)} ms (goal: at most ${GOAL_CPU_MS} ms; median of ${RUNS})`,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function coldStarts(folder: string, script: string, status: number): Promise<number> {
  await writeFile(join(folder, 'worker.mjs'), script)
  const times: number[] = []
  for (let run = 0; run < RUNS; run++) times.push(await coldStart(folder, status))
  return median(times)
}

/** CPU milliseconds of one fresh workerd process until its first answer has arrived. */
async function coldStart(folder: string, status: number): Promise<number> {
  const workerd = await serve(folder, configuration)
  try {
    await firstAnswer(`${workerd.url}/mcp`, status)
    return await workerd.cpu()
  } finally {
    await workerd.stop()
  }
}

/** The bindings that the Worker starts with; rate limits are left out, because no first answer gets as far. */
function configuration(port: number): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "kv", worker = .kv)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const kv :Workerd.Worker = (
  modules = [(name = "kv.mjs", esModule = "export default { fetch: () => new Response(null, { status: 404 }) }")],
  compatibilityDate = "2026-10-01",
);
const main :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = "2026-10-01",
  compatibilityFlags = ["global_fetch_strictly_public", "enable_request_signal", "nodejs_als"],
  bindings = [
    (name = "PUBLIC_URL", text = "http://localhost:${port}"),
    (name = "MEDPLUM_BASE_URL", text = "https://api.medplum.com/"),
    (name = "MEDPLUM_CLIENT_ID", text = "client"),
    (name = "OAUTH_KV", kvNamespace = "kv"),
    (name = "MCP_SESSION", durableObjectNamespace = "McpSession"),
    (name = "GRANT", durableObjectNamespace = "Grant"),
  ],
  durableObjectNamespaces = [
    (className = "McpSession", uniqueKey = "session", enableSql = true),
    (className = "Grant", uniqueKey = "grant", enableSql = true),
  ],
  durableObjectStorage = (inMemory = void),
);
`
}

function kib(size: number): string {
  return `${size.toFixed(1)} KiB`
}
