// The rest of the MCP surface as a client sees it: any tool, resource, prompt or completion, in an era of its choice.
import { POST } from '../../calls.ts'
import { post, postModern, type RpcAnswer, rpc } from './mcp.ts'

/** One request of 2025-11-25, without a session. */
export async function ask(access: string, method: string, params: Record<string, unknown> = {}): Promise<RpcAnswer> {
  return rpc(await post(access, { jsonrpc: '2.0', id: 1, method, params }, { 'mcp-protocol-version': '2025-11-25' }))
}

/** One request of 2026-07-28. */
export async function askModern(
  access: string,
  method: string,
  params: Record<string, unknown> = {},
  name?: string,
): Promise<RpcAnswer> {
  return rpc(await postModern(access, method, params, name))
}

interface ToolAnswer {
  isError: boolean
  content: { type: string; text: string }[]
  structured: Record<string, unknown> | undefined
}

/** What a tool answers. */
export async function callTool(access: string, name: string, args: Record<string, unknown>): Promise<ToolAnswer> {
  const { result, error } = await ask(access, 'tools/call', { name, arguments: args })
  if (!result) throw new Error(`JSON-RPC error ${error?.code}: ${error?.message}`)
  return {
    isError: result.isError === true,
    content: result.content,
    structured: result.structuredContent as Record<string, unknown> | undefined,
  }
}

/** The answer of a tool whose contract is one text of JSON, repeated as structured content; both are compared here. */
export async function contract<T>(access: string, name: string, args: Record<string, unknown>): Promise<T> {
  const { isError, content, structured } = await callTool(access, name, args)
  if (isError) throw new Error(content[0]?.text)
  if (content.length !== 1 || content[0]?.type !== 'text') throw new Error(`${content.length} pieces of content`)
  const text = JSON.parse(content[0].text)
  if (JSON.stringify(text) !== JSON.stringify(structured)) throw new Error('Text and structured content differ')
  return text
}

/** The JSON of a tool's definition in the list. */
export async function definitionOf(access: string, name: string): Promise<Record<string, unknown> | undefined> {
  const { result } = await ask(access, 'tools/list')
  return (result?.tools as Record<string, unknown>[] | undefined)?.find((tool) => tool.name === name)
}

/** Creates a record for a test. @returns its id */
export async function create(
  access: string,
  resource: Record<string, unknown> & { resourceType: string },
): Promise<string> {
  const args = POST(resource.resourceType, resource)
  const { isError, content } = await callTool(access, 'fhir-request', args)
  if (isError) throw new Error(content[0]?.text)
  return /"id":"([^"]+)"/.exec(content[0]?.text ?? '')?.[1] ?? ''
}

/** The hints of a tool that only reads. */
export const READ_ONLY = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false }
