/** Runs the conformance suite's program and reads what it found from the files that it writes, one for each scenario. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PROGRAM = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/conformance/dist/index.js')
/** For all scenarios of one run together. */
const TIMEOUT_MS = 60_000

/** One requirement that a scenario looked at. */
export interface Check {
  id: string
  description: string
  status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO'
  errorMessage?: string
  /** `untestable`: the suite wanted a diagnostic tool of its own that the server doesn't have. */
  details?: { untestable?: boolean } & Record<string, unknown>
}

export interface Outcome {
  scenario: string
  checks: Check[]
}

export interface SuiteRun {
  /** In the suite's order. */
  outcomes: Outcome[]
  /** Scenarios that the suite ran without counting them, each with its reason: `extension`, `added-after-release`, `pending`. */
  notScored: Map<string, string>
  /** Null when the program was killed, having run out of time. */
  exitCode: number | null
  output: string
}

/**
 * Runs the suite's program to its end.
 *
 * @param args subcommand and options; the folder for results is added
 * @param signal ends the program
 * @param onOutput sees everything printed so far, each time that there is more
 */
export async function runSuite(
  args: string[],
  signal: AbortSignal,
  onOutput?: (output: string) => void,
): Promise<SuiteRun> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-conformance-'))
  try {
    const child = spawn(process.execPath, [PROGRAM, ...args, '--output-dir', folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        onOutput?.(output)
      })
    }
    const [exitCode] = (await once(child, 'close')) as [number | null]
    const announced = [...output.matchAll(/^Running client scenario .*?'([^']+)'/gm)].map(([, name = '']) => name)
    return {
      outcomes: await Promise.all(announced.map((scenario) => readOutcome(folder, scenario))),
      notScored: new Map(
        [...output.matchAll(/^ {2}[✓✗] (\S+) \((.+)\)$/gm)].map(([, name = '', reason = '']) => [name, reason]),
      ),
      exitCode,
      output,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A scenario that threw or ran out of time has written nothing. */
async function readOutcome(folder: string, scenario: string): Promise<Outcome> {
  const name = new RegExp(`^(server|authorization-server)-${scenario}-\\d{4}-\\d\\d-\\d\\dT[\\dZ-]+$`)
  const own = (await readdir(folder)).find((entry) => name.test(entry))
  const text = own && (await readFile(join(folder, own, 'checks.json'), 'utf8').catch(() => undefined))
  return { scenario, checks: text ? (JSON.parse(text) as Check[]) : [] }
}
