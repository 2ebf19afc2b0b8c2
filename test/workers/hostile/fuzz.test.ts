// Whatever a caller gives, every request stays below the FHIR base with this server's headers, and every fault is explained.
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { classify } from '../../../src/access/risk/risk.ts'
import { UserError } from '../../../src/base/told-error.ts'
import { FhirClient } from '../../../src/client/client.ts'
import { FhirError } from '../../../src/client/fhir-error.ts'
import { SessionError, TransportError } from '../../../src/client/transport.ts'
import { PathError } from '../../../src/fhir/path.ts'
import { perform } from '../../../src/tools/perform/perform.ts'
import { UNASKED } from '../../caller.ts'
import { atLeast, runs } from '../../runs.ts'
import { fhirCall, post, rpc } from '../world/mcp.ts'
import { signIn } from '../world/signing-in.ts'
import { ANSWERS, BASE, caller, change, HEADERS, request, sentText } from './any-arguments.ts'

let sent: { url: URL; headers: Headers; init: RequestInit }[] = []

let answer: () => Response | Promise<Response> = () => new Response(null)

beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(() => {})
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init = {}) => {
    const headers = new Headers(init.headers)
    // The platform would refuse it, so it must not get this far.
    new Request(input, init)
    sent.push({ url: new URL(String(input)), headers, init })
    return answer()
  })
})

afterEach(() => vi.restoreAllMocks())

test('no argument sends a request elsewhere, sets a header, repeats a POST or fails without an explanation', async () => {
  let total = 0
  await fc.assert(
    fc.asyncProperty(request, fc.constantFrom(...ANSWERS), async (args, given) => {
      sent = []
      answer = given
      // Too short to wait for a second attempt, but not for a second request after a 401.
      const fhir = new FhirClient(caller.medplum, 90)
      const context = {
        caller,
        access: { level: 'admin' as const },
        fhir,
        signal: new AbortController().signal,
        progress: async () => {},
        answerChars: 60_000,
        marks: { label: true, provenance: true, auditEvent: true },
        asking: { policy: 'never' as const, ...UNASKED, responses: undefined, state: undefined },
        event: {},
      }
      try {
        const output = await perform(args, context)
        expect(Array.isArray(output) || typeof output === 'string').toBe(true)
      } catch (error) {
        const known = [UserError, PathError, FhirError, TransportError, SessionError].some(
          (kind) => error instanceof kind,
        )
        if (!known) throw error
        if (error instanceof UserError || error instanceof PathError) expect(error.message).toMatch(/[Nn]othing was/)
      }
      total += sent.length
      for (const { url, headers, init } of sent) {
        expect(url.href.startsWith(BASE.href) || `${url.origin}${url.pathname}/` === BASE.href).toBe(true)
        expect(url.hash + url.username + url.password).toBe('')
        expect([...headers.keys()].filter((name) => !HEADERS.has(name))).toEqual([])
        expect(headers.get('authorization')).toMatch(/^Bearer (token|renewed)$/)
        expect(init.redirect).toBe('manual')
        expect(headers.get('x-medplum') ?? 'extended').toBe('extended')
        if (headers.has('x-medplum')) expect(init.method).toBe('GET')
      }
      const posts = sent.filter(
        ({ init, headers }) => init.method === 'POST' && headers.get('authorization') === 'Bearer token',
      )
      expect(posts.length).toBeLessThanOrEqual(1)
    }),
    // A failure is reported with its seed and path.
    { numRuns: runs(10_000) },
  )
  // That many cases reach Medplum shows that the rest was not just refused for one reason.
  expect(total).toBeGreaterThan(atLeast(1_000, 10_000))
}, 120_000)

test.each(['asks by the client', 'asks by a page', 'tries only'])(
  'as long as it %s, it sends nothing but reads',
  async (how) => {
    let asked = 0
    const found = () =>
      Response.json(
        {
          resourceType: 'Patient',
          id: '1',
          meta: { versionId: '1' },
          entry: [{ resource: { resourceType: 'Patient', id: '1' } }],
        },
        { headers: { 'content-type': 'application/fhir+json' } },
      )
    await fc.assert(
      fc.asyncProperty(fc.oneof(request, change), fc.constantFrom(found, ...ANSWERS), async (args, given) => {
        sent = []
        answer = given
        const context = {
          caller,
          ...{ access: { level: 'admin' as const }, fhir: new FhirClient(caller.medplum, 90) },
          ...{ signal: new AbortController().signal, progress: async () => {}, answerChars: 60_000 },
          marks: { label: true, provenance: true, auditEvent: true },
          asking: {
            policy: how === 'tries only' ? ('never' as const) : ('write' as const),
            ...UNASKED,
            forms: how === 'asks by the client',
            responses: { approval: { action: 'accept' } },
            state: undefined,
          },
          event: {},
        }
        const output = await perform({ ...args, dryRun: how === 'tries only' }, context).catch((error: unknown) => {
          const known = [UserError, PathError, FhirError, TransportError, SessionError].some(
            (kind) => error instanceof kind,
          )
          if (!known) throw error
        })
        const isQuestion = typeof output === 'object' && ('question' in output || 'undone' in output)
        if (isQuestion || JSON.stringify(output)?.includes('DRY RUN: ')) asked++
        for (const { url, init } of sent) {
          const method = String(init.method) as 'GET'
          expect(classify({ method, path: `${url.pathname}${url.search}`, body: sentText(init) }).kind).toBe('read')
        }
      }),
      { numRuns: runs(3_000) },
    )
    // Shows that questions were tried at all.
    expect(asked).toBeGreaterThan(atLeast(450, 3_000))
  },
  120_000,
)

test('the tool answers any arguments, and never with an internal error', async () => {
  vi.restoreAllMocks()
  const { access } = await signIn()
  vi.spyOn(console, 'log').mockImplementation(() => {})
  const failed = vi.spyOn(console, 'error').mockImplementation(() => {})
  vi.spyOn(globalThis, 'fetch').mockImplementation(async () => answer())
  const wild = fc.oneof(
    request,
    fc.dictionary(
      fc.constantFrom('method', 'path', 'url', 'body', 'contentType', 'ifMatch', 'offset', 'x'),
      fc.jsonValue(),
    ),
  )
  const quick = ANSWERS.filter((_, index) => index !== ANSWERS.length - 1 && index !== 6)
  await fc.assert(
    fc.asyncProperty(wild, fc.constantFrom(...quick), async (args, given) => {
      answer = given
      const { result, error } = await rpc(await post(access, fhirCall({ ...args })))
      expect(error === undefined || error.code === -32602).toBe(true)
      expect(JSON.stringify(result ?? null)).not.toContain('had an internal error')
    }),
    { numRuns: runs(500) },
  )
  expect(failed).not.toHaveBeenCalled()
}, 120_000)
