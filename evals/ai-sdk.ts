// A model of the AI SDK, with the user's own key in the environment variable that its provider reads.
import { generateText, jsonSchema, type LanguageModel, type ModelMessage, type ToolSet, tool } from 'ai'
import type { Message, Model } from './run.ts'

/** Each provider is loaded only when needed. */
const PROVIDERS: Record<string, (name: string) => Promise<LanguageModel>> = {
  anthropic: async (name) => (await import('@ai-sdk/anthropic')).anthropic(name),
  google: async (name) => (await import('@ai-sdk/google')).google(name),
  openai: async (name) => (await import('@ai-sdk/openai')).openai(name),
}

/** @param id `provider/name` */
export async function aiSdkModel(id: string): Promise<Model> {
  const at = id.indexOf('/')
  const open = PROVIDERS[id.slice(0, at)]
  if (at < 1 || !open) throw new Error(`--model is provider/name, with one of: ${Object.keys(PROVIDERS).join(', ')}.`)
  const model = await open(id.slice(at + 1))
  return async (system, messages, definitions) => {
    const tools: ToolSet = {}
    for (const { name, description, inputSchema } of definitions)
      tools[name] = tool({ description, inputSchema: jsonSchema(inputSchema) })
    const { text, toolCalls, usage } = await generateText({ model, system, messages: messages.map(written), tools })
    return {
      text,
      calls: toolCalls.map((call) => ({
        id: call.toolCallId,
        name: call.toolName,
        args: (call.input ?? {}) as Record<string, unknown>,
      })),
      tokens: { in: usage.inputTokens ?? 0, out: usage.outputTokens ?? 0 },
    }
  }
}

function written(message: Message): ModelMessage {
  if (message.role === 'user') return { role: 'user', content: message.text }
  if (message.role === 'tool') {
    const { call, text, isError } = message
    const output = { type: isError ? ('error-text' as const) : ('text' as const), value: text }
    return { role: 'tool', content: [{ type: 'tool-result', toolCallId: call.id, toolName: call.name, output }] }
  }
  const calls = message.calls.map(({ id, name, args }) => ({
    ...{ type: 'tool-call' as const, toolCallId: id, toolName: name },
    input: args,
  }))
  return {
    role: 'assistant',
    content: [...(message.text ? [{ type: 'text' as const, text: message.text }] : []), ...calls],
  }
}
