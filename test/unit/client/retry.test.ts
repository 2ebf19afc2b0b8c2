// When a request may be sent again, and how a call with several requests stays within its time.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { secondsToWait } from '../../../src/base/rate-limit.ts'
import { FhirClient } from '../../../src/client/client.ts'
import { Content } from '../../../src/client/content.ts'
import { backoff } from '../../../src/client/delivery.ts'
import { FhirError } from '../../../src/client/fhir-error.ts'
import { TransportError } from '../../../src/client/transport.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const medplum = {
  fhirBase: new URL('https://medplum.example.com/fhir/R4/'),
  token: async () => 'token',
  renew: async () => 'renewed',
  profile: 'Practitioner/1',
  project: 'Project/1',
}

describe('the RateLimit header', () => {
  test.each([
    ['"requests";r=59999;t=60, "fhirInteractions";r=0;t=42', 42],
    ['"fhirInteractions";r=0;t=1', 1],
    ['"requests";r=0;t=3, "fhirInteractions";r=0;t=42', 42],
    ['"fhirInteractions"; r=0; t=7', 7],
    ['"requests";r=5;t=60', undefined],
    ['"requests";r=0', undefined],
    ['nonsense', undefined],
    ['', undefined],
    [null, undefined],
  ])('%s: %s', (header, seconds) => {
    expect(secondsToWait(header)).toBe(seconds)
  })
})

test('there are four attempts, each after a longer wait', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  expect([0, 1, 2, 3, 4].map(backoff)).toEqual([200, 400, 800, undefined, undefined])
})

/** Sends one request on a simulated clock; returns what was sent, and when in milliseconds. */
async function sent(answer: (attempt: number) => Response | Promise<Response>, timeoutMs: number, repeatable = true) {
  vi.useFakeTimers({ now: 0 })
  const at: number[] = []
  vi.spyOn(globalThis, 'fetch').mockImplementation((_input, init) => {
    at.push(Date.now())
    return new Promise((resolve, reject) => {
      const signal = init?.signal
      signal?.addEventListener('abort', () => reject(signal.reason))
      Promise.resolve(answer(at.length)).then(resolve, reject)
    })
  })
  const fhir = new FhirClient(medplum, timeoutMs)
  const work = fhir.send({ method: 'GET', path: 'Patient/1', repeatable }).catch((error: unknown) => error)
  await vi.runAllTimersAsync()
  return { result: await work, at, ended: Date.now() }
}

const limited = (header: string) => () => new Response('{}', { status: 429, headers: { ratelimit: header } })

describe('429', () => {
  test('waits as long as Medplum says', async () => {
    const ok = () => Response.json({ resourceType: 'Patient' })
    const { result, at } = await sent((n) => (n === 1 ? limited('"fhirInteractions";r=0;t=7')() : ok()), 20_000)
    expect(result).toMatchObject({ status: 200 })
    expect(at).toEqual([0, 7000])
  })

  test('does not wait beyond the deadline', async () => {
    const { result, at, ended } = await sent(limited('"fhirInteractions";r=0;t=42'), 20_000)
    expect(result).toBeInstanceOf(FhirError)
    expect(at).toEqual([0])
    expect(ended).toBeLessThan(20_000)
  })

  test.each([0, 1])('gives up after four attempts, however short the wait: t=%s', async (seconds) => {
    const { result, at } = await sent(limited(`"fhirInteractions";r=0;t=${seconds}`), 600_000)
    expect(result).toBeInstanceOf(FhirError)
    expect(at).toHaveLength(4)
    for (const [index, time] of at.entries()) if (index > 0) expect(time - (at[index - 1] ?? 0)).toBeGreaterThan(50)
  })

  test('does not repeat a request that must not be repeated', async () => {
    expect((await sent(limited('"fhirInteractions";r=0;t=1'), 20_000, false)).at).toHaveLength(1)
  })
})

test('an answer that never comes ends when the call’s time is over', async () => {
  const { result, at, ended } = await sent(() => new Promise(() => {}), 3000)
  expect(result).toBeInstanceOf(TransportError)
  expect(String(result)).toContain('within 3 s')
  expect(at).toEqual([0])
  expect(ended).toBe(3000)
})

test('a lost connection is tried four times, and all requests of a call share its time', async () => {
  const { result, at } = await sent(() => Promise.reject(new TypeError('lost')), 20_000)
  expect(String(result)).toContain('connection to Medplum failed')
  expect(at).toHaveLength(4)
  const short = await sent(() => Promise.reject(new TypeError('lost')), 350)
  expect(short.at.length).toBeLessThan(4)
})

test.each([
  ['tells to try again where that does no harm', true, 'Try again.'],
  ['tells to look first where it may', false, 'It is unknown whether it was carried out'],
])('a lost connection %s', async (_, safe, advice) => {
  vi.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('lost'))
  const fhir = new FhirClient(medplum, 50)
  await expect(fhir.send({ method: safe ? 'GET' : 'POST', path: 'Task' })).rejects.toThrow(advice)
})

test('a refused token is renewed once, and the request sent once more, even a POST', async () => {
  const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response('{}', { status: 401 }))
  const fhir = new FhirClient(medplum, 1000)
  const content = Content.json({})
  await expect(fhir.send({ method: 'POST', path: 'Task', content })).rejects.toThrow('HTTP 401')
  const tokens = fetched.mock.calls.map(([, init]) => new Headers(init?.headers).get('authorization'))
  expect(tokens).toEqual(['Bearer token', 'Bearer renewed'])
})
