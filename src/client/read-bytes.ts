// Reads part of a response's body: files may be larger than an answer can be.

/**
 * Reads `length` bytes from `offset`, and no more.
 *
 * @throws what the network throws
 */
export async function readBytes(
  response: Response,
  { offset, length }: { offset: number; length: number },
): Promise<{ bytes: Uint8Array<ArrayBuffer>; before: number | undefined; more: boolean }> {
  if (offset === 0 && sizeOf(response) <= length) {
    return { bytes: new Uint8Array(await response.arrayBuffer()), before: undefined, more: false }
  }
  const reader = response.body?.getReader()
  const chunks: Uint8Array[] = []
  let position = 0
  let kept = 0
  let before: number | undefined
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done || !value) return { bytes: join(chunks, kept), before, more: false }
    const from = Math.max(0, offset - position)
    const wanted = value.subarray(from, Math.max(from, from + length - kept))
    before = value[offset - 1 - position] ?? before
    position += value.byteLength
    if (wanted.byteLength > 0) chunks.push(wanted)
    kept += wanted.byteLength
    if (position > offset + length) {
      await reader?.cancel().catch(() => {})
      return { bytes: join(chunks, kept), before, more: true }
    }
  }
}

/** How many bytes the body has according to HTTP; NaN if unknown, or if the body is encoded. */
function sizeOf({ headers }: Response): number {
  return headers.has('content-encoding') ? Number.NaN : Number(headers.get('content-length') ?? Number.NaN)
}

function join(chunks: Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.byteLength
  }
  return joined
}
