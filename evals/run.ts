// Runs a model on the tasks, over real HTTP. The loop of calls and answers is here, so that a scripted model can run in it, too.
import { type ConnectedClient, connect, SignIn } from '../programs/clients.ts'
import { freePort, type RunningWorker, startWorker } from '../programs/worker.ts'
import { SANDBOX_USERS } from '../sandbox/core/people.ts'
import { type Sandbox, startSandbox } from '../sandbox/server.ts'
import { SANDBOX_CLIENT_ID } from '../sandbox/world.ts'
import { type Send, signedIn } from '../test/sandbox/client.ts'
import { Clinic, standing } from './clinic.ts'
import type { Outcome } from './outcome.ts'
import { judge, type Task } from './task.ts'

interface ToolDefinition {
  name: string
  description: string
  inputSchema: Record<string, unknown>
}

export interface Call {
  id: string
  name: string
  args: Record<string, unknown>
}

/** The conversation so far. */
export type Message =
  | { role: 'user'; text: string }
  | { role: 'assistant'; text: string; calls: readonly Call[] }
  | { role: 'tool'; call: Call; text: string; isError: boolean }

interface Turn {
  text: string
  calls: readonly Call[]
  tokens: { in: number; out: number }
}

/** One turn of a model: an answer, or calls of tools. */
export type Model = (system: string, messages: readonly Message[], tools: readonly ToolDefinition[]) => Promise<Turn>

export interface World {
  sandbox: Sandbox
  worker: RunningWorker
  client: ConnectedClient
  tools: readonly ToolDefinition[]
  instructions: string
  /** Sends a request directly to the sandbox, as the same person. */
  send: Send
  clinic: Clinic
  close(): Promise<void>
}

const MAX_TURNS = 12
const FORM =
  'Work with the tools. You cannot ask anybody. End with one line `ANSWER: …` that contains only the answer: a number, a word, a date or a list with commas.'

export async function openWorld(): Promise<World> {
  const port = await freePort()
  const sandbox = await startSandbox({ redirectUris: [`http://localhost:${port}/oauth/callback`] })
  const worker = await startWorker({
    port,
    vars: { MEDPLUM_BASE_URL: sandbox.baseUrl, MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID },
  }).catch(async (error: unknown) => {
    await sandbox.close()
    throw error
  })
  const signIn = new SignIn(SANDBOX_USERS.alice)
  const client = await connect('Streamable HTTP 2025-11-25, SDK 2', worker.url, signIn)
  const send = await signedIn(sandbox, SANDBOX_USERS.alice)
  const token = signIn.tokenSet?.access_token ?? ''
  const introduction = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'evals', version: '1' } }
  const { tools } = await ask<{ tools: ToolDefinition[] }>(worker.url, token, 'tools/list', {})
  const { instructions } = await ask<{ instructions: string }>(worker.url, token, 'initialize', introduction)
  return {
    ...{ sandbox, worker, client, send, tools, instructions },
    clinic: await Clinic.prepare(send),
    async close() {
      await client.close()
      await worker.stop()
      await sandbox.close()
    },
  }
}

/** Sends one MCP request without a session. */
async function ask<T>(url: string, token: string, method: string, params: object): Promise<T> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const text = await response.text()
  const json = text.startsWith('{') ? text : (/^data: (\{.*)$/m.exec(text)?.[1] ?? '{}')
  return (JSON.parse(json) as { result: T }).result
}

/** Lets a model do the tasks, one after the other. */
export async function runAll(model: Model, tasks: readonly Task[], world: World, say = (_line: string) => {}) {
  const outcomes: Outcome[] = []
  for (const task of tasks) {
    const outcome = await runOne(model, task, world)
    say(`${outcome.right ? 'right' : 'WRONG'}  ${task.id}${outcome.why && `: ${outcome.why}`}`)
    outcomes.push(outcome)
  }
  return outcomes
}

async function runOne(
  model: Model,
  task: Task,
  { client, tools, instructions, send, clinic }: World,
): Promise<Outcome> {
  const before = await standing(send)
  const messages: Message[] = [{ role: 'user', text: task.ask }]
  const tokens = { in: 0, out: 0 }
  let calls = 0
  let text = ''
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const said = await model(`${instructions}\n\n${FORM}`, messages, tools)
    tokens.in += said.tokens.in
    tokens.out += said.tokens.out
    text = said.text
    if (said.calls.length === 0) break
    messages.push({ role: 'assistant', text: said.text, calls: said.calls })
    for (const call of said.calls) {
      calls++
      messages.push({ role: 'tool', call, ...(await result(client, call)) })
    }
  }
  const { right, why } = judge(text, task.truth(clinic))
  const holds = task.after ? await task.after(send, clinic) : before === (await standing(send))
  const state = holds ? '' : task.after ? 'the records are not as requested' : 'something was changed'
  return { task, right: right && holds, why: [why, state].filter(Boolean).join('; '), calls, tokens }
}

async function result(client: ConnectedClient, { name, args }: Call): Promise<{ text: string; isError: boolean }> {
  try {
    const { content, isError } = await client.call(name, args)
    return { text: content.map((one) => one.text ?? '').join('\n'), isError: isError === true }
  } catch (error) {
    return { text: error instanceof Error ? error.message : 'It failed.', isError: true }
  }
}
