/** `npm start`: the server on the embedded sandbox, ready to be added to a client. */

import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { roleOf, SANDBOX_USERS } from '../sandbox/core/people.ts'
import { startSandbox } from '../sandbox/server.ts'
import { SANDBOX_CLIENT_ID } from '../sandbox/world.ts'
import { freePortFrom, isFree, portOf } from './ports.ts'
import { startWorker } from './worker.ts'

/** Not 8787, which is wrangler's default and Cursor's port for the callback of its sign-in. */
const USUAL_PORT = 8790
const USUAL_SANDBOX_PORT = 8103
const STATE = '.sandbox'
const HELP = `npm start -- [options]

  --port NUMBER          port of the MCP server; PORT also sets it (default: ${USUAL_PORT}, or the next free one)
  --sandbox-port NUMBER  port of the sandbox (default: ${USUAL_SANDBOX_PORT}, or the next free one)
  --state FOLDER         where records and sign-ins are kept, one subfolder per port (default: ${STATE})
  --fresh                delete those of earlier runs`

const ending = new AbortController()
// npm repeats a signal that the terminal has already sent; the second changes nothing.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK']) process.on(signal, () => ending.abort())
// A terminal that is closed can't be written to.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => ending.abort())
endWithNpm()

try {
  await run(readOptions())
} catch (error) {
  if (!ending.signal.aborted) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}

interface Options {
  port: number | undefined
  sandboxPort: number | undefined
  state: string
  fresh: boolean
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      'sandbox-port': { type: 'string' },
      state: { type: 'string', default: STATE },
      fresh: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    process.exit(0)
  }
  const port = (text: string | undefined, name: string) => (text ? portOf(text, name) : undefined)
  return {
    port: values.port === undefined ? port(process.env.PORT, 'PORT') : port(values.port, '--port'),
    sandboxPort: port(values['sandbox-port'], '--sandbox-port'),
    state: resolve(values.state),
    fresh: values.fresh,
  }
}

async function run(options: Options): Promise<void> {
  const { signal } = ending
  const port = await choose(options.port, USUAL_PORT, '--port')
  // Each port has a state of its own: clients' sign-ins are for one address, and two servers must not share a state.
  const state = join(options.state, String(port))
  if (options.fresh) await rm(state, { recursive: true, force: true })
  await mkdir(state, { recursive: true })
  // Tokens are valid only at the address that issued them.
  const portFile = join(state, 'sandbox-port')
  const before = Number(await readFile(portFile, 'utf8').catch(() => USUAL_SANDBOX_PORT))
  const sandboxPort = await choose(options.sandboxPort, before, '--sandbox-port', port)
  await writeFile(portFile, String(sandboxPort))
  const sandbox = await startSandbox({
    port: sandboxPort,
    redirectUris: [`http://localhost:${port}/oauth/callback`],
    state: join(state, 'medplum.json'),
  })
  try {
    // Wrangler's output while it starts doesn't help newcomers; a failed start prints it all.
    let started = false
    const worker = await startWorker({
      port,
      vars: { MEDPLUM_BASE_URL: sandbox.baseUrl, MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID, MAX_ACCESS: 'admin' },
      state: join(state, 'worker'),
      signal,
      onOutput: (text) => started && !signal.aborted && process.stderr.write(text),
    })
    console.log(welcome(worker.url, sandbox.baseUrl))
    started = true
    await Promise.race([worker.ended, aborted(signal)])
    if (!signal.aborted) throw new Error(`The server stopped unexpectedly.\n${worker.output()}`)
    await worker.stop()
  } finally {
    await sandbox.close()
  }
}

/** @param other a port that is already taken */
async function choose(wanted: number | undefined, usual: number, name: string, other?: number): Promise<number> {
  if (wanted === undefined) return freePortFrom(usual, other)
  if (wanted !== other && (await isFree(wanted))) return wanted
  throw new Error(`Port ${wanted} is taken. Choose another with ${name}, or omit it to use a free one.`)
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Ends this program when npm does: if npm is killed, neither its program nor the shell between them notices. */
function endWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const above = [process.ppid]
  execFile('ps', ['-o', 'ppid=,comm=', '-p', String(process.ppid)], (_, stdout) => {
    const [, npm] = /^\s*(\d+) .*sh$/.exec(stdout.trimEnd()) ?? []
    if (npm !== undefined) above.push(Number(npm))
  })
  setInterval(() => {
    try {
      for (const pid of above) process.kill(pid, 0)
    } catch {
      ending.abort()
    }
  }, 500).unref()
}

/** Its commands contain no quotes, because shells treat them differently. */
function welcome(origin: string, medplum: string): string {
  const url = `${origin}/mcp`
  const logins = Object.values(SANDBOX_USERS).map((user) => `  ${user.email.padEnd(20)} ${roleOf(user)}`)
  return `
Medplum MCP is running on the embedded sandbox (synthetic patients only).

  MCP URL      ${url}
  Home page    ${origin}/
  Medplum      ${medplum} (sandbox)

Sign in with one of these (password ${SANDBOX_USERS.alice.password}):
${logins.join('\n')}

Add it to a client:
  Claude Code  claude mcp add --transport http medplum ${url}
  Gemini CLI   gemini mcp add -s user --transport http medplum ${url}
  Inspector    npx -y @modelcontextprotocol/inspector@2.12.0 --cli ${url} --transport http --method tools/list
  VS Code, Cursor and others: see the home page.

Records and sign-ins are kept for the next start; npm start -- --fresh deletes them.
Stop with Ctrl+C.
`
}
