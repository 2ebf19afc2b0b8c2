// Time limits whose timer ends with the work. AbortSignal.timeout would keep a Durable Object in memory until it fires.

/**
 * Runs `work` with a signal that aborts after `ms` milliseconds, or when `parent` does.
 *
 * After a timeout, the signal's `reason` is a `TimeoutError`, as with AbortSignal.timeout.
 */
export async function withDeadline<T>(
  ms: number,
  parent: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new DOMException('The time limit was reached', 'TimeoutError')), ms)
  const abort = () => controller.abort(parent?.reason)
  if (parent?.aborted) abort()
  parent?.addEventListener('abort', abort)
  try {
    return await work(controller.signal)
  } finally {
    clearTimeout(timer)
    parent?.removeEventListener('abort', abort)
  }
}

/** Whether this signal aborted because its time was over. */
export function timedOut(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
}
