/**
 * `npm run test:hostile`: thousands of hostile calls against a Medplum that records what it receives. `-- --seed 7 --cases 20000` makes
 * others, and more of them. A failure names the seed and the path that repeat it.
 */

import { parseArgs } from 'node:util'
import * as fc from 'fast-check'
import { covers, guardFor, LEVELS, type Level } from '../../src/access/access.ts'
import type { Narrowing } from '../../src/access/narrow/narrowing.ts'
import { classify } from '../../src/access/risk/risk.ts'
import { ToldError } from '../../src/base/told-error.ts'
import type { Agreement } from '../../src/call/confirmation.ts'
import { FhirClient } from '../../src/client/client.ts'
import type { Guard } from '../../src/client/guard.ts'
import type { FhirRequest, Method } from '../../src/client/request.ts'
import { fetchRecord } from '../../src/tools/fetch/tool.ts'
import { fhirDelete } from '../../src/tools/fhir-delete.ts'
import { fhirDigest } from '../../src/tools/fhir-digest.ts'
import { fhirOperate } from '../../src/tools/fhir-operate.ts'
import { fhirRead } from '../../src/tools/fhir-read.ts'
import { fhirRequest } from '../../src/tools/fhir-request.ts'
import { fhirWrite } from '../../src/tools/fhir-write.ts'
import { understand } from '../../src/tools/kit/schema.ts'
import type { Tool, ToolContext, ToolOutput } from '../../src/tools/kit/tool.ts'
import { search } from '../../src/tools/search/tool.ts'
import { callerWith } from '../caller.ts'
import { type HostileCall, hostileCall } from './calls.ts'
import { effectOf } from './effects.ts'
import { type Arrived, FOREIGN, OWN_ID, startRecording } from './medplum.ts'

const { values } = parseArgs({
  options: { cases: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
})
const seed = Number(values.seed)
const numRuns = Number(values.cases)

const TOOLS: Record<string, Tool> = Object.fromEntries(
  [fhirRequest, fhirRead, fhirWrite, fhirOperate, fhirDelete, fhirDigest, search, fetchRecord].map((tool) => [
    tool.name,
    tool as unknown as Tool,
  ]),
)
const medplum = await startRecording()
const { fhirBase } = medplum

interface Setting {
  level: Level
  narrowing: Narrowing
  forms: boolean
  label: boolean
}

const setting: fc.Arbitrary<Setting> = fc.record({
  level: fc.constantFrom(...LEVELS),
  narrowing: fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        { patient: OWN_ID },
        { types: ['Observation'] },
        { types: ['Observation', 'Patient'], patient: OWN_ID },
      ),
    },
  ),
  forms: fc.boolean(),
  label: fc.boolean(),
})

/** Confirmations without seals, which are tested elsewhere. */
const sealed = new Map<string, Agreement>()
const seal = (agreement: Agreement) => {
  sealed.set(agreement.nonce, agreement)
  return agreement.nonce
}

/** A connection: what it may do, the requests that its guard let pass, and whether its person says yes. */
function connection({ level, narrowing, forms, label }: Setting) {
  const access = { level, ...narrowing }
  const passed: FhirRequest[] = []
  const guard = guardFor(access)
  const watched: Guard = {
    async admit(request, read) {
      const passage = await guard.admit(request, read)
      if (passage) passed.push(passage.request)
      return passage
    },
    withheld: () => guard.withheld(),
  }
  const caller = callerWith(access, fhirBase, {
    seal: async (agreement) => seal(agreement),
    open: async (state) => sealed.get(state),
    burn: async () => true,
    propose: async (agreement) => ({ address: `https://mcp.example.com/confirm/${seal(agreement)}`, id: 'page' }),
  })
  const call = async (
    { tool: name, args }: HostileCall,
    answer?: { state: string },
  ): Promise<ToolOutput | undefined> => {
    const tool = TOOLS[name]
    const understood = tool && understand(tool, args)
    if (!tool || !understood || 'issues' in understood) return undefined
    const context: ToolContext = {
      ...{ caller, access, fhir: new FhirClient(caller.medplum, 2_000, { guard: watched }) },
      ...{ signal: new AbortController().signal, progress: async () => {}, answerChars: 20_000 },
      marks: { label, provenance: false, auditEvent: false },
      asking: {
        ...{ policy: 'delete', forms: forms || answer !== undefined, pages: false, session: undefined },
        state: answer?.state,
        responses: answer && { approval: { action: 'accept', content: {} } },
      },
      event: {},
    }
    return tool.run(understood.value.args, context)
  }
  return { call, passed }
}

