import { expect, test } from 'vitest'
import { readBytes } from '../../../src/client/read-bytes.ts'

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

function answer(body: string, headers: Record<string, string> = {}): Response {
  return new Response(body, { headers })
}

test.each([
  ['of a known length', { 'content-length': '10' }],
  ['of no known length', {}],
])('a body %s is read whole if it fits', async (_, headers) => {
  const { bytes, before, more } = await readBytes(answer('0123456789', headers), { offset: 0, length: 10 })
  expect([text(bytes), before, more]).toEqual(['0123456789', undefined, false])
})

test.each([
  ['is larger', { 'content-length': '10' }],
  ['does not say how large it is', {}],
  ['is encoded, and larger than what was sent', { 'content-length': '4', 'content-encoding': 'gzip' }],
  ['says nothing that is a length', { 'content-length': 'four' }],
])('reads no more than was asked for from a body that %s', async (_, headers) => {
  const { bytes, more } = await readBytes(answer('0123456789', headers), { offset: 0, length: 4 })
  expect([text(bytes), more]).toEqual(['0123', true])
})

test('a part begins at the requested offset, and the byte before it is reported', async () => {
  const { bytes, before, more } = await readBytes(answer('0123456789', { 'content-length': '10' }), {
    offset: 3,
    length: 4,
  })
  expect([text(bytes), before, more]).toEqual(['3456', '2'.charCodeAt(0), true])
})
