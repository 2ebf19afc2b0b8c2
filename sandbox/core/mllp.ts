/**
 * HL7 v2 messages over TCP (HL7 Minimal Lower Layer Protocol): a message stands between the bytes VT and FS CR. Too little code to
 * be worth a dependency.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

const START = '\x0b'
const END = '\x1c\r'

/**
 * Sends a message and waits for the answer to it.
 * @param url `mllp://host:port`
 * @param timeout in ms
 * @returns the answer
 * @throws {Error} "Timeout", or why the connection failed
 */
export async function send(url: string, message: string, timeout: number): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  try {
    return await new Promise<string>((resolve, reject) => {
      socket.setTimeout(timeout, () => reject(new Error('Timeout')))
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('Connection closed')))
      onMessage(socket, resolve)
      socket.write(START + message + END)
    })
  } finally {
    socket.destroy()
  }
}

export interface Listening {
  port: number
  close(): Promise<void>
}

/** Listens on a free port of this machine. @param answer to each message */
export async function listen(answer: (message: string) => string): Promise<Listening> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    onMessage(socket, (message) => socket.write(START + answer(message) + END))
  })
  // The listener alone must not keep the process running.
  server.unref()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) {
        socket.destroy()
      }
      server.close()
      await once(server, 'close')
    },
  }
}

function onMessage(socket: Socket, take: (message: string) => void): void {
  let received = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    const parts = (received + text).split(END)
    received = parts.pop() ?? ''
    for (const part of parts) {
      take(part.replace(START, ''))
    }
  })
}