/** A call's text; an error made for the model is an answer, any other a fault of this server. */
async function outcome(
  work: Promise<ToolOutput | undefined>,
): Promise<{ output?: ToolOutput | undefined; text: string }> {
  try {
    const output = await work
    return { output, text: JSON.stringify(output) ?? '' }
  } catch (error) {
    if (error instanceof ToldError) return { text: error.message }
    throw error
  }
}

const HEADERS = new Set([
  ...['accept', 'accept-encoding', 'accept-language', 'authorization', 'connection', 'content-length'],
  ...['content-type', 'host'],
  ...['cache-control', 'if-match', 'if-none-exist', 'pragma', 'prefer', 'sec-fetch-mode', 'transfer-encoding'],
  ...['user-agent', 'x-medplum'],
])
const LOWEST: Record<string, Level> = { read: 'read', write: 'write', delete: 'full', operate: 'full', admin: 'admin' }

function check(holds: boolean, what: string, details: unknown): void {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(details)?.slice(0, 1_500)}`)
}

/** What must be true for everything that arrived. */
function judge(arrived: readonly Arrived[], passed: readonly FhirRequest[], level: Level, agreed: boolean): void {
  for (const one of arrived) {
    const { method, path, target, headers, body } = one
    const isBelow =
      /^\/fhir\/R4(\/|\?|$)/.test(target) &&
      !/(^|\/)\.{1,2}(\/|\?|$)|\/\/|\\|%2f|%5c|%2e/i.test(target.split('?')[0] ?? '')
    check(isBelow, 'left the FHIR base', one)
    check(
      Object.keys(headers).every((name) => HEADERS.has(name)),
      'set a header',
      one,
    )
    check(!/[;,\s]/.test(headers['content-type'] ?? ''), 'sent a media type with parameters', one)
    const effect = effectOf(one)
    check(covers(level, effect.needs), `went beyond ${level}`, one)
    check(
      covers(level, LOWEST[classify({ method: method as Method, path, body }).kind] ?? 'admin'),
      `is judged beyond ${level} by what arrived`,
      one,
    )
    check(agreed || !effect.asked, 'was sent without asking', one)
    const judged = passed.find(
      (request) => request.method === method && isSamePath(request.path, path) && isSame(request, one),
    )
    // Reads for a decision bypass the guard that is watched here; everything else was checked as it arrived.
    check(judged !== undefined || method === 'GET', 'arrived differently from what was judged', { one, passed })
  }
}

function isSamePath(sent: string, arrived: string): boolean {
  return new URL(sent, fhirBase).href === new URL(arrived, fhirBase).href
}

function isSame({ content }: FhirRequest, { body, headers }: Arrived): boolean {
  if (content === undefined || body === undefined)
    return (content === undefined) === (headers['content-type'] === undefined)
  const value = content.type === 'application/x-www-form-urlencoded' ? fields(String(content.value)) : content.value
  return content.type === headers['content-type'] && canonical(value) === canonical(body)
}

function fields(text: string): Record<string, unknown> {
  const form = new URLSearchParams(text)
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => [name, form.getAll(name).length > 1 ? form.getAll(name) : form.get(name)]),
  )
}

const canonical = (value: unknown) => JSON.stringify(value)

const counts = { calls: 0, refused: 0, asked: 0, confirmed: 0, requests: 0 }

await fc
  .assert(
    fc.asyncProperty(setting, hostileCall, async (given, attack) => {
      counts.calls++
      medplum.arrived()
      const { call, passed } = connection(given)
      const { output, text } = await outcome(call(attack))
      const first = medplum.arrived()
      counts.requests += first.length
      if (first.length === 0) counts.refused++
      judge(first, passed, given.level, false)
      if (given.narrowing.patient !== undefined) check(!text.includes(FOREIGN), 'showed another patient', { text })
      const isQuestion =
        typeof output === 'object' && !Array.isArray(output) && ('question' in output || 'undone' in output)
      if (!isQuestion) return
      counts.asked++
      const [state] = [...sealed.keys()]
      if (state === undefined) throw new Error(`Asked without an agreement: ${text}`)
      passed.length = 0
      const again = await outcome(call(attack, { state }))
      const second = medplum.arrived()
      counts.requests += second.length
      sealed.clear()
      judge(second, passed, given.level, true)
      if (second.some((one) => effectOf(one).asked)) counts.confirmed++
      const isDone = second.some(({ method }) => method !== 'GET') || String(attack.args.method).trim() === 'GET'
      check(isDone, 'a person was asked in vain', { attack, text, again: again.text })
    }),
    { numRuns, seed },
  )
  .finally(() => medplum.close())
console.log(
  `${counts.calls} hostile calls (seed ${seed}): ${counts.requests} requests arrived, ${counts.refused} calls sent nothing, ${counts.asked} asked a person, ${counts.confirmed} then did what was confirmed. Nothing left the FHIR base, exceeded the level, was sent without asking, or arrived differently from what was judged.`,
)
