/** Hosts that are programs for a terminal. Each signs in as its person would, and calls what a scripted model has it call. */
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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
  signIn(running: Running): Promise<string>
  /** Has the model say what it was told to; what the host prints in the end. */
  prompt(running: Running): Promise<string>
}

/** Runs a program to its end; all that it printed. */
async function run({ home }: Running, command: string[], env: Record<string, string> = {}): Promise<string> {
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
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed += chunk
    })
  }
  await once(child, 'close')
  clearInterval(timer)
  return printed
}

const CLAUDE = `${MODULES}/@anthropic-ai/claude-code-linux-x64/claude`
const CODEX = `${MODULES}/.bin/codex`

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
        ANTHROPIC_BASE_URL: running.modelUrl,
        ANTHROPIC_API_KEY: 'script',
        // Else it offers a search for tools instead of the tools.
        ENABLE_TOOL_SEARCH: 'false',
      }),
  },
  {
    name: 'Codex',
    package: '@openai/codex',
    asks: true,
    signIn: (running) => run(running, [CODEX, 'mcp', 'add', 'medplum', '--url', running.mcpUrl]),
    prompt: (running) =>
      run(
        running,
        [
          ...[CODEX, 'exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox'],
          ...['-c', 'model="script"', '-c', 'model_provider="script"', '-c', 'model_providers.script.name="script"'],
          ...['-c', `model_providers.script.base_url="${running.modelUrl}/v1"`],
          ...['-c', 'model_providers.script.wire_api="responses"', 'Go on'],
        ],
        {},
      ),
  },
]
