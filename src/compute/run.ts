// Runs a program in an isolate of its own, made for this one run: a Dynamic Worker without a network, an environment or storage.
// It is given only one object, which reads (docs/security.md, Programs).

import { RpcTarget } from 'cloudflare:workers'
import { isRecord, scalarText } from '../base/json.ts'
import { quoted } from '../base/text.ts'
import { UserError } from '../base/told-error.ts'
import { GLOBAL_FUNCTIONS, GLOBALS, HELPERS, INTRINSICS, MAX_READS, PROMISE } from './globals.ts'
import { instrument } from './instrument.ts'
import { constructorsOf } from './isolate/constructors.ts'
import { countedOf } from './isolate/counted.ts'
import { expressionPartsOf } from './isolate/expression-parts.ts'
import { helpersOf } from './isolate/helpers.ts'
import { jsonWriterOf } from './isolate/json.ts'
import { listMethodsOf } from './isolate/list-methods.ts'
import { localeMethodsOf } from './isolate/locale-methods.ts'
import { lockDown } from './isolate/lockdown.ts'
import { type Bounds, type IsolateFunctions, type Reads, run } from './isolate/main.ts'
import { meterOf } from './isolate/meter.ts'
import { objectMethodsOf } from './isolate/object-methods.ts'
import { matcherOf } from './isolate/regular-expression.ts'
import { textMethodsOf } from './isolate/text-methods.ts'

/** The part of the binding `worker_loaders` that is used here: it creates isolates. */
export interface Loader {
  load(code: {
    compatibilityDate: string
    mainModule: string
    modules: Record<string, string>
    env: Record<string, never>
    globalOutbound: null
    limits: { cpuMs: number; subRequests: number }
  }): { getEntrypoint(): object }
}

interface Entrypoint {
  run(reads: object): Promise<string>
}

const BOUNDS: Bounds = {
  limits: { steps: 50_000_000, text: 1_000_000, list: 1_000_000, reads: MAX_READS, promise: PROMISE },
  helpers: HELPERS,
  intrinsics: INTRINSICS,
  functions: GLOBAL_FUNCTIONS,
  globals: [...GLOBALS],
}
/** Limits that Cloudflare also enforces. Elsewhere only the steps limit a program. */
const PLATFORM = { cpuMs: 5_000, subRequests: 1 }
const DATE = '2026-10-01'

/** The object that a program reads with. */
class Channel extends RpcTarget implements Reads {
  readonly #read: Reads['read']
  constructor(read: Reads['read']) {
    super()
    this.#read = read
  }
  async read(kind: unknown, path: unknown): Promise<string> {
    return typeof kind === 'string' && typeof path === 'string' ? this.#read(kind, path) : ENDED
  }
}

const ENDED = '{"error":"The program has ended."}'

/**
 * Runs a program and returns its result as JSON.
 *
 * @param read answers the program in JSON: `value`, or `error`
 * @throws {UserError} for a program that can't be run, fails or takes too long
 */
export async function runProgram(
  code: string,
  read: Reads['read'],
  { loader, timeoutMs, signal }: { loader: Loader; timeoutMs: number; signal: AbortSignal },
): Promise<unknown> {
  const program = instrument(code)
  let isOpen = true
  const channel = new Channel(async (kind, path) => (isOpen ? read(kind, path) : ENDED))
  const worker = loader.load({
    compatibilityDate: DATE,
    mainModule: 'main.js',
    modules: { 'main.js': MAIN, 'program.js': program },
    env: {},
    globalOutbound: null,
    limits: PLATFORM,
  })
  const entrypoint = worker.getEntrypoint() as Entrypoint
  try {
    return resultOf(await within(entrypoint.run(channel), timeoutMs, signal))
  } finally {
    isOpen = false
    dispose(entrypoint)
    dispose(worker)
  }
}

const PARTS: IsolateFunctions = {
  constructorsOf,
  countedOf,
  expressionPartsOf,
  helpersOf,
  jsonWriterOf,
  listMethodsOf,
  localeMethodsOf,
  lockDown,
  matcherOf,
  meterOf,
  objectMethodsOf,
  textMethodsOf,
}

/** Everything in the isolate except the program. Unhandled rejections would be printed, with their content. */
const MAIN = `import { WorkerEntrypoint } from 'cloudflare:workers'
import program from './program.js'
addEventListener('unhandledrejection', (event) => event.preventDefault())
const bounds = ${JSON.stringify(BOUNDS)}
const parts = {${Object.entries(PARTS).map(([name, part]) => `${name}: ${part.toString()}`)}}
const run = ${run.toString()}
export default class extends WorkerEntrypoint {
  run(reads) {
    return run(program, reads, bounds, parts)
  }
}
`

async function within(work: Promise<string>, timeoutMs: number, signal: AbortSignal): Promise<string> {
  let end = () => {}
  const over = new Promise<never>((_, reject) => {
    const timer = setTimeout(
      () => reject(new UserError(`The program was stopped: it did not end within ${Math.round(timeoutMs / 1000)} s.`)),
      timeoutMs,
    )
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort)
    end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
  })
  work.catch(() => {})
  try {
    return await Promise.race([work, over])
  } catch (error) {
    if (error instanceof UserError || signal.aborted) throw error
    // Not the platform's message, which may contain the program's words.
    throw new UserError(`The program was stopped: ${reasonOf(error)}.`)
  } finally {
    end()
  }
}

/** Why the isolate gave no answer. */
function reasonOf(error: unknown): string {
  const words = error instanceof Error ? error.message : ''
  if (/cpu/i.test(words)) return 'it used more CPU time than allowed'
  if (/memory/i.test(words)) return 'it used more memory than allowed'
  if (/SyntaxError|Unexpected|Invalid/.test(words)) return 'it is not valid JavaScript'
  return 'it ended without an answer'
}

/** The program's answer, which may be anything. */
function resultOf(answer: unknown): unknown {
  const told = parsed(answer)
  if (!isRecord(told)) throw new UserError('The program was stopped: it ended without an answer.')
  if (typeof told.value === 'string') return parsed(told.value)
  const line = /\bprogram\.js:(\d{1,6}):/.exec(scalarText(told.stack))?.[1]
  const where = line === undefined ? '' : ` in line ${line}`
  const message = scalarText(told.message).slice(0, MAX_MESSAGE)
  if (told.over === true && OURS.test(message)) {
    throw new UserError(`The program was stopped${where}: ${message}. Read less at once, or do less with it.`)
  }
  const name = /^[A-Za-z]{1,40}$/.test(scalarText(told.name)) ? `${scalarText(told.name)} ` : ''
  throw new UserError(`The program failed${where}: ${name}${quoted(message)}`)
}

/** The meter's reasons consist of plain words only; anything else could be the program's. */
const OURS = /^[a-z0-9 ,:']{1,120}$/i

function parsed(json: unknown): unknown {
  try {
    return typeof json === 'string' ? JSON.parse(json) : undefined
  } catch {
    return undefined
  }
}

const MAX_MESSAGE = 1_000

/** Releases what the runtime keeps for a stub. */
function dispose(stub: object): void {
  // TypeScript's library, as configured, doesn't declare the symbol yet.
  const symbol: unknown = Reflect.get(Symbol, 'dispose')
  const end: unknown = typeof symbol === 'symbol' ? Reflect.get(stub, symbol) : undefined
  if (typeof end === 'function') end.call(stub)
}
