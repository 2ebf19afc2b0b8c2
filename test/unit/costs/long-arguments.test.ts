// An isolate serves many people at once: no argument may block it. Each text that a tool takes is tried at its largest, made of
// what is hard for patterns, and the whole call must take little CPU time, whether it succeeds or not.

import { beforeAll, describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { type Access, guardFor } from '../../../src/access/access.ts'
import { FhirClient } from '../../../src/client/client.ts'
import { HL7 } from '../../../src/client/content.ts'
import { fetchRecord } from '../../../src/tools/fetch/tool.ts'
import { fhirDelete } from '../../../src/tools/fhir-delete.ts'
import { fhirDigest } from '../../../src/tools/fhir-digest.ts'
import { fhirOperate } from '../../../src/tools/fhir-operate.ts'
import { fhirRead } from '../../../src/tools/fhir-read.ts'
import { fhirRequest } from '../../../src/tools/fhir-request.ts'
import { fhirWrite } from '../../../src/tools/fhir-write.ts'
import { advertised, type Understood } from '../../../src/tools/kit/schema.ts'
import type { Tool, ToolContext } from '../../../src/tools/kit/tool.ts'
import { search } from '../../../src/tools/search/tool.ts'
import { show } from '../../../src/tools/show/tool.ts'
import { whoami } from '../../../src/tools/whoami.ts'
import { callerWith, UNASKED } from '../../caller.ts'
import { bundleOf, entryFor } from '../../calls.ts'
import { rows } from '../../runs.ts'
import { costOf, FILLS, MOST } from './costs.ts'

const TOOLS: readonly Tool[] = [
  ...[fhirRequest, fhirRead, fhirDigest, show, search, fetchRecord, whoami, fhirWrite, fhirDelete, fhirOperate],
]
const STARTS = ['', 'Patient?name=', 'Patient/', '{"resourceType":"']

const base = new URL('https://medplum.example.com/fhir/R4/')

function contextFor(access: Access): ToolContext {
  const caller = callerWith(access, base)
  return {
    caller,
    ...{ access, event: {}, answerChars: 60_000, signal: new AbortController().signal, progress: async () => {} },
    fhir: new FhirClient(caller.medplum, 30_000, { guard: guardFor(access) }),
    marks: { label: true, provenance: false, auditEvent: false },
    asking: { policy: 'never', ...UNASKED, responses: undefined, state: undefined },
  } as unknown as ToolContext
}

const WHOLE = 'a whole connection'
const ACCESSES: Record<string, Access> = {
  [WHOLE]: { level: 'admin' },
  'one narrowed to a patient': { level: 'admin', patient: '1' },
  'one narrowed to types': { level: 'admin', types: ['Patient', 'Observation'] },
}

beforeAll(() => {
  vi.stubGlobal('fetch', async () => Response.json({ resourceType: 'Bundle', type: 'searchset', total: 0 }))
  return () => vi.unstubAllGlobals()
})

/** One call as the server makes it; its result doesn't matter. */
async function call(tool: Tool, args: Record<string, unknown>, access: Access): Promise<void> {
  const checked = await advertised(tool)['~standard'].validate(args)
  if ('value' in checked)
    await tool.run((checked.value as unknown as Understood).args as never, contextFor(access)).catch(() => undefined)
}

test('the address of a batch entry has the same limit', async () => {
  const url = `Patient?name=${'a'.repeat(8192)}`
  const body = bundleOf('batch', [entryFor('GET', url)])
  const run = fhirRequest.run({ method: 'POST', path: '', body } as never, contextFor({ level: 'admin' }))
  await expect(run).rejects.toThrow(
    /^Bundle\.entry\[0\]\.request\.url has more than 8192 characters\. Nothing was sent/,
  )
})

/** The texts that a tool takes, with the maximum length of each. */
function textsOf({ input }: Tool): [name: string, most: number][] {
  return Object.entries(input.shape).flatMap(([name, field]) => {
    let text: unknown = field
    while (!(text instanceof z.ZodString)) {
      if (text instanceof z.ZodOptional) text = text.unwrap()
      else if (text instanceof z.ZodArray) text = text.element
      else if (text instanceof z.ZodPipe) text = text.in
      else break
    }
    return text instanceof z.ZodString ? [[name, text.maxLength ?? Number.POSITIVE_INFINITY]] : []
  })
}

const subject = { reference: 'Patient/1' }
/** Bodies that have a long text in a place that is searched. */
const BODIES: Record<string, (given: string) => [method: string, path: string, body: unknown][]> = {
  'a note': (text) => [['POST', 'Observation', { resourceType: 'Observation', subject, note: [{ text }] }]],
  'a reference': (reference) => [
    ['POST', 'Observation', { resourceType: 'Observation', subject, focus: [{ reference }] }],
    ['PUT', 'Observation/1', { resourceType: 'Observation', id: '1', subject: { reference } }],
  ],
  'an address': (url) => [
    ['POST', 'DocumentReference', { resourceType: 'DocumentReference', subject, content: [{ attachment: { url } }] }],
  ],
  'an operation of a patch': (text) => [
    ['PATCH', 'Task/1', [{ op: 'add', path: '/note', value: [{ text }] }]],
    ['PATCH', 'Task/1', [{ op: 'move', path: text, from: '/note' }]],
  ],
  'an entry of a batch': (url) => [['POST', '', bundleOf('batch', [entryFor('GET', url)])]],
  'a query': (query) => [['POST', '$graphql', { query }]],
  'JSON as text': (text) => [['POST', 'Task', text]],
}

function asCall([method, path, body]: [string, string, unknown]): Record<string, unknown> {
  return { method, path, body }
}

const METHODS_OF: Record<string, readonly string[]> = {
  'fhir-request': ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  'fhir-operate': ['GET', 'POST', 'DELETE'],
  'fhir-write': ['POST', 'PUT', 'PATCH'],
}

const cases = TOOLS.flatMap((tool) =>
  textsOf(tool).map(([argument, most]) => ({ tool, name: tool.name, argument, most })),
)

test('every text has a limit', () => {
  expect(cases.length).toBeGreaterThan(20)
  for (const { name, argument, most } of cases) expect(most, `${name}.${argument}`).toBeLessThanOrEqual(4 * 1024 * 1024)
})

test('a longer text is refused, and the message says so', async () => {
  const { issues } = await advertised(fhirRead)['~standard'].validate({ path: ' '.repeat(300_000) })
  expect(issues?.map(({ message }) => message).join()).toMatch(/more than 8,192 characters/)
})

/** So that each case begins with a different fill. */
let turn = 0

/** Which of these calls, each made of its fill, take too long. */
async function slowOf(
  tool: Tool,
  access: Access,
  most: number,
  make: (given: string) => Record<string, unknown>[],
): Promise<string[]> {
  const slow: string[] = []
  const isLong = most > 100_000
  const fills = rows(isLong ? FILLS.slice(0, 24) : FILLS, turn++)
  for (const start of isLong ? [''] : STARTS) {
    for (const fill of fills) {
      const given = (start + fill.repeat(most / fill.length)).slice(0, most)
      for (const args of make(given)) {
        const ms = await costOf(() => call(tool, args, access))
        if (ms > MOST) slow.push(`${JSON.stringify({ start, fill })}: ${ms} ms, ${JSON.stringify(args).slice(0, 200)}`)
      }
    }
  }
  return slow
}

describe.each(Object.entries(ACCESSES))('%s', (name, access) => {
  // Narrowing matters only for paths and bodies.
  const own = cases.filter(({ argument }) => name === WHOLE || argument === 'path')

  test.each(own)('$name answers quickly, whatever $argument contains', { timeout: 60_000 }, async (one) => {
    const { tool, argument, most } = one
    const slow = await slowOf(tool, access, most, (given) =>
      (METHODS_OF[tool.name] ?? [undefined]).flatMap((method) => {
        const rest = { ...(method && { method }), ...('path' in tool.input.shape && { path: 'Patient/1' }) }
        if (argument === 'select') return [{ ...rest, select: Array(20).fill(given) }]
        if (argument === 'form') return [{ ...rest, path: 'Patient/_search', form: given }]
        if (argument !== 'text') return [{ ...rest, [argument]: given }]
        if (method !== 'POST') return []
        return ['text/plain', 'application/pdf', HL7, undefined].map((contentType) => ({
          ...{ method, path: 'Binary', text: given, ...(contentType && { contentType }) },
        }))
      }),
    )
    expect(slow).toEqual([])
  })

  test.each(Object.entries(BODIES))('a body is handled quickly: %s', { timeout: 60_000 }, async (what, make) => {
    const most = what === 'a note' ? 600_000 : 200_000
    expect(await slowOf(fhirRequest, access, most, (given) => make(given).map(asCall))).toEqual([])
  })
})
