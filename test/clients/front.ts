/** A proxy between the clients and the server, which can refuse a token as the server refuses an expired one. */
import { once } from 'node:events'
import { createServer, request } from 'node:http'

export interface Front {
  expire(accessToken: string): void
  close(): void
}

/**
 * @param port the port for clients, as in PUBLIC_URL
 * @param target port of the Worker
 */
export async function startFront(port: number, target: number): Promise<Front> {
  const expired = new Set<string>()
  const server = createServer((asked, answer) => {
    const headers = { ...asked.headers }
    const bearer = headers.authorization?.replace(/^Bearer /i, '') ?? ''
    if (expired.has(bearer)) headers.authorization = `Bearer ${bearer}-expired`
    const { method, url } = asked
    const sent = request({ host: '127.0.0.1', port: target, path: url, method, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers)
      answered.pipe(answer)
      answer.on('close', () => sent.destroy())
    })
    sent.on('error', () => answer.destroy())
    asked.pipe(sent)
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    expire: (accessToken) => expired.add(accessToken),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
