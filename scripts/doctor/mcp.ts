// Sends one MCP request of revision 2026-07-28, which needs no session.
import { ask } from './ask.ts'
import { brief } from './finding.ts'

const REVISION = '2026-07-28'

/** @returns the result. @throws with the text of the answer if there is none */
export async function callMcp(
  url: string,
  token: string,
  method: string,
  params: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': REVISION,
    'io.modelcontextprotocol/clientInfo': { name: 'medplum-mcp-doctor', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const { status, headers, text } = await ask(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': REVISION,
      'mcp-method': method,
      ...(typeof params.name === 'string' && { 'mcp-name': params.name }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
  })
  const streamed = headers.get('content-type')?.includes('text/event-stream')
  const result = (streamed ? dataOf(text) : [text]).map(resultIn).find((one) => one !== undefined)
  if (status === 200 && result) return result
  throw new Error(`${method} answered ${status}: ${brief(text)}`)
}

/** The data of each event. */
function dataOf(stream: string): string[] {
  return stream.split(/\r?\n\r?\n/).map((event) =>
    event
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice('data:'.length))
      .join('\n'),
  )
}

function resultIn(message: string): Record<string, unknown> | undefined {
  try {
    const { result } = JSON.parse(message)
    return typeof result === 'object' && result !== null ? result : undefined
  } catch {
    return undefined
  }
}
