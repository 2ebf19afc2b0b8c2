/** Binaries over HTTP. As in Medplum, they bypass FhirRouter, since bodies and answers are the files themselves. */

import { allOk, badRequest, notFound, type WithId } from '@medplum/core'
import type { FhirRouter } from '@medplum/fhir-router'
import type { Binary, Parameters } from '@medplum/fhirtypes'
import { FHIR_JSON, fail } from '../core/answers.ts'
import { paramOf, recordsOf } from '../records/repository.ts'
import { fileOf, signedUrl } from '../records/storage.ts'
import { type Call, type DirectRoute, resourceAnswer, resourceHeaders, withoutQuotaHeader } from './direct.ts'

/** Some entries of Medplum's longer lists. */
const REFUSED_EXTENSIONS = /\.(app|bat|cmd|com|dll|exe|hta|jar|js|jse|lnk|msi|ps1|reg|scr|sh|vbs|wsf)$/i
const REFUSED_TYPES = [
  'application/java-archive',
  'application/x-dosexec',
  'application/x-msdownload',
  'application/x-sh',
]

export const binaryRoutes: DirectRoute[] = [
  ['POST', /^\/Binary\/?$/, withoutQuotaHeader((call) => write(call))],
  ['PUT', /^\/Binary\/([^/$]+)$/, withoutQuotaHeader(write)],
  ['GET', /^\/Binary\/([^/$]+)$/, withoutQuotaHeader(read)],
]

export function addBinaryOperations(router: FhirRouter): void {
  router.add('GET', 'Binary/:id/$presigned-url', async (req, repo) => {
    const records = recordsOf(repo)
    const binary = await records.readResource<Binary>('Binary', paramOf(req, 'id'))
    const url: Parameters = {
      resourceType: 'Parameters',
      parameter: [{ name: 'url', valueUri: signedUrl(records.context, binary) }],
    }
    return [allOk, url]
  })
}

async function write({ context, records, request, url }: Call, id?: string): Promise<Response> {
  const type = request.headers.get('content-type') ?? 'application/octet-stream'
  const filename = url.searchParams.get('_filename') ?? ''
  if (REFUSED_EXTENSIONS.test(filename)) {
    throw fail(badRequest('Invalid file extension'))
  }
  if (REFUSED_TYPES.includes(type)) {
    throw fail(badRequest('Invalid content type'))
  }
  const json = await fhirJson(request, type, id)
  const binary: Binary = json ?? {
    resourceType: 'Binary',
    contentType: type,
    data: Buffer.from(await request.arrayBuffer()).toString('base64'),
  }
  const written = id ? await records.updateResource({ ...binary, id }) : await records.createResource(binary)
  return resourceAnswer(context, json ? written : { ...written, url: signedUrl(context, written) }, id ? 200 : 201)
}

/** A Binary sent as exactly `application/fhir+json` has its content in Base64; any other JSON is itself the file. */
async function fhirJson(request: Request, type: string, id: string | undefined): Promise<Binary | undefined> {
  if (type !== 'application/fhir+json') {
    return undefined
  }
  const body = parsed(await request.clone().text()) as Partial<Binary> | null | undefined
  return body?.resourceType === 'Binary' && (!id || body.id === id) ? (body as Binary) : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Answers with the bytes, or, if FHIR JSON is requested, with the Binary without its content. */
async function read({ records, request }: Call, id = ''): Promise<Response> {
  const binary: WithId<Binary> = await records.readResource<Binary>('Binary', id)
  const headers = resourceHeaders(binary)
  if (request.headers.get('accept')?.startsWith('application/fhir+json')) {
    return new Response(JSON.stringify(binary), { headers: { ...headers, 'content-type': FHIR_JSON } })
  }
  const stored = records.file(id)
  if (!stored) {
    throw fail(notFound)
  }
  return fileOf(stored, headers)
}
