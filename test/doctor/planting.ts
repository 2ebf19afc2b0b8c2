// A proxy in front of a running Worker that plants one fault at a time: the Worker sees its own address, the caller the proxy's.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ask } from '../../scripts/doctor/ask.ts'

export interface Passing {
  path: string
  method: string
  status: number
  headers: Headers
  text: string
}

/** What goes wrong on the way: with the request before it is passed on, with the answer after. */
export interface Fault {
  request?: (headers: Record<string, string>, path: string, targetPort: number) => void
  answer?: (passing: Passing) => void
}

export async function startPlanting(targetPort: () => number) {
  let fault: Fault = {}
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const inward = (text: string) => swap(text, port, targetPort())
    const outward = (text: string) => swap(text, targetPort(), port)
    const path = inward(request.url ?? '/')
    const headers = plainHeaders(request.headers, inward)
    fault.request?.(headers, path, targetPort())
    const body = inward(Buffer.concat(chunks).toString())
    const answer = await ask(`http://localhost:${targetPort()}${path}`, {
      method: request.method ?? 'GET',
      headers,
      ...(body && { body }),
    }).catch(() => ({ status: 502, headers: new Headers(), text: 'The Worker is away' }))
    const passing: Passing = { ...answer, path, method: request.method ?? 'GET', text: outward(answer.text) }
    passing.headers = new Headers([...answer.headers].map(([name, value]) => [name, outward(value)]))
    for (const name of ['content-length', 'transfer-encoding', 'connection']) passing.headers.delete(name)
    fault.answer?.(passing)
    response.writeHead(passing.status, [...passing.headers].flat()).end(passing.text)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://localhost:${port}`,
    plant: (next: Fault) => {
      fault = next
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function swap(text: string, from: number, to: number): string {
  return text.replaceAll(`localhost:${from}`, `localhost:${to}`).replaceAll(`localhost%3A${from}`, `localhost%3A${to}`)
}

function plainHeaders(headers: IncomingHttpHeaders, inward: (text: string) => string): Record<string, string> {
  // Answers are read as text here, so they mustn't be compressed.
  const dropped = ['connection', 'content-length', 'transfer-encoding', 'accept-encoding']
  const kept = Object.entries(headers).filter(([name]) => !dropped.includes(name))
  return Object.fromEntries(kept.map(([name, value]) => [name, inward(String(value))]))
}
