// Files as Binary: uploaded as base64 or text, returned as content that fits, and never a signed address.
import { beforeAll, expect, test } from 'vitest'
import { GET, POST } from '../../calls.ts'
import { deployment, say } from '../world/deployment.ts'
import { fhir } from '../world/mcp.ts'
import { medplumToken, type Resource } from '../world/medplum.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { alice, SANDBOX, sandbox } from '../world/world.ts'

let tokens: Tokens
beforeAll(async () => {
  tokens = await signIn(alice)
})
const call = (args: Record<string, unknown>) => fhir(tokens.access, args)

async function upload(body: string, contentType: string): Promise<string> {
  const { isError, text } = await call(POST('Binary', body, { contentType }))
  expect(isError, text).toBe(false)
  expect(text).not.toContain('Signature=')
  return `Binary/${JSON.parse(text).id}`
}

/** The file's text, without the lines that set it apart. */
function unquoted(text: string): string {
  const [, mark = ''] = /up to the line (\S+):\n/.exec(text) ?? []
  return text.slice(text.indexOf('\n') + 1, text.lastIndexOf(`\n${mark}`))
}

test('an image comes back as an image', async () => {
  const data = btoa('\x89PNG\r\n\0\xff')
  const path = await upload(`data:image/png;base64,${data}`, 'image/png')
  const { content } = await call(GET(path))
  expect(content).toContainEqual({ type: 'image', data, mimeType: 'image/png' })
})

test('a PDF comes back as an embedded resource', async () => {
  const blob = btoa('%PDF-1.7\n\0\xff')
  const path = await upload(blob, 'application/pdf')
  const { content } = await call(GET(path))
  const resource = { uri: `fhir:///${path}`, mimeType: 'application/pdf', blob }
  expect(content).toContainEqual({ type: 'resource', resource })
})

test('a text comes back as text, in parts where it is long', async () => {
  const text = Array.from({ length: 6000 }, (_, n) => `Zeile ${n}: Grüße 😀 an alle Leser\n`).join('')
  const path = await upload(text, 'text/plain')
  let joined = ''
  for (let offset: number | undefined; ; ) {
    const part = await call(GET(path, { ...(offset !== undefined && { offset }) }))
    joined += unquoted(part.text)
    const next = /offset=(\d+)/.exec(part.notes)?.[1]
    if (next === undefined) break
    offset = Number(next)
  }
  expect(joined === text).toBe(true)
})

test('a large file is announced first, and its parts join to the original', async () => {
  const original = Array.from({ length: 1_500_000 }, (_, n) => String.fromCharCode(32 + ((n * 7919) % 89))).join('')
  const path = 'Binary/large'
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(original.length) }
  await sandbox.faults([{ path: '^/fhir/R4/Binary/large$', times: 3, status: 200, headers, body: original }])
  const first = await call(GET(path))
  expect(first.content).toHaveLength(1)
  expect(first.text).toMatch(/application\/octet-stream, 1500000 bytes.*offset=0/)
  let joined = ''
  for (let offset: number | undefined = 0; offset !== undefined; ) {
    const part: Awaited<ReturnType<typeof call>> = await call(GET(path, { offset }))
    const block = part.content[1] as unknown as { resource: { blob: string } }
    joined += atob(block.resource.blob)
    const next: string | undefined = /offset=(\d+)/.exec(part.text)?.[1]
    offset = next === undefined ? undefined : Number(next)
  }
  expect(joined === original).toBe(true)
})

test('signed addresses become paths that can be read', async () => {
  const found = await call(GET('DocumentReference?_count=1'))
  const { url } = JSON.parse(found.text).entry[0].resource.content[0].attachment
  expect(url).toMatch(/^Binary\/[0-9a-f-]{36}$/)
  const signed = await call(GET(`${url}/$presigned-url`))
  expect(JSON.parse(signed.text).parameter[0].valueUri).toBe(url)
  expect((await call(GET(url))).isError).toBe(false)
  const id = url.slice('Binary/'.length)
  const hosted = `https://storage.medplum.com/binary/${id}/${id}?Expires=1&Key-Pair-Id=K&Signature=abc~d_`
  const body = { resourceType: 'Basic', code: { text: `The file: ${hosted} (PDF)` } }
  const { result, requests } = await sandbox.during(() => call(POST('Basic', body)))
  expect(requests).toHaveLength(1)
  expect(JSON.parse(result.text).code.text).toBe(`The file: ${url} (PDF)`)
})

