/** Hosts that are programs for a terminal. Each signs in as its person would, and makes the calls of a scripted model. */
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Home } from '../clients/program.ts'

const MODULES = fileURLToPath(new URL('node_modules', import.meta.url))

export interface Running {
  home: Home
  mcpUrl: string
  modelUrl: string
}

export interface Program {
  name: string
  package: string
  /** It answers the server's questions itself, as its flags tell it to. */
  asks?: true
  /** It refreshes by its own clock alone. */
  ages?: true
  signIn(running: Running): Promise<string>
  /** Runs one turn of the scripted model. @returns what the host prints in the end */
  prompt(running: Running): Promise<string>
}

interface Options {
  env?: Record<string, string>
  /** A question of the program, which is agreed to. */
  agreeTo?: string
}

/** Runs a program to its end. @returns everything that it printed */
async function run({ home }: Running, command: string[], options: Options = {}): Promise<string> {
  const { env = {}, agreeTo } = options
  const [program = '', ...args] = command
  const [browser, opened] = [join(home.path, 'bin/xdg-open'), join(home.path, 'opened')]
  await mkdir(join(home.path, 'bin'), { recursive: true })
  await writeFile(browser, `#!/bin/sh\necho "$1 " >> '${opened}'\n`, { mode: 0o755 })
  const pages = new EventEmitter()
  home.watch(pages)
  const timer = setInterval(() => {
    if (existsSync(opened)) pages.emit('data', readFileSync(opened))
  }, 200)
  const child = spawn(program, args, {
    cwd: home.path,
    env: { ...home.env(), PATH: `${join(home.path, 'bin')}:${process.env.PATH}`, BROWSER: browser, ...env },
    stdio: [agreeTo === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      printed += chunk
      if (agreeTo !== undefined && printed.includes(agreeTo)) child.stdin?.end('\n')
    })
  }
  await once(child, 'close')
  clearInterval(timer)
  return printed
}

const CLAUDE = `${MODULES}/@anthropic-ai/claude-code-linux-x64/claude`
const CODEX = `${MODULES}/.bin/codex`
const GEMINI = [
  process.execPath,
  `${MODULES}/@google/gemini-cli/bundle/gemini.js`,
  '-m',
  'gemini-2.5-pro',
  '-y',
  '-p',
  'Go on',
]
const OPENCODE = `${MODULES}/opencode-linux-x64/bin/opencode`

export const programs: Program[] = [
  {
    name: 'Claude Code',
    package: '@anthropic-ai/claude-code',
    async signIn(running) {
      await run(running, [CLAUDE, 'mcp', 'add', '--transport', 'http', 'medplum', running.mcpUrl])
      // It signs in at a terminal only.
      return run(running, ['script', '-qec', `${CLAUDE} mcp login medplum`, '/dev/null'])
    },
    prompt: (running) =>
      run(running, [CLAUDE, '-p', 'Go on', '--allowedTools', 'mcp__medplum'], {
        env: {
          ANTHROPIC_BASE_URL: running.modelUrl,
          ANTHROPIC_API_KEY: 'script',
          // Else it asks the model before the server has answered.
          MCP_CONNECTION_NONBLOCKING: 'false',
          MCP_CONNECT_TIMEOUT_MS: '30000',
          // Else it offers a search for tools instead of the tools.
          ENABLE_TOOL_SEARCH: 'false',
        },
      }),
  },
  {
    name: 'Codex',
    package: '@openai/codex',
    asks: true,
    signIn: (running) => run(running, [CODEX, 'mcp', 'add', 'medplum', '--url', running.mcpUrl]),
    prompt: (running) =>
      run(running, [
        ...[CODEX, 'exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox'],
        ...['-c', 'model="script"', '-c', 'model_provider="script"', '-c', 'model_providers.script.name="script"'],
        // Else it asks the model before the server has answered.
        ...['-c', 'mcp_servers.medplum.required=true', '-c', 'mcp_servers.medplum.startup_timeout_sec=30'],
        ...['-c', `model_providers.script.base_url="${running.modelUrl}/v1"`],
        ...['-c', 'model_providers.script.wire_api="responses"', 'Go on'],
      ]),
  },
  {
    name: 'Gemini CLI',
    package: '@google/gemini-cli',
    ages: true,
    async signIn(running) {
      await keep(running, '.gemini/settings.json', {
        security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
        // `oauth` has it sign in when it connects; a person types `/mcp auth medplum`.
        mcpServers: { medplum: { httpUrl: running.mcpUrl, trust: true, oauth: { enabled: true } } },
      })
      return run(running, GEMINI, { env: geminiModel(running), agreeTo: 'Do you want to continue?' })
    },
    prompt: (running) => run(running, GEMINI, { env: geminiModel(running) }),
  },
  {
    name: 'OpenCode',
    package: 'opencode-ai',
    async signIn(running) {
      const options = { baseURL: `${running.modelUrl}/v1`, apiKey: 'script' }
      const models = { script: { name: 'script', tool_call: true } }
      await keep(running, 'opencode.json', {
        ...{ model: 'script/script', small_model: 'script/script', permission: 'allow' },
        provider: { script: { npm: '@ai-sdk/openai-compatible', name: 'script', options, models } },
        mcp: { medplum: { type: 'remote', url: running.mcpUrl, enabled: true } },
      })
      return run(running, [OPENCODE, 'mcp', 'auth', 'medplum'], { env: OPENCODE_ALONE })
    },
    prompt: (running) => run(running, [OPENCODE, 'run', 'Go on'], { env: OPENCODE_ALONE }),
  },
]

const OPENCODE_ALONE = { OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_AUTOUPDATE: '1' }

function geminiModel({ modelUrl }: Running) {
  return { GEMINI_API_KEY: 'script', GOOGLE_GEMINI_BASE_URL: modelUrl }
}

/** Writes a settings file as its person would. */
async function keep({ home }: Running, path: string, settings: object): Promise<void> {
  const file = join(home.path, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, JSON.stringify(settings))
}
