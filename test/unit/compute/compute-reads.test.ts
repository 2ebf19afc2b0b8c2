// What a program may read in all: counted outside its isolate, whatever the program does.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { guardFor } from '../../../src/access/access.ts'
import { FhirClient } from '../../../src/client/client.ts'
import { ProgramReads } from '../../../src/tools/compute-reads.ts'
import type { ToolContext } from '../../../src/tools/kit/tool.ts'
import { callerWith } from '../../caller.ts'

const base = new URL('https://medplum.example.com/fhir/R4/')

/** Reads of a program whose Medplum answers this to every request, and how many requests there were. */
function reading(answer: (path: string) => object) {
  const asked: string[] = []
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url)
    return Response.json(answer(url), { headers: { 'content-type': 'application/fhir+json' } })
  })
  const access = { level: 'read' } as const
  const caller = callerWith(access, base)
  const reads = new ProgramReads({
    ...{ caller, access, event: {}, signal: new AbortController().signal, progress: async () => {} },
    fhir: new FhirClient(caller.medplum, 30_000, { guard: guardFor(access) }),
  } as unknown as ToolContext)
  const read = async (path: string) =>
    JSON.parse(await reads.read('search', path)) as { value?: object[]; error?: string }
  return { read, asked }
}

let made = 0
/** A page of this many Basics. */
function page(count: number, more: object = {}) {
  const entry = Array.from({ length: count }, () => ({ resource: { resourceType: 'Basic', id: `b${made++}` } }))
  return { resourceType: 'Bundle', type: 'searchset', entry, ...more }
}
const next = (url: string) => ({ link: [{ relation: 'next', url: `${base}Basic?_cursor=${url}` }] })

afterEach(() => vi.unstubAllGlobals())

describe('a program reads', () => {
  test('at most 10,000 resources in a search', async () => {
    let pages = 0
    const { read } = reading(() => page(500, next(`c${pages++}`)))
    expect((await read('Basic')).error).toMatch(/finds more than 10000 resources/)
    expect(pages).toBe(20)
  })

  test('at most 20,000 resources in all', async () => {
    const { read, asked } = reading(() => page(9_000))
    for (let search = 0; search < 3; search++) expect((await read('Basic')).value).toHaveLength(9_000)
    const before = asked.length
    expect((await read('Basic')).error).toMatch(/at most 20000 resources/)
    expect(asked).toHaveLength(before)
  })

  test('at most 16 million characters in all', async () => {
    const { read, asked } = reading(() => page(1, { entry: [{ resource: { text: 'x'.repeat(6_000_000) } }] }))
    for (const isRead of [true, true, false]) expect((await read('Basic')).value !== undefined).toBe(isRead)
    const before = asked.length
    expect((await read('Basic')).error).toMatch(/at most 16 million characters/)
    expect(asked).toHaveLength(before)
  })

  test('no search that has no end', async () => {
    const { read } = reading(() => page(3, next('same')))
    expect((await read('Basic')).error).toMatch(/^Not all pages could be read/)
  })
})
