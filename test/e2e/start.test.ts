// `npm start`: which ports it takes, that it mistakes no other server for its own, and that it leaves nothing behind.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { connect, SignIn } from '../../programs/clients.ts'
import { freePortFrom, isFree, portOf } from '../../programs/ports.ts'
import { freePort, startWorker } from '../../programs/worker.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const START = ['scripts/run.mjs', 'programs/start.ts']
const run = promisify(execFile)
/** How long a start and an end may take on a busy machine. */
const START_MS = 90_000

const SERVERS: [string, () => Server][] = [
  ['a server that answers 200', () => createHttpServer((_, response) => response.end('{"status":"ok"}'))],
  ['a server that answers 404', () => createHttpServer((_, response) => response.writeHead(404).end())],
  ['a server that says nothing', () => createServer()],
]

async function listening(server: Server, host: string, port = 0): Promise<number> {
  await once(server.listen(port, host), 'listening')
  onTestFinished(() => {
    server.close()
    if ('closeAllConnections' in server) (server as ReturnType<typeof createHttpServer>).closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

describe('ports', () => {
  test.each(SERVERS)('%s is found to be in use, whatever address it listens on', async (_, create) => {
    for (const host of ['127.0.0.1', '::1', '0.0.0.0', '::']) {
      const port = await listening(create(), host)
      expect(await isFree(port), host).toBe(false)
      expect(await freePortFrom(port), host).not.toBe(port)
    }
  })

  test('the usual port is used if it is free, unless it is reserved', async () => {
    const port = await freePort()
    expect(await isFree(port)).toBe(true)
    expect(await freePortFrom(port)).toBe(port)
    expect(await freePortFrom(port, port)).not.toBe(port)
  })

  test.each(['', '0', '65536', '-1', '80a', '1e3', '８０'])('%j is no port', (text) => {
    expect(() => portOf(text, '--port')).toThrow('--port must be a port from 1 to 65535')
  })

  test('another healthy server is not mistaken for the Worker', async () => {
    const port = await listening(
      createHttpServer((_, response) => response.end('{"status":"ok"}')),
      '127.0.0.1',
    )
    const vars = { MEDPLUM_BASE_URL: 'https://medplum.invalid/', MEDPLUM_CLIENT_ID: 'client' }
    await expect(startWorker({ port, vars })).rejects.toThrow('Address already in use')
  })
})

test.each([
  ['a port that is taken', ['--port', 'TAKEN'], /^Port \d+ is taken\. Choose another with --port/],
  ['one that is none', ['--port', 'http'], /^--port must be a port from 1 to 65535, not "http"\./],
  ['an option that is none', ['--prot', '1'], /^Unknown option '--prot'/],
])('%s stops the start in one line', async (_, args, said) => {
  const port = await listening(createServer(), '127.0.0.1')
  const given = args.map((arg) => arg.replace('TAKEN', String(port)))
  const error = await run(process.execPath, [...START, ...given], { cwd: ROOT }).catch((error: Failed) => error)
  expect(error).toMatchObject({ code: 1, stdout: '' })
  expect((error as Failed).stderr).toMatch(said)
  expect((error as Failed).stderr.trim().split('\n')).toHaveLength(1)
})

interface Failed {
  code: number
  stdout: string
  stderr: string
}

test('on an older Node, it says which one is needed and how to get it', async () => {
  const older = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.1.0"})'
  const error = await run(process.execPath, ['--import', older, ...START], { cwd: ROOT }).catch(
    (error: Failed) => error,
  )
  expect(error).toMatchObject({ code: 1, stdout: '' })
  expect((error as Failed).stderr).toMatch(/^This needs Node 24.*npm rebuild node/)
})

describe('a start', () => {
  const left: ChildProcess[] = []
  afterEach(() => {
    for (const child of left.splice(0)) child.kill('SIGKILL')
  })

  /** Starts it on ports of its own. */
  async function start({ state = '', port = 0, sandboxPort = 0, npm = false } = {}) {
    const own = { port: port || (await freePort()), sandboxPort: sandboxPort || (await freePort()) }
    const folder = state || (await mkdtemp(join(tmpdir(), 'medplum-mcp-')))
    if (!state) onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
    const args = ['--port', String(own.port), '--sandbox-port', String(own.sandboxPort), '--state', folder]
    const child = npm
      ? spawn('npm', ['start', '--', ...args], { cwd: ROOT })
      : spawn(process.execPath, [...START, ...args], { cwd: ROOT })
    left.push(child)
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text))
    const pid = child.pid ?? 0
    return {
      ...own,
      child,
      url: `http://localhost:${own.port}`,
      said: () => said,
      ready: () => vi.waitFor(() => expect(said).toContain('Stop with Ctrl+C'), { timeout: 60_000, interval: 50 }),
      /** Once wrangler runs, which is long before it is ready. */
      begun: () =>
        vi.waitFor(async () => expect(await programsBelow(pid)).not.toEqual([]), { timeout: 60_000, interval: 50 }),
      programs: () => programsBelow(pid),
    }
  }

  /** Waits until none of these runs, and their ports are free. */
  async function gone(pids: number[], ports: number[]): Promise<void> {
    await vi.waitFor(
      async () => {
        expect(await alive(pids)).toEqual([])
        for (const port of ports) expect(await isFree(port)).toBe(true)
      },
      { timeout: 15_000, interval: 50 },
    )
  }

  const kill = (signal: NodeJS.Signals) => (child: ChildProcess) => child.kill(signal)
  const WAYS: [string, { npm?: boolean; early?: boolean; end: (child: ChildProcess, programs: number[]) => void }][] = [
    ['Ctrl-C before it is ready', { early: true, end: kill('SIGINT') }],
    ['being killed', { end: kill('SIGKILL') }],
    ['the end of wrangler', { end: (_, [wrangler = 0]) => process.kill(wrangler, 'SIGKILL') }],
    ['npm being killed', { npm: true, end: kill('SIGKILL') }],
  ]
  test.each(WAYS)(
    'ends with all that it started: %s',
    async (_, { npm = false, early = false, end }) => {
      const started = await start({ npm })
      await (early ? started.begun() : started.ready())
      const programs = await started.programs()
      const ended = once(started.child, 'exit')
      end(started.child, programs)
      await ended
      await gone(programs, [started.port, started.sandboxPort])
    },
    START_MS,
  )

  test(
    'a closed terminal ends it, and the next start continues from there',
    async () => {
      const state = await mkdtemp(join(tmpdir(), 'medplum-mcp-'))
      onTestFinished(() => rm(state, { recursive: true, force: true, maxRetries: 5 }))
      const first = await start({ state })
      await first.ready()
      const guide = await (await fetch(`${first.url}/llms.txt`)).text()
      for (const client of ['claude', 'gemini', 'npx -y @modelcontextprotocol/inspector']) {
        const command = guide.split('\n').find((line) => line.startsWith(client))
        expect(first.said()).toContain(`  ${command}\n`)
      }
      expect(first.said()).not.toContain("'")
      const signIn = new SignIn(SANDBOX_USERS.alice)
      const way = 'Streamable HTTP 2025-11-25, SDK 1'
      const client = await connect(way, first.url, signIn)
      const body = { resourceType: 'Task', status: 'requested', intent: 'order' }
      const { content } = await client.call('fhir-request', { method: 'POST', path: 'Task', body, format: 'json' })
      const { id } = JSON.parse(content[0]?.text ?? '') as { id: string }
      await client.leave()
      const programs = await first.programs()
      first.child.kill('SIGHUP')
      await gone(programs, [first.port, first.sandboxPort])

      const second = await start({ ...first, state })
      await second.ready()
      signIn.callback = undefined
      const again = await connect(way, second.url, signIn)
      const read = await again.call('fhir-request', { method: 'GET', path: `Task/${id}`, format: 'json' })
      expect(JSON.parse(read.content[0]?.text ?? '')).toMatchObject({ ...body, id })
      expect(signIn.callback).toBeUndefined()
      await again.close()
    },
    START_MS * 2,
  )
})

/** All processes below one, each after its parent. */
async function programsBelow(root: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid='])
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
  const below = (parent: number): number[] =>
    rows.flatMap(([pid = 0, ppid]) => (ppid === parent ? [pid, ...below(pid)] : []))
  return below(root)
}

async function alive(pids: number[]): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,stat='])
  // Z: it has ended, and nobody has read its exit code yet.
  const running = stdout
    .trim()
    .split('\n')
    .filter((line) => !line.includes('Z'))
    .map((line) => Number.parseInt(line, 10))
  return pids.filter((pid) => running.includes(pid))
}
