// The figures of test/bench/load/load.ts as tables with their goals, and as a picture.
import { type Cost, dollars, type Idle } from './load-cost.ts'

/** A contestant's result with one upstream and a number of clients: milliseconds, and answers per second. */
export interface Row {
  name: string
  upstream: string
  clients: number
  p50: number
  p95: number
  p99: number
  rate: number
  answers: number
}

type Rows = readonly Row[]

/** Everything as Markdown. */
export function tables(rows: Rows, costs: readonly Cost[], idle: Idle): string {
  const upstreams = [...new Set(rows.map(({ upstream }) => upstream))]
  return [...upstreams.map((upstream) => latency(upstream, rows)), goals(rows, costs, idle), billing(costs)].join(
    '\n\n',
  )
}

function table(head: string[], body: string[][]): string {
  return [head, head.map((_, n) => (n === 0 ? '---' : '---:')), ...body]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')
}

function latency(upstream: string, rows: Rows): string {
  const body = rows
    .filter((row) => row.upstream === upstream)
    .map(({ name, clients, p50, p95, p99, rate }) => [
      name,
      String(clients),
      ...[p50, p95, p99].map((ms) => ms.toFixed(1)),
      rate.toFixed(0),
    ])
  return `**Upstream: ${upstream}**\n\n${table(['', 'clients', 'p50 ms', 'p95 ms', 'p99 ms', 'calls/s'], body)}`
}

function find(rows: Rows, name: string, upstream: string, clients: number): Row {
  const row = rows.find((one) => one.name === name && one.upstream === upstream && one.clients === clients)
  if (!row) throw new Error(`No figure for ${name}, ${upstream}, ${clients}`)
  return row
}

/** The goals, each beside what was measured. */
function goals(rows: Rows, costs: readonly Cost[], idle: Idle): string {
  const lines: string[][] = []
  const add = (what: string, goal: string, measured: string, met: boolean) =>
    lines.push([what, goal, measured, met ? 'yes' : 'no'])
  const bare = find(rows, 'forwarding Worker', 'fixed', 1)
  for (const [name, slower, share] of [
    ['stateless', 2, 0.5],
    ['session', 2.5, 0.4],
  ] as const) {
    const ours = find(rows, name, 'fixed', 1)
    const [latency, rate] = [ours.p50 / bare.p50, ours.rate / bare.rate]
    add(`${name}, p50 compared with forwarding, 1`, `≤ ${slower} ×`, `${latency.toFixed(2)} ×`, latency <= slower)
    add(`${name}, calls/s compared with forwarding, 1`, `≥ ${share} ×`, `${rate.toFixed(2)} ×`, rate >= share)
  }
  const slow = find(rows, 'stateless', 'after 10 ms', 1).p50 / find(rows, 'direct', 'after 10 ms', 1).p50
  add('stateless compared with direct, an upstream of 10 ms, p50', '≤ 1.3 ×', `${slow.toFixed(2)} ×`, slow <= 1.3)
  for (const [name, most] of [
    ['stateless', 1],
    ['session', 2],
  ] as const) {
    const own = costs.filter((cost) => cost.name === name)
    const [least, dearest] = [Math.min(...own.map(dollars)), Math.max(...own.map(dollars))]
    const cpu = own.find((cost) => cost.clients === 16)?.cpu ?? Number.NaN
    add(`${name}, CPU per call`, '≤ 1.5 ms', `${cpu.toFixed(2)} ms`, cpu <= 1.5)
    add(`${name}, cost of a million calls`, `≤ $${most}`, `$${dearest.toFixed(2)}`, dearest <= most)
    add(
      `${name}, cost from 1 to 128 clients`,
      'flat',
      `$${least.toFixed(2)} to $${dearest.toFixed(2)}`,
      dearest / least < 1.25,
    )
  }
  const kib = idle.stored / 1024
  add('storage of an idle session', '≤ 20 KiB', `${kib.toFixed(1)} KiB`, kib <= 20)
  const share = idle.evicted / idle.sessions
  add(
    'idle sessions out of memory (no duration is billed)',
    'all',
    `${(share * 100).toFixed(0)} % of ${idle.sessions}`,
    share === 1,
  )
  add('memory of an open session', '', `${(idle.memory / 1024).toFixed(0)} KiB`, true)
  return table(['', 'goal', 'measured', 'reached'], lines)
}

function billing(costs: readonly Cost[]): string {
  const body = costs.map((cost) => [
    cost.name,
    String(cost.clients),
    cost.cpu.toFixed(2),
    ...(isOurs(cost)
      ? [cost.kvReads, cost.objectRequests, cost.rowsWritten]
          .map((count) => count.toFixed(2))
          .concat(`$${dollars(cost).toFixed(2)}`)
      : ['', '', '', '']),
  ])
  return table(
    ['a call', 'clients', 'CPU ms', 'KV reads', 'object requests', 'rows written', 'cost of a million'],
    body,
  )
}

function isOurs({ name }: Cost): boolean {
  return name === 'stateless' || name === 'session' || name === 'SSE'
}

const BAR = 18
const LEFT = 150
const WIDTH = 420

/** Calls a second with the fixed upstream, a group of bars for each number of clients. */
export function plot(rows: Rows): string {
  const fixed = rows.filter(({ upstream }) => upstream === 'fixed')
  const groups = [...new Set(fixed.map(({ clients }) => clients))]
  const most = Math.max(...fixed.map(({ rate }) => rate))
  const parts: string[] = []
  let y = 34
  for (const clients of groups) {
    parts.push(`<text x="8" y="${y}" class="head">${clients} ${clients === 1 ? 'client' : 'clients'}</text>`)
    y += 8
    for (const { name, rate } of fixed.filter((row) => row.clients === clients)) {
      const width = Math.max(1, (rate / most) * WIDTH)
      const ours = ['stateless', 'session', 'SSE'].includes(name)
      parts.push(
        `<text x="${LEFT - 8}" y="${y + 13}" text-anchor="end">${name}</text>`,
        `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 4}" class="${ours ? 'ours' : 'other'}"/>`,
        `<text x="${(LEFT + width + 6).toFixed(1)}" y="${y + 13}">${rate.toFixed(0)}</text>`,
      )
      y += BAR
    }
    y += 24
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 ${y}" role="img" aria-label="Calls a second, by clients">
<style>
  svg { background: #fff }
  text { font: 12px system-ui, sans-serif; fill: #1f2430 }
  .head { font-weight: 700 }
  .ours { fill: #5b3cc4 }
  .other { fill: #b8c0cc }
</style>
<text x="8" y="16" class="head">Calls a second, upstream that answers at once</text>
${parts.join('\n')}
</svg>
`
}
