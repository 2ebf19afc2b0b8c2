/** Bots over HTTP: `$init`, `$deploy` and `$execute`. */

import { allOk, badRequest, created, forbidden, type WithId } from '@medplum/core'
import type { FhirRequest, FhirResponse, FhirRouter } from '@medplum/fhir-router'
import type { Attachment, Binary, Bot, ProjectMembership, Reference } from '@medplum/fhirtypes'
import { fail } from '../core/answers.ts'
import { readBody } from '../http/body.ts'
import type { Call, DirectRoute } from '../http/direct.ts'
import { paramOf, type Records, recordsOf } from '../records/repository.ts'
import { runBot } from './bot-runtime.ts'
import { inputOf, requiredValue } from './parameters.ts'

/** Input types in which the result is sent back; for any other it is sent as JSON. */
const ECHOED_TYPES = ['application/json', 'application/fhir+json', 'text/plain', 'x-application/hl7-v2+er7']

export function addBotOperations(router: FhirRouter): void {
  router.add('POST', 'Bot/$init', (req, repo) => init(req, recordsOf(repo)))
  router.add('POST', 'Bot/:id/$deploy', (req, repo) => deploy(req, recordsOf(repo)))
}

export const botRoutes: DirectRoute[] = [
  ['GET', /^\/Bot(?:\/([^/]+))?\/\$execute$/, execute],
  ['POST', /^\/Bot(?:\/([^/]+))?\/\$execute$/, execute],
]

/** Creates a Bot and a membership, so that the bot runs with its own rights. */
async function init(req: FhirRequest, records: Records): Promise<FhirResponse> {
  const { project, membership } = records.access.caller
  if (!membership.admin) {
    return [forbidden]
  }
  const given = inputOf(req)
  const name = String(requiredValue(given, 'name'))
  const bot = await records.createResource<Bot>({
    resourceType: 'Bot',
    name,
    runtimeVersion: 'vmcontext',
    ...(typeof given.description === 'string' ? { description: given.description } : {}),
    ...(given.sourceCode ? { sourceCode: await stored(given.sourceCode, records) } : {}),
    ...(given.executableCode ? { executableCode: await stored(given.executableCode, records) } : {}),
  })
  const reference: Reference<Bot> = { reference: `Bot/${bot.id}`, display: name }
  await records.createResource<ProjectMembership>({
    resourceType: 'ProjectMembership',
    project: { reference: `Project/${project.id}`, display: project.name ?? '' },
    user: reference as ProjectMembership['user'],
    profile: reference as NonNullable<ProjectMembership['profile']>,
    ...(given.accessPolicy ? { accessPolicy: given.accessPolicy as Reference } : {}),
  } as ProjectMembership)
  return [created, bot]
}

/** Succeeds without doing anything if there is no code. */
async function deploy(req: FhirRequest, records: Records): Promise<FhirResponse> {
  const { code, filename } = req.body as { code?: string; filename?: string }
  const bot = await records.readResource<Bot>('Bot', paramOf(req, 'id'))
  if (!code) {
    return [allOk]
  }
  const data = Buffer.from(code).toString('base64')
  const executableCode = await stored({ title: filename, data } as Attachment, records)
  await records.updateResource<Bot>({ ...bot, executableCode })
  return [allOk]
}

/** Stores a bot's code as a Binary, unless it is one already. @returns an Attachment that refers to the Binary */
async function stored(code: Attachment, records: Records): Promise<Attachment> {
  const { url, data, contentType = 'text/javascript', title = 'index.js' } = code
  if (url) {
    if (url.startsWith('Binary/')) {
      return code
    }
    throw fail(badRequest('Invalid attachment: URL must start with Binary/'))
  }
  if (!data) {
    throw fail(badRequest('Invalid attachment: Missing data or url'))
  }
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(data)) {
    throw fail(badRequest('Invalid attachment: Invalid base64 data'))
  }
  const binary = await records.createResource<Binary>({ resourceType: 'Binary', contentType, data })
  return { contentType, url: `Binary/${binary.id}`, title }
}

async function execute({ records, request, url }: Call, id?: string): Promise<Response> {
  const bot = await botFor(records, id, url.searchParams.get('identifier'))
  const contentType = request.headers.get('content-type') ?? undefined
  const input = request.method === 'POST' ? await readBody(request) : Object.fromEntries(url.searchParams)
  const value = (await runBot(records, bot, { input, contentType })) ?? allOk
  const type = contentType?.split(';')[0] ?? ''
  return new Response(typeof value === 'string' ? value : JSON.stringify(value), {
    headers: { 'content-type': `${ECHOED_TYPES.includes(type) ? type : 'application/json'}; charset=utf-8` },
  })
}

async function botFor(records: Records, id: string | undefined, identifier: string | null): Promise<WithId<Bot>> {
  const bot = await records.byIdOrIdentifier<Bot>('Bot', id, identifier)
  if (!bot) {
    throw fail(badRequest('Must specify bot ID or identifier.'))
  }
  return bot
}
