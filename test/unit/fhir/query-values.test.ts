// The value that a model means is the value that Medplum receives: for every printable character, in every way that a query
// enters, however it is written. A server records what is sent; it is read by Medplum's own parser.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { formatSearchQuery, parseSearchRequest, splitSearchOnComma } from '@medplum/core'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isRecord } from '../../../src/base/json.ts'
import { FhirClient } from '../../../src/client/client.ts'
import { parsePlace, withPlainQuery } from '../../../src/fhir/query.ts'
import { fhirDigest } from '../../../src/tools/fhir-digest.ts'
import { fhirRead } from '../../../src/tools/fhir-read.ts'
import { understand } from '../../../src/tools/kit/schema.ts'
import { prepare, type RequestArguments } from '../../../src/tools/request/prepare.ts'
import { bundleOf } from '../../calls.ts'
import { rows, runs } from '../../runs.ts'

interface Recorded {
  url: string
  headers: IncomingHttpHeaders
  body: string
}

let server: Server
let base: URL
const recorded: Recorded[] = []
let answer: unknown

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      recorded.push({ url: request.url ?? '', headers: request.headers, body })
      response.setHeader('content-type', 'application/fhir+json').end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir/R4/`)
})
afterAll(() => server.close())
beforeEach(() => {
  recorded.length = 0
  answer = {}
})

async function send(args: RequestArguments) {
  const { request } = prepare(args, base)
  const client = new FhirClient({ fhirBase: base, token: async () => 't', renew: async () => 't' }, 10_000)
  const response = await client.send(request)
  const sent = recorded.at(-1)
  if (!sent) throw new Error('Nothing was sent')
  return { sent, response }
}

/** What Medplum searches for. */
function criterion(search: string): unknown {
  const { filters } = parseSearchRequest(search.replace('/fhir/R4/', ''))
  return filters?.map(({ code, value }) => [code, splitSearchOnComma(value).join(',')])
}

/** The criteria in a request as Express gives them to Medplum. */
const inUrl = ({ url }: Recorded) => criterion(url)
const inForm = ({ body }: Recorded) => criterion(`Patient?${body}`)

interface Way {
  /** Sends a search with the query that a model wrote, and reads what Medplum understands. */
  send(query: string): Promise<unknown>
}

const task = { resourceType: 'Patient' }
const entry = (request: object, resource?: object) => ({ request, ...(resource && { resource }) })
const batch = async (one: object) => {
  const body = bundleOf('batch', [one])
  const { sent } = await send({ method: 'POST', path: '', body })
  return JSON.parse(sent.body).entry[0]
}

const WAYS: Record<string, Way> = {
  path: { send: async (query) => inUrl((await send({ method: 'GET', path: `Patient?${query}` })).sent) },
  'conditional PUT': {
    send: async (query) => inUrl((await send({ method: 'PUT', path: `Patient?${query}`, body: task })).sent),
  },
  'conditional PATCH': {
    send: async (query) =>
      inUrl((await send({ method: 'PATCH', path: `Patient?${query}`, body: [{ op: 'remove', path: '/a' }] })).sent),
  },
  'conditional DELETE': {
    send: async (query) => inUrl((await send({ method: 'DELETE', path: `Patient?${query}` })).sent),
  },
  'form of _search': {
    send: async (query) => {
      const contentType = 'application/x-www-form-urlencoded'
      return inForm((await send({ method: 'POST', path: 'Patient/_search', body: query, contentType })).sent)
    },
  },
  'address of _search': {
    send: async (query) => inForm((await send({ method: 'POST', path: `Patient/_search?${query}` })).sent),
  },
  ifNoneExist: {
    send: async (query) => {
      const { sent } = await send({ method: 'POST', path: 'Patient', body: task, ifNoneExist: query })
      return criterion(`Patient?${sent.headers['if-none-exist']}`)
    },
  },
  'address of an entry': {
    send: async (query) => criterion((await batch(entry({ method: 'GET', url: `Patient?${query}` }))).request.url),
  },
  'conditional PUT in an entry': {
    send: async (query) =>
      criterion((await batch(entry({ method: 'PUT', url: `Patient?${query}` }, task))).request.url),
  },
  'ifNoneExist of an entry': {
    send: async (query) => {
      const sent = await batch(entry({ method: 'POST', url: 'Patient', ifNoneExist: query }, task))
      return criterion(`Patient?${sent.request.ifNoneExist}`)
    },
  },
  'conditional reference': {
    send: async (query) => {
      const body = { resourceType: 'Task', status: 'requested', for: { reference: `Patient?${query}` } }
      const { sent } = await send({ method: 'POST', path: 'Task', body })
      return criterion(JSON.parse(sent.body).for.reference)
    },
  },
  'a next link of Medplum': {
    async send(query) {
      // As Medplum writes it, for the value that this query means.
      const filters = parsePlace(`Patient?${query}`).parameters.map(({ key, value }) => ({
        ...{ code: key, operator: 'eq' as const, value },
      }))
      const search = { resourceType: 'Patient' as const, filters: filters as never, count: 20, offset: 20 }
      answer = {
        resourceType: 'Bundle',
        link: [{ relation: 'next', url: `${base}Patient${formatSearchQuery(search)}` }],
      }
      const { response } = await send({ method: 'GET', path: 'Patient' })
      const link = isRecord(response.body) ? (response.body.link as { url: string }[]) : []
      return inUrl((await send({ method: 'GET', path: link[0]?.url ?? '' })).sent)
    },
  },
}

/** Ways to write a value: unchanged except for what would end it, percent-encoded, or as forms are. */
const WRITINGS: Record<string, (value: string) => string> = {
  plain: (value) => value.replaceAll(/[%&#]/g, encodeURIComponent),
  'percent-encoded': encodeURIComponent,
  'as a form': (value) => new URLSearchParams({ v: value }).toString().slice(2),
}

const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index))
const OTHERS = [...'äöüßéñøłđžığİ中文字日本語한국ёжаλπ€£¥§°±½×–—…‘’“”👩🏽‍⚕️', '\u00a0', '\u00ad', '\u200b', '\u2028']

/** So that a tenth is another one for each way and writing. */
let turn = 0

describe.each(Object.entries(WAYS))('%s', (_way, way) => {
  test.each(Object.entries(WRITINGS))('brings every printable character, %s', async (_writing, written) => {
    for (const character of rows([...PRINTABLE, ...OTHERS], turn++)) {
      const value = `urn:x|AB${character}C1`
      expect(await way.send(`identifier=${written(value)}`), `${JSON.stringify(character)}`).toEqual([
        ['identifier', value],
      ])
    }
  })

  test('brings any text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => !/\p{Cc}|\\[\\,|$]/u.test(text)),
        fc.constantFrom(...Object.values(WRITINGS)),
        async (text, written) => {
          const value = `urn:x|a${text}z`
          expect(await way.send(`identifier=${written(value)}`)).toEqual([['identifier', value]])
        },
      ),
      { numRuns: runs(50) },
    )
  })
})

test.each(PRINTABLE)('a query beside the path brings %j', async (character) => {
  for (const tool of [fhirRead, fhirDigest]) {
    // A percent sign before two hexadecimal digits can be meant in two ways, and is refused.
    const value = `urn:x|AB${character}Z1`
    const understood = understand(tool as never, { path: 'Patient', params: { identifier: value } })
    if (!('value' in understood)) throw new Error('refused')
    const { path } = understood.value.args as { path: string }
    expect(inUrl((await send({ method: 'GET', path })).sent)).toEqual([['identifier', value]])
  }
})

test.each([
  ['name=John+Smith', 'John+Smith'],
  ['name=Ä+B', 'Ä+B'],
  ['name=A%20B+C', 'A B+C'],
  ['name=M%C3%BCller+Hans', 'Müller Hans'],
  ['name=urn%3Ax%7CAB+C1', 'urn:x|AB C1'],
  ['name=a%2Bb+c', 'a+b c'],
  ['name=100%', '100%'],
  ['name=a=b', 'a=b'],
  ['name=a?b', 'a?b'],
])('%s means %j', (query, value) => {
  expect(parsePlace(`Patient?${query}`).parameters).toEqual([{ key: 'name', value }])
})

test.each(['Patient?name=M%FCller', 'Patient?name=%C3'])('%s is refused: it has no value', (path) => {
  expect(() => prepare({ method: 'GET', path }, base)).toThrow('not a valid UTF-8 escape')
})

test('a query in its plain form stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const plain = withPlainQuery(`Patient?${text}`)
      expect(withPlainQuery(plain)).toBe(plain)
      expect(new URL(`http://x/${plain}`).search).toBe(plain.slice('Patient'.length))
    }),
  )
})
