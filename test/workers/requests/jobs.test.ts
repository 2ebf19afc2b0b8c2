// Long work: progress while a call waits for it, and how to get it later.
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { FhirClient } from '../../../src/client/client.ts'
import { FhirError } from '../../../src/client/fhir-error.ts'
import { follow } from '../../../src/client/job.ts'
import { TransportError } from '../../../src/client/transport.ts'
import { bundleOf, DELETE, entryFor, GET, POST } from '../../calls.ts'
import { events, fhir, fhirCall, post, startSession } from '../world/mcp.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { alice, ORIGIN, sandbox, send } from '../world/world.ts'

let tokens: Tokens
beforeAll(async () => {
  tokens = await signIn(alice)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await sandbox.clearFaults()
  await sandbox.settings({ jobMs: 300 })
})

const batch = bundleOf('batch', [entryFor('GET', 'Patient?_count=1')])
const WORK: [string, Record<string, unknown>][] = [
  ['a batch', POST('', batch, { respondAsync: true })],
  ['an export', GET('$export?_type=Practitioner')],
]

interface Message {
  method?: string
  params?: { progressToken: string; progress: number; total?: number; message: string }
  result?: { isError?: boolean; content: { type: string; text: string }[] }
}

const LANES: [string, (args: Record<string, unknown>) => Promise<Response>][] = [
  [
    'in a 2025 session',
    async (args) => {
      const message = fhirCall(args)
      const params = { ...message.params, _meta: { progressToken: 'p1' } }
      return post(tokens.access, { ...message, params }, await startSession(tokens.access))
    },
  ],
  [
    'on 2026-07-28',
    (args) => {
      const _meta = {
        progressToken: 'p1',
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      }
      const message = fhirCall(args)
      return send(`${ORIGIN}/mcp`, {
        method: 'POST',
        headers: {
          ...{ authorization: `Bearer ${tokens.access}`, 'content-type': 'application/json' },
          ...{ accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2026-07-28' },
          ...{ 'mcp-method': 'tools/call', 'mcp-name': 'fhir-request' },
        },
        body: JSON.stringify({ ...message, params: { ...message.params, _meta } }),
      })
    },
  ],
]

describe.each(LANES)('%s', (_lane, ask) => {
  test.each(WORK)('waits for %s, with rising progress', async (_, args) => {
    await sandbox.settings({ jobMs: 1500 })
    const messages = events(await (await ask(args)).text()).map((data) => JSON.parse(data) as Message)
    const told = messages.flatMap(({ method, params }) =>
      method === 'notifications/progress' && params ? [params] : [],
    )
    expect(told.length).toBeGreaterThan(1)
    for (const [index, { progressToken, progress, message }] of told.entries()) {
      expect(progressToken).toBe('p1')
      expect(progress).toBeGreaterThan(told[index - 1]?.progress ?? 0)
      expect(message).toContain('working')
    }
    const result = messages.find((message) => message.result)?.result
    expect(result?.isError).toBeFalsy()
    const answer = JSON.parse(result?.content[0]?.text ?? '')
    if (args.path === '') expect(answer).toMatchObject({ resourceType: 'Bundle', type: 'batch-response' })
    else
      expect(answer.output).toEqual([{ type: 'Practitioner', url: expect.stringMatching(/^Binary\/[0-9a-f-]{36}$/) }])
  })
})

test('a client without a progress token gets only the answer', async () => {
  const text = await (await post(tokens.access, fhirCall(WORK[0]?.[1] ?? {}), await startSession(tokens.access))).text()
  expect(text).not.toContain('notifications/progress')
  expect(text).toContain('batch-response')
})

/** Work whose state can't be read, so that its path is returned at once. */
async function left(args: Record<string, unknown>, jobMs = 2000) {
  await sandbox.settings({ jobMs })
  await sandbox.faults([GET('^/fhir/R4/(job|bulkdata)/', { status: 503, times: 4 })])
  const { result, requests } = await sandbox.during(() => fhir(tokens.access, args))
  return {
    answer: result,
    sent: requests.filter(({ path }) => !/(job|bulkdata)/.test(path)),
    job: JSON.parse(result.text).job as string,
  }
}

describe.each(WORK)('%s that takes too long', (_, args) => {
  test('was sent once; its path is given, and a later call in another session waits for it', async () => {
    const { answer, sent, job } = await left(args)
    expect(answer.isError).toBe(false)
    expect(sent).toHaveLength(1)
    expect(answer.notes).toContain(`GET ${job}`)
    expect(answer.notes).toContain(`DELETE ${job} cancels it`)
    expect(answer.notes).not.toContain('Try again')
    const later = await fhir(tokens.access, GET(job), await startSession(tokens.access))
    expect(later.isError).toBe(false)
    expect(later.text).toMatch(/Binary\/[0-9a-f-]{36}|batch-response/)
  })

  test('can be cancelled, and a note says what that means', async () => {
    // Longer than anything here: it must not end before it is cancelled.
    const { job } = await left(args, 600_000)
    const cancelled = await fhir(tokens.access, DELETE(job))
    expect(cancelled.isError).toBe(false)
    if (args.path === '') expect(cancelled.notes).toContain('does not stop a running batch')
    else expect(cancelled.text).toContain('Accepted')
  })
})

describe('a job near the deadline', () => {
  const client = (states: unknown[], remaining: number[]) => {
    const asked: unknown[] = []
    const fake = {
      get remainingMs() {
        return remaining.shift() ?? 0
      },
      send: async (request: unknown) => {
        asked.push(request)
        const state = states.shift()
        if (state instanceof Error) throw state
        return state
      },
    }
    return { asked, fhir: fake as unknown as FhirClient }
  }
  const running = { status: 202, contentType: '', body: undefined }
  const never = new AbortController().signal

  test('is left running while there is time to say so', async () => {
    const { fhir: fake, asked } = client([running], [20_000, 5_100])
    expect(await follow(fake, 'job/1/status', async () => {}, never)).toBeUndefined()
    expect(asked).toEqual([{ method: 'GET', path: 'job/1/status', repeatable: true, signal: never }])
  })

  test.each([
    new TransportError('lost'),
    new FhirError(503, 'GET job', undefined),
    new FhirError(429, 'GET job', undefined),
  ])('is left running if its state can’t be read: %s', async (error) => {
    expect(await follow(client([error], [20_000]).fhir, 'job/1/status', async () => {}, never)).toBeUndefined()
  })

  test('that is gone is an error', async () => {
    const gone = new FhirError(404, 'GET job', undefined)
    await expect(follow(client([gone], [20_000]).fhir, 'job/1/status', async () => {}, never)).rejects.toBe(gone)
  })
})