test("an export's records are selected line by line, and counted", async () => {
  const lines = Array.from({ length: 3000 }, (_, n) =>
    JSON.stringify({ resourceType: 'Patient', id: `p-${n}`, gender: 'female' }),
  )
  const path = await upload(btoa(lines.join('\n')), 'application/fhir+ndjson')
  const ids: string[] = []
  for (let offset: number | undefined; ; ) {
    const part = await call({
      ...GET(path, { select: ['id', 'gender'], maxChars: 8000 }),
      ...(offset !== undefined && { offset }),
    })
    const all = part.content.map((block) => (block as { text?: string }).text ?? '').join('\n')
    expect(all.length).toBeLessThan(8000)
    expect(all).not.toContain('resourceType')
    ids.push(...[...all.matchAll(/^p-\d+|^\d+$/gm)].map(([id]) => id))
    const next = /offset=(\d+)/.exec(all)?.[1]
    if (next === undefined) break
    offset = Number(next)
  }
  expect(ids).toHaveLength(3000)
  const counted = await say(deployment({}), tokens.access, 'fhir-digest', { path })
  expect(counted.text).toContain('Digest of all 3,000 resources in 1 row.')
  const text = await upload('no records', 'text/plain')
  expect((await call(GET(text, { select: ['id'] }))).notes).toContain('`select` has no effect here')
  const refused = await say(deployment({}), tokens.access, 'fhir-digest', { path: text })
  expect(refused.text).toContain('does not have one FHIR record per line')
})

test('JSON in another encoding than its media type says is reported', async () => {
  const medplum = await medplumToken()
  const headers = { authorization: `Bearer ${medplum}`, 'content-type': 'application/json' }
  const body = Uint8Array.from('{"dose":"5 \u00b5g"}', (char) => char.charCodeAt(0))
  const { id } = await (await fetch(`${SANDBOX}fhir/R4/Binary`, { method: 'POST', headers, body })).json<Resource>()
  expect((await call(GET(`Binary/${id}`))).notes).toContain('not valid UTF-8')
})

test('text that UTF-8 cannot encode is refused; XML that declares another encoding is reported', async () => {
  const half = await call(POST('Binary', 'a\ud800', { contentType: 'text/plain' }))
  expect([half.isError, half.text]).toEqual([true, expect.stringContaining('half a character')])
  const xml = '<?xml version="1.0" encoding="ISO-8859-1"?><a/>'
  const stored = await call(POST('Binary', xml, { contentType: 'application/xml' }))
  expect(stored.notes).toContain('encoding="ISO-8859-1"')
})

test('a digest of a file that was read in part says why, and what to do', async () => {
  const medplum = await medplumToken()
  const headers = { authorization: `Bearer ${medplum}`, 'content-type': 'application/fhir+ndjson' }
  const file = async (count: number, size: number) => {
    const line = JSON.stringify({ resourceType: 'Patient', id: 'p', gender: 'female', text: 'x'.repeat(size) })
    const body = `${line}\n`.repeat(count)
    const { id } = await (await fetch(`${SANDBOX}fhir/R4/Binary`, { method: 'POST', headers, body })).json<Resource>()
    return (await say(deployment({}), tokens.access, 'fhir-digest', { path: `Binary/${id}` })).text
  }
  const large = await file(9000, 1000)
  expect(large).toMatch(/FIRST [5-8],\d{3} resources only.*at most the first 8 MiB of a file\. .*_since\.$/m)
  expect(await file(10_001, 1)).toContain('a digest counts at most 10,000.')
  expect(await file(10_000, 1)).toContain('Digest of all 10,000 resources')
})

test.each(['text/csv', 'text/plain', 'application/json', 'x-application/hl7-v2+er7'])(
  'a file of %s is set apart from the answer in every format',
  async (contentType) => {
    const body = contentType.includes('hl7') ? 'MSH|^~\\&|A|B|C|D|20260101120000||ADT^A04|1|P|2.5' : '{"a":1}'
    const path = await upload(body, contentType)
    for (const format of ['compact', 'json']) {
      const { content } = await call(GET(path, { format }))
      expect(JSON.stringify(content)).toMatch(/quoted record content up to the line end-of-content-/)
    }
  },
)

test('CSV is set apart from the answer in every format', async () => {
  for (const format of ['compact', 'json']) {
    const { content } = await call(GET('Patient/$csv?_count=1&_fields=id', { format }))
    expect(JSON.stringify(content)).toMatch(/quoted record content up to the line end-of-content-/)
  }
})

test('a JSON file shows no secret, from any offset', async () => {
  const body = JSON.stringify({ resourceType: 'JsonWebKey', note: 'x'.repeat(3000), d: 'very-secret-value' }, null, 2)
  await sandbox.faults([
    { path: '^/fhir/R4/Binary/keys$', times: 4, status: 200, headers: { 'content-type': 'application/json' }, body },
  ])
  for (const offset of [undefined, body.indexOf('very-') + 2]) {
    const { text } = await call(GET('Binary/keys', { ...(offset !== undefined && { offset }) }))
    expect(text).not.toContain('secret-value')
  }
})

test('a text in another charset is decoded', async () => {
  const path = 'Binary/latin'
  const headers = { 'content-type': 'text/plain; charset=iso-8859-1' }
  await sandbox.faults([{ path: '^/fhir/R4/Binary/latin$', times: 1, status: 200, headers, body: 'plain' }])
  const { content } = await call(GET(path))
  expect(JSON.stringify(content)).toContain('plain')
})
