/** Runs bots, each in its own thread with a time limit and with a `medplum` client for the sandbox's records. */

import { Worker } from 'node:worker_threads'
import { badRequest, type Operation, parseSearchRequest, type SearchRequest, type WithId } from '@medplum/core'
import type { Binary, Bot, Project, Reference, Resource } from '@medplum/fhirtypes'
import { fail } from '../core/answers.ts'
import { membershipsOf } from '../core/directory.ts'
import { Records } from '../records/repository.ts'
import type { BotJob, FromBot, ToBot } from './bot-thread.ts'

/** Seconds; a Bot may set its own. */
const TIME_LIMIT = 10

interface BotInput {
  input: unknown
  contentType: string | undefined
}

/** @returns what the handler returned. @throws {OperationOutcomeError} with the message of the handler's error */
export async function runBot(records: Records, bot: WithId<Bot>, input: BotInput): Promise<unknown> {
  const { context, access } = records
  const { project, membership } = access.caller
  if (!project.features?.includes('bots')) {
    throw fail(badRequest('Bots not enabled'))
  }
  if (bot.runtimeVersion !== 'vmcontext') {
    throw fail(badRequest('Unsupported bot runtime'))
  }
  const code = context.store.get<Bot>(`Bot/${bot.id}`)?.executableCode?.url
  const { data } = context.store.get<Binary>(code) ?? {}
  if (!data) {
    throw fail(badRequest('No executable code'))
  }
  const job: BotJob = {
    ...input,
    code: Buffer.from(data, 'base64').toString(),
    secrets: secretsOf(project),
    bot: { reference: `Bot/${bot.id}` },
    requester: membership.profile,
  }
  return inThread(job, clientOf(runningAs(records, bot)), bot.timeout ?? TIME_LIMIT)
}

function inThread(job: BotJob, client: Client, limit: number): Promise<unknown> {
  const thread = new Worker(new URL('./bot-thread.ts', import.meta.url), { workerData: job, env: {} })
  return new Promise((resolve, reject) => {
    const end = (message?: string) => {
      clearTimeout(timer)
      thread.terminate()
      if (message !== undefined) {
        reject(fail(badRequest(message)))
      }
    }
    const timer = setTimeout(() => end(`Script execution timed out after ${limit * 1000}ms`), limit * 1000)
    thread.on('error', (error) => end(error.message))
    thread.on('message', async (message: FromBot) => {
      if ('call' in message) {
        thread.postMessage(await answerCall(client, message))
      } else if ('error' in message) {
        end(message.error)
      } else {
        resolve(message.value)
        end()
      }
    })
  })
}

async function answerCall(client: Client, { call, method, args }: Extract<FromBot, { call: number }>): Promise<ToBot> {
  const work = client[method]
  if (!work) {
    return { call, error: `medplum.${method} is not a function` }
  }
  try {
    return { call, value: JSON.parse(JSON.stringify((await work(args)) ?? null)) ?? undefined }
  } catch (error) {
    return { call, error: (error as Error).message }
  }
}

/** A bot that has a membership (as from `Bot/$init`) acts with its own rights, any other with the caller's. */
function runningAs(records: Records, bot: WithId<Bot>): Records {
  const { context, access } = records
  const reference = `Bot/${bot.id}`
  const own = bot.runAsUser ? undefined : membershipsOf(context.store, reference, access.caller.project.id)[0]
  const caller = { project: access.caller.project, name: reference, scope: 'openid', superAdmin: false }
  return own ? new Records(context, { ...caller, membership: own }, false) : records
}

function secretsOf(project: Project): Record<string, unknown> {
  return Object.fromEntries((project.secret ?? []).map((secret) => [secret.name, secret]))
}

type Client = Record<string, (args: unknown[]) => Promise<unknown>>

/** The methods of MedplumClient that bots use most. */
function clientOf(records: Records): Client {
  return {
    createResource: ([resource]) => records.createResource(resource as Resource),
    readResource: ([type, id]) => records.readResource(String(type), String(id)),
    readReference: ([reference]) => records.readReference(reference as Reference),
    readHistory: ([type, id]) => records.readHistory(String(type), String(id)),
    updateResource: ([resource]) => records.updateResource(resource as Resource),
    patchResource: ([type, id, patch]) =>
      records.patchResource(type as Resource['resourceType'], String(id), patch as Operation[]),
    deleteResource: ([type, id]) => records.deleteResource(String(type), String(id)),
    search: ([type, query]) => records.search(searchFor(type, query)),
    searchResources: ([type, query]) => records.searchResources(searchFor(type, query)),
    searchOne: ([type, query]) => records.searchOne(searchFor(type, query)),
    createBinary: ([options]) => records.createResource(binaryFor(options as BinaryOptions)),
  }
}

interface BinaryOptions {
  data: string | Uint8Array
  contentType: string
}

function binaryFor({ data, contentType }: BinaryOptions): Binary {
  return { resourceType: 'Binary', contentType, data: Buffer.from(data as string).toString('base64') }
}

function searchFor(type: unknown, query: unknown): SearchRequest {
  const text = typeof query === 'string' ? query.replace(/^\?/, '') : new URLSearchParams(Object(query)).toString()
  return parseSearchRequest(`${type}?${text}`)
}
