// Errors of the connection between this server and Medplum.
import { ToldError } from '../base/told-error.ts'

/** The request could not be sent or its answer not read. Without a status it may be unknown whether Medplum acted. */
export class TransportError extends ToldError {
  override readonly name = 'TransportError'
}

/** The Medplum session behind a grant has ended, or can't be reached now. The message is for the person. */
export class SessionError extends ToldError {
  override readonly name = 'SessionError'
}

/** The network failed, or the request was aborted; the signal tells which. The sender turns it into a TransportError. */
export class ConnectionLost extends Error {}

/** @throws {ConnectionLost} */
export function connectionLost(): never {
  throw new ConnectionLost()
}

/**
 * Waits, unless the call ends before.
 *
 * @throws {ConnectionLost} when the signal aborts
 */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new ConnectionLost()
  await new Promise<void>((resolve, reject) => {
    const end = () => {
      clearTimeout(timer)
      reject(new ConnectionLost())
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end)
      resolve()
    }, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
