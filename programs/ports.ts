/** Finds free ports for a server on `localhost`: free on both loopback addresses. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { freePort } from './worker.ts'

const LOOPBACKS = ['127.0.0.1', '::1']
/** How many ports after the usual one to try before any other. */
const NEAR = 20

/**
 * The usual port, the next free one after it, or any.
 *
 * @param other a port that is already taken
 */
export async function freePortFrom(usual: number, other?: number): Promise<number> {
  for (let port = usual; port < usual + NEAR; port++) if (port !== other && (await isFree(port))) return port
  return freePort()
}

/** Whether a port is free and a server may listen on it. Both are tried: some systems let two servers share a port. */
export async function isFree(port: number): Promise<boolean> {
  for (const host of LOOPBACKS) if ((await answers(port, host)) || !(await canListen(port, host))) return false
  return true
}

async function answers(port: number, host: string): Promise<boolean> {
  const socket = connect({ port, host, timeout: 1_000 })
  try {
    // A listener that is too busy to accept still counts.
    await Promise.race([once(socket, 'connect'), once(socket, 'timeout')])
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function canListen(port: number, host: string): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, host), 'listening')
  } catch (error) {
    // A machine without IPv6 has no such address, and nobody else can listen there.
    return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes((error as NodeJS.ErrnoException).code ?? '')
  }
  server.close()
  await once(server, 'close')
  return true
}

/**
 * The port in a setting or argument.
 *
 * @param name how the person gave it, for the error
 * @throws {RangeError} for an invalid port
 */
export function portOf(text: string, name: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw new RangeError(`${name} must be a port from 1 to 65535, not "${text}".`)
  return port
}
