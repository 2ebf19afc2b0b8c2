/** Runs one bot once, in a thread of its own. Each call of its `medplum` client is passed to the sandbox's main thread. */
import { createRequire } from 'node:module'
import { compileFunction } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'

/** What the thread is started with. */
export interface BotJob {
  /** CommonJS. */
  code: string
  input: unknown
  contentType: string | undefined
  secrets: Record<string, unknown>
  bot: { reference: string }
  requester: { reference?: string } | undefined
}

/** A message from the thread: a call to make, or how the bot ended. */
export type FromBot = { call: number; method: string; args: unknown[] } | { value: unknown } | { error: string }

/** The answer to a call. */
export interface ToBot {
  call: number
  value?: unknown
  error?: string
}

type Handler = (medplum: unknown, event: unknown) => unknown

const HL7 = 'x-application/hl7-v2+er7'
const waiting = new Map<number, (answer: ToBot) => void>()
const say = (message: FromBot) => parentPort?.postMessage(message)

parentPort?.on('message', (answer: ToBot) => waiting.get(answer.call)?.(answer))
run(workerData as BotJob)
  .then(
    (value) => say({ value }),
    (error) => say({ error: error instanceof Error ? error.message : String(error) }),
  )
  .finally(() => parentPort?.close())

async function run({ code, input, contentType, ...event }: BotJob): Promise<unknown> {
  const require = createRequire(import.meta.url)
  const module: { exports: { handler?: Handler } } = { exports: {} }
  // Medplum appends this line, too: if the code ends without a semicolon, it calls the value of the code's last expression.
  const load = compileFunction(`${code}\n(async () => {})();`, ['exports', 'module', 'require', 'console'])
  load(module.exports, module, require, silent())
  const hl7 = contentType === HL7 && typeof input === 'string'
  const parsed = hl7 ? require('@medplum/core').Hl7Message.parse(input) : input
  const { handler } = module.exports
  if (typeof handler !== 'function') {
    throw new TypeError('exports.handler is not a function')
  }
  const result = await handler(medplum(), { ...event, input: parsed, contentType })
  if (contentType === HL7 && result) {
    return String(result)
  }
  return result === undefined ? undefined : JSON.parse(JSON.stringify(result))
}

/** A client that sends each method call as a message; the main thread decides which methods exist. */
function medplum(): unknown {
  let calls = 0
  const call = async (method: string, args: unknown[]) => {
    const id = calls++
    const answered = new Promise<ToBot>((resolve) => waiting.set(id, resolve))
    say({ call: id, method, args: args.map(cloneable) })
    const { value, error } = await answered
    waiting.delete(id)
    if (error !== undefined) {
      throw new Error(error)
    }
    return value
  }
  return new Proxy(
    {},
    {
      get: (_, method) =>
        typeof method === 'string' && method !== 'then' ? (...args: unknown[]) => call(method, args) : undefined,
    },
  )
}

function cloneable(value: unknown): unknown {
  return value instanceof URLSearchParams ? value.toString() : value
}

function silent(): unknown {
  return new Proxy({}, { get: () => () => undefined })
}
