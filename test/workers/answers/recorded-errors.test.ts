// Every error recorded from a real Medplum, served word for word: what a model reads names the status and the
// issue, or the request was refused before it was sent, with the reason.
import { afterEach, expect, test } from 'vitest'
import async from '../../recordings/async.json' with { type: 'json' }
import bundles from '../../recordings/bundles.json' with { type: 'json' }
import errors from '../../recordings/errors.json' with { type: 'json' }
import files from '../../recordings/files.json' with { type: 'json' }
import graphql from '../../recordings/graphql.json' with { type: 'json' }
import operations from '../../recordings/operations.json' with { type: 'json' }
import readWrite from '../../recordings/read-write.json' with { type: 'json' }
import search from '../../recordings/search.json' with { type: 'json' }
import { rows } from '../../runs.ts'
import { fhir } from '../world/mcp.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { ada, sandbox } from '../world/world.ts'

interface Recorded {
  name: string
  request: { method: string; path: string; headers?: Record<string, string>; body?: unknown; repeatX?: number }
  response: { status: number; headers?: Record<string, string>; body?: unknown }
}

const ID = '11111111-1111-4111-8111-111111111199'
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Placeholders stand for what was recorded, mostly ids. */
function filled<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value)
      .replaceAll(/\{\{base\}\}/g, '')
      .replaceAll(/\{\{\w+\}\}|<[a-z-]+>/g, ID),
  )
}

const recorded = Object.entries({ async, bundles, errors, files, graphql, operations, readWrite, search }).flatMap(
  ([file, exchanges]) =>
    (exchanges as unknown as Recorded[])
      .filter(({ request, response }) => {
        const inReach = METHODS.includes(request.method) && request.path.startsWith('fhir/R4')
        // 401 leads to a renewed token, 429 on a read to a wait: other tests cover those.
        const asked = response.status >= 400 && response.status !== 401
        return inReach && asked && !(response.status === 429 && request.method === 'GET')
      })
      .map((exchange) => [`${file}/${exchange.name}`, filled(exchange)] as const),
)

let signedIn: Promise<Tokens> | undefined
afterEach(() => sandbox.clearFaults())

test.each(rows(recorded))('%s', async (_, { request, response }) => {
  signedIn ??= signIn(ada)
  const { access } = await signedIn
  const { method, path, headers = {} } = request
  const body = typeof request.body === 'string' && request.repeatX ? ' '.repeat(request.repeatX) : request.body
  const served = {
    'content-type': response.headers?.['content-type'] ?? 'text/plain',
    ...pick(response.headers, 'ratelimit'),
  }
  await sandbox.faults([{ path: '^/fhir/R4', status: response.status, headers: served, body: response.body ?? '' }])
  const contentType = headers['content-type']
  const args = {
    method,
    path: path.replace(/^fhir\/R4\/?/, ''),
    ...(body !== undefined && body !== '' && { body }),
    ...(contentType !== undefined && { contentType }),
  }
  const { result, requests } = await sandbox.during(() => fhir(access, args))
  expect(result.isError).toBe(true)
  if (requests.length === 0) {
    expect(result.text).toMatch(/nothing was sent/i)
    return
  }
  expect(result.text).toContain(`HTTP ${response.status}`)
  for (const text of issueTexts(response.body)) expect(result.text).toContain(text)
})

function pick(headers: Record<string, string> | undefined, name: string): Record<string, string> {
  const value = headers?.[name]
  return value === undefined ? {} : { [name]: value }
}

function issueTexts(body: unknown): string[] {
  const issues = (body as { issue?: { details?: { text?: string } }[] } | undefined)?.issue ?? []
  return issues.flatMap(({ details }) => details?.text ?? [])
}
