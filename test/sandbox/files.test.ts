/** Files in the default world: what recordings can't show, since no time passes in them and nobody is refused. */

import type { Binary, Bundle, DocumentReference } from '@medplum/fhirtypes'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'

import { type Send, signedIn } from './client.ts'

let clock = Date.now()
let sandbox: Sandbox
let alice: Send

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => clock })
})
// Tests move the clock beyond the life of a token.
beforeEach(async () => {
  alice = await signedIn(sandbox, SANDBOX_USERS.alice)
})
afterAll(() => sandbox.close())

it('gives back the bytes of a PDF as they were sent', async () => {
  const pdf = new Uint8Array([...new TextEncoder().encode('%PDF-1.7\n'), 0, 255, 254, 128])
  const { status, body } = await alice<Binary>('POST', 'Binary?_filename=letter.pdf', pdf, {
    'content-type': 'application/pdf',
  })
  expect(status).toBe(201)
  const file = await fetch(body.url ?? '')
  expect(file.headers.get('content-type')).toBe('application/pdf')
  expect(new Uint8Array(await file.arrayBuffer())).toEqual(pdf)
})

it("ends a link's life after an hour and refuses one that was changed", async () => {
  const found = await alice<Bundle<DocumentReference>>('GET', 'DocumentReference?_count=1')
  const url = found.body.entry?.[0]?.resource?.content[0]?.attachment.url ?? ''
  expect(url).toMatch(/\/storage\/.+Expires=\d+&Signature=.{300}/)
  expect((await fetch(url)).status).toBe(200)
  expect((await fetch(url.replace(/Expires=\d/, 'Expires=9'))).status).toBe(401)
  clock += 3_601_000
  expect((await fetch(url)).status).toBe(410)
})
