// Measures, in one interleaved run, the FHIR API itself, Medplum's own MCP server and ours, without and with a session: the time of each,
// and the size of what a model reads.
import { encode } from 'gpt-tokenizer'
import { PATIENT_IDS } from '../../sandbox/clinic/index.ts'
import { ask, callOf, JSON_HEADERS, MODERN_HEADERS, MODERN_META, openSession } from '../bench/load/load-clients.ts'
import { tokenFor } from '../sandbox/client.ts'
import type { Ground } from './ground.ts'
import type { Ids } from './load.ts'
import { must, type Report } from './report.ts'

const DIRECT = 'direct FHIR'
const WARM_UP = 5

/** @returns what a model reads */
type Way = (path: string) => Promise<string>

export async function measure(
  ground: Ground,
  plain: string,
  bearer: string,
  ids: Ids,
  rounds: number,
  report: Report,
): Promise<void> {
  const chart = ids.get(PATIENT_IDS.diabetic)
  const rows = [
    `Patient/${chart}`,
    'Patient?_count=20',
    'Observation?_count=100',
    `Observation?subject=Patient/${chart}&code=4548-4&_sort=-date`,
    `Patient/${chart}/$everything`,
  ]
  const token = await tokenFor({ baseUrl: ground.url }, ground.people.alice)
  const ways = new Map<string, Way>([[DIRECT, direct(ground.url, token)]])
  const theirs = mcp(`${ground.url}mcp/stream`, { ...JSON_HEADERS, authorization: `Bearer ${token}` })
  if (await theirs(rows[0] ?? '').catch(() => undefined)) ways.set("Medplum's MCP", theirs)
  else report.leaveOut("Medplum's own MCP server", 'it is switched off')
  const { headers } = await openSession(plain, bearer)
  ways.set(
    'ours, stateless',
    mcp(`${plain}/mcp`, { ...MODERN_HEADERS, authorization: `Bearer ${bearer}` }, MODERN_META),
  )
  ways.set('ours, session', mcp(`${plain}/mcp`, headers))

  const times = new Map(rows.map((row) => [row, new Map([...ways.keys()].map((way) => [way, [] as number[]]))]))
  const tokens = new Map(rows.map((row) => [row, new Map<string, number>()]))
  await report.step(`${rounds} rounds of ${rows.length} requests, ${ways.size} ways`, async () => {
    for (let round = -WARM_UP; round < rounds; round++) {
      for (const row of rows) {
        // A different one begins each time, so that none always profits from the one before.
        const order = [...ways]
        for (let i = 0; i < Math.abs(round) % order.length; i++) order.push(...order.splice(0, 1))
        for (const [name, way] of order) {
          report.pause()
          const began = performance.now()
          const text = await way(row)
          const took = performance.now() - began
          if (round < 0) tokens.get(row)?.set(name, encode(text).length)
          else times.get(row)?.get(name)?.push(took)
        }
      }
    }
  })
  print(rows, times, tokens, chart ?? '')
}

function print(
  rows: string[],
  times: Map<string, Map<string, number[]>>,
  tokens: Map<string, Map<string, number>>,
  chart: string,
): void {
  const line = (...cells: string[]) =>
    console.log(`  ${cells.map((cell, at) => (at < 2 ? cell.padEnd(at ? 17 : 58) : cell.padStart(9))).join('')}`)
  line('request', 'way', 'p50 ms', 'p95 ms', '× direct', 'tokens')
  for (const row of rows) {
    const base = percentile(times.get(row)?.get(DIRECT) ?? [], 0.5)
    for (const [way, taken] of times.get(row) ?? []) {
      const [p50, p95] = [percentile(taken, 0.5), percentile(taken, 0.95)]
      const count = String(tokens.get(row)?.get(way) ?? '')
      line(row.replaceAll(chart, 'ID'), way, p50.toFixed(1), p95.toFixed(1), (p50 / base).toFixed(2), count)
    }
  }
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
}

function direct(base: string, token: string): Way {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/fhir+json' }
  return async (path) => {
    const { status, text } = await ask(`${base}fhir/R4/${path}`, headers)
    must(status === 200, `GET ${path} answered ${status}: ${text.slice(0, 300)}`)
    return text
  }
}

/** `fhir-request`, which both servers have. */
function mcp(url: string, headers: Record<string, string>, meta?: object): Way {
  let n = 0
  return async (path) => {
    const { status, text } = await ask(url, headers, JSON.stringify(callOf(path, ++n, meta)))
    // A stream has the answer in an event.
    const data = text.startsWith('{') ? text : (/^data: ?(\{.*)$/m.exec(text)?.[1] ?? '')
    must(status === 200 && data !== '', `GET ${path} answered ${status}: ${text.slice(0, 300)}`)
    const { result } = JSON.parse(data) as { result?: { isError?: boolean; content: { text?: string }[] } }
    must(result !== undefined && result.isError !== true, `GET ${path} answered ${data.slice(0, 300)}`)
    return result.content.map((block) => block.text ?? '').join('\n')
  }
}
