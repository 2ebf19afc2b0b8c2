/** A scripted model: it calls a given tool, and then repeats the tool's answer. */
import { once } from 'node:events'
import { createServer } from 'node:http'

export interface Model {
  /** Base address, without a path. */
  url: string
  /** The tool that it calls next; hosts put prefixes before its name. */
  next: { tool: string; args: object }
  /** Names of the tools that the host offered last. */
  offered: string[]
  close(): void
}

type Json = Record<string, unknown>
/** What it says if the tool isn't offered. */
export const NOTHING = 'nothing to call'

interface Turn {
  name: string | undefined
  namespace: string | undefined
  args: string
  /** What the tool answered, once it did. */
  answer: string | undefined
}

/** The API formats, by the end of their address: the events of a turn. */
const FORMS: Record<string, (turn: Turn) => Json[]> = {
  '/v1/messages': ({ name, args, answer }) => {
    const calls = name !== undefined && answer === undefined
    const block = calls ? { type: 'tool_use', id: 'toolu_1', name, input: {} } : { type: 'text', text: '' }
    const delta = calls
      ? { type: 'input_json_delta', partial_json: args }
      : { type: 'text_delta', text: answer ?? NOTHING }
    const usage = { input_tokens: 1, output_tokens: 1 }
    const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'script', content: [], usage }
    return [
      { type: 'message_start', message: { ...message, stop_reason: null, stop_sequence: null } },
      { type: 'content_block_start', index: 0, content_block: block },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: calls ? 'tool_use' : 'end_turn', stop_sequence: null }, usage },
      { type: 'message_stop' },
    ]
  },
  '/v1/chat/completions': ({ name, args, answer }) => {
    const calls = name !== undefined && answer === undefined
    const tool_calls = [{ index: 0, id: 'call_1', type: 'function', function: { name, arguments: args } }]
    const delta = calls ? { role: 'assistant', tool_calls } : { role: 'assistant', content: answer ?? NOTHING }
    const chunk = (choice: Json) => ({
      ...{ id: 'chat_1', object: 'chat.completion.chunk', created: 1, model: 'script' },
      choices: [{ index: 0, ...choice }],
    })
    return [chunk({ delta, finish_reason: null }), chunk({ delta: {}, finish_reason: calls ? 'tool_calls' : 'stop' })]
  },
  '/v1/responses': ({ name, namespace, args, answer }) => {
    const calls = name !== undefined && answer === undefined
    const text = { type: 'output_text', text: answer ?? NOTHING, annotations: [] }
    const item = calls
      ? { type: 'function_call', id: 'fc_1', call_id: 'call_1', name, namespace, arguments: args, status: 'completed' }
      : { type: 'message', id: 'msg_1', role: 'assistant', content: [text], status: 'completed' }
    const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 }
    return [
      { type: 'response.created', response: { id: 'resp_1' } },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { id: 'resp_1', output: [item], usage } },
    ]
  },
  ':streamGenerateContent': ({ name, args, answer }) => {
    const calls = name !== undefined && answer === undefined
    const part = calls ? { functionCall: { name, args: JSON.parse(args) as Json } } : { text: answer ?? NOTHING }
    return [{ candidates: [{ index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' }] }]
  },
}

export async function startModel(): Promise<Model> {
  const model = { url: '', next: { tool: '', args: {} }, offered: [] as string[], close: () => {} }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { pathname } = new URL(request.url ?? '', 'http://model')
    const [ending, form] = Object.entries(FORMS).find(([end]) => pathname.endsWith(end)) ?? []
    if (!form || request.method !== 'POST') return void response.writeHead(404).end('{}')
    const asked = JSON.parse(body) as Json
    // Some hosts write an underscore for a hyphen.
    const offered = offeredIn(asked.tools).map((one) => ({ ...one, plain: one.name.replaceAll('_', '-') }))
    if (offered.length > 0) model.offered = offered.map(({ plain }) => plain)
    const chosen = offered.find(({ plain }) => plain.endsWith(model.next.tool))
    const { name, namespace } = chosen ?? {}
    const turn = { name, namespace, args: JSON.stringify(model.next.args), answer: answerIn(asked) }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of form(turn)) {
      response.write(`${'type' in event ? `event: ${event.type}\n` : ''}data: ${JSON.stringify(event)}\n\n`)
    }
    response.end(ending?.startsWith('/') ? 'data: [DONE]\n\n' : '')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('No address')
  model.url = `http://127.0.0.1:${address.port}`
  model.close = () => {
    server.closeAllConnections()
    server.close()
  }
  return model
}

interface Offered {
  name: string
  /** Codex puts the tools of a server into one. */
  namespace?: string
}

function offeredIn(tools: unknown, namespace?: string): Offered[] {
  if (!Array.isArray(tools)) return []
  type Tool = { name?: string; function?: { name?: string }; tools?: unknown; functionDeclarations?: unknown }
  return tools.flatMap((tool: Tool): Offered[] => {
    const name = tool.name ?? tool.function?.name
    if (Array.isArray(tool.tools)) return offeredIn(tool.tools, name)
    if (Array.isArray(tool.functionDeclarations)) return offeredIn(tool.functionDeclarations)
    return name === undefined ? [] : [{ name, ...(namespace !== undefined && { namespace }) }]
  })
}

/** What a tool answered, in whichever form; undefined before it did. */
function answerIn({ messages, input, contents }: Json): string | undefined {
  const found: string[] = []
  const look = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) look(one)
    if (typeof value !== 'object' || value === null) return
    const one = value as Json
    if (one.type === 'tool_result' || one.role === 'tool') found.push(textOf(one.content))
    else if (one.type === 'function_call_output') found.push(textOf(one.output))
    else if (one.functionResponse) found.push(textOf(one.functionResponse))
    else for (const inner of Object.values(one)) look(inner)
  }
  look(messages)
  look(input)
  look(contents)
  return found.at(-1)
}

function textOf(content: unknown): string {
  return typeof content === 'string' ? content : JSON.stringify(content)
}
