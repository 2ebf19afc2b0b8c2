/** A Medplum that records what it receives, with each body as Medplum's own parsers read it, and answers as if everything succeeded. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseBody } from '../../sandbox/http/body.ts'
import type { Received } from './effects.ts'

export interface Arrived extends Received {
  /** As it stood on the wire. */
  target: string
  headers: Record<string, string>
}

interface RecordingMedplum {
  fhirBase: URL
  /** The requests since the last call. */
  arrived(): Arrived[]
  close(): void
}

/** A mark in every record of the other patient. */
export const FOREIGN = 'Someone-Else-4711'
export const OWN_ID = 'own'
export const OTHER_ID = 'other'

export async function startRecording(): Promise<RecordingMedplum> {
  let arrived: Arrived[] = []
  const server = createServer(async (request, response) => {
    const one = await read(request)
    arrived.push(one)
    const body = JSON.stringify(answerTo(one))
    const status = one.method === 'POST' && !one.path.includes('$') && one.path !== '' ? 201 : 200
    response.writeHead(status, { 'content-type': 'application/fhir+json' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    fhirBase: new URL(`http://127.0.0.1:${port}/fhir/R4/`),
    arrived() {
      const all = arrived
      arrived = []
      return all
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function read(request: IncomingMessage): Promise<Arrived> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  const method = request.method ?? ''
  const target = request.url ?? ''
  const path = target.replace(/^\/fhir\/R4\/?/, '')
  const isFile = /^(POST Binary(\?|$)|PUT Binary\/[^/?]+(\?|$))/.test(`${method} ${path}`)
  const body = bytes.byteLength === 0 || isFile ? undefined : await parseBody(headers, bytes)
  return { method, target, path, headers, body }
}

/** A record at any address: of the one patient, unless the address names the other. */
function record(type: string, id: string) {
  const isOther = id === OTHER_ID
  const subject = { reference: `Patient/${isOther ? OTHER_ID : OWN_ID}`, ...(isOther && { display: FOREIGN }) }
  const base = { resourceType: type, id, meta: { versionId: '1', lastUpdated: '2026-01-01T00:00:00Z' } }
  if (type === 'Patient') return { ...base, name: [{ family: isOther ? FOREIGN : 'Own' }] }
  return { ...base, status: 'final', code: { text: isOther ? FOREIGN : 'own' }, subject }
}

function answerTo({ method, path, body }: Arrived): unknown {
  const [place = '', query = ''] = path.split('?')
  const [type = '', id = '', more] = place.split('/')
  if (place === 'metadata') return { resourceType: 'CapabilityStatement' }
  if (place === '' && method === 'POST') {
    const entries = (body as { entry?: { request?: { url?: string } }[] } | undefined)?.entry ?? []
    const answers = entries.map((entry) => {
      const [entryType = 'Basic', entryId = OTHER_ID] = (entry?.request?.url ?? '').split(/[/?]/)
      return { response: { status: '200' }, resource: record(entryType, entryId) }
    })
    return { resourceType: 'Bundle', type: 'batch-response', entry: answers }
  }
  if (/^[A-Z]/.test(type) && id !== '' && !id.startsWith('_') && more === undefined)
    return record(type, decodeURIComponent(id))
  const isOwn = decodeURIComponent(query).includes(`_compartment=Patient/${OWN_ID}`)
  const found = /^[A-Z][A-Za-z]*$/.test(type) ? type : 'Observation'
  const ids = isOwn ? [OWN_ID] : [OWN_ID, OTHER_ID]
  const entry = ids.map((one) => ({ resource: record(found, one), search: { mode: 'match' } }))
  return { resourceType: 'Bundle', type: 'searchset', entry }
}
