/** Replays a recorded exchange against a server and says where its answer differs (rules: test/recordings/README.md). */

export interface Exchange {
  name: string
  as: string
  waitMs?: number
  pollUntil?: number
  request: {
    method: string
    path: string
    headers?: Record<string, string>
    body?: unknown
    repeatX?: number
  }
  capture?: Record<string, string>
  expect: { status: number; headers?: Record<string, string>; body?: Record<string, unknown> }
}

interface Answer {
  status: number
  headers: Headers
  body: unknown
}

type Variables = Record<string, string>

/** Polls for a status at most this often; each time the server's clock advances by a second. */
const POLLS = 20

export interface Target {
  variables: Variables
  /** Access tokens by sender. */
  tokens: Record<string, string>
  /** Lets the server's clock go on. */
  wait(ms: number): void | Promise<void>
}

/** @returns the differences; none if the answer is as recorded */
export async function replay(exchange: Exchange, target: Target): Promise<string[]> {
  await target.wait(exchange.waitMs ?? 0)
  let answer = await send(exchange, target)
  for (let i = 0; exchange.pollUntil && answer.status !== exchange.pollUntil && i < POLLS; i++) {
    await target.wait(1000)
    answer = await send(exchange, target)
  }
  for (const [name, place] of Object.entries(exchange.capture ?? {})) {
    const value = place.startsWith('header:') ? answer.headers.get(place.slice(7)) : at(answer.body, place)
    if (typeof value === 'string') {
      target.variables[name] = value
    }
  }
  return differences(exchange.expect, answer, target.variables)
}

async function send({ request, as }: Exchange, target: Target): Promise<Answer> {
  const fill = (text: string) => fillIn(text, target.variables)
  const path = fill(request.path)
  const headers = new Headers(Object.entries(request.headers ?? {}).map(([name, value]) => [name, fill(value)]))
  if (as !== 'anonymous') {
    headers.set('authorization', `Bearer ${target.tokens[as]}`)
  }
  const response = await fetch(/^https?:/.test(path) ? path : `${target.variables.base}${path}`, {
    method: request.method,
    headers,
    redirect: 'manual',
    ...(request.body === undefined ? {} : { body: new TextEncoder().encode(bodyText(request, fill)) }),
  })
  const text = await response.text()
  const lines = response.headers.get('content-type') === 'application/fhir+ndjson'
  return { status: response.status, headers: response.headers, body: lines ? text : parsed(text) }
}

function bodyText({ body, repeatX }: Exchange['request'], fill: (text: string) => string): string {
  const text = typeof body === 'string' ? fill(body) : fill(JSON.stringify(body))
  return text + 'x'.repeat(repeatX ?? 0)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function fillIn(text: string, variables: Variables): string {
  return text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => variables[name] ?? whole)
}

function differences(expected: Exchange['expect'], answer: Answer, variables: Variables): string[] {
  const checks: [string, unknown, unknown][] = [
    ['status', expected.status, answer.status],
    ...Object.entries(expected.headers ?? {}).map(([name, value]): [string, unknown, unknown] => [
      name,
      value,
      answer.headers.get(name) ?? undefined,
    ]),
    ...Object.entries(expected.body ?? {}).map(([place, value]): [string, unknown, unknown] => [
      place || 'body',
      value,
      at(answer.body, place),
    ]),
  ]
  return checks
    .filter(([, wanted, found]) => !matches(wanted, found, variables))
    .map(([place, wanted, found]) => `${place}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`)
}

/** @param place a JSON pointer, one that ends in `/#` for a length, or `link:<relation>` */
function at(body: unknown, place: string): unknown {
  if (place.startsWith('link:')) {
    const links = (body as { link?: { relation: string; url: string }[] } | undefined)?.link ?? []
    return links.find((link) => link.relation === place.slice(5))?.url
  }
  return place
    .split('/')
    .slice(1)
    .reduce((value: unknown, key) => {
      if (key === '#') {
        return Array.isArray(value) ? value.length : undefined
      }
      return (value as Record<string, unknown> | null | undefined)?.[key.replaceAll('~1', '/').replaceAll('~0', '~')]
    }, body)
}

const PLACEHOLDERS: Record<string, string> = {
  uuid: '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  instant: '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)',
  'http-date': '\\w{3}, \\d\\d \\w{3} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT',
  integer: '\\d+',
  number: '-?\\d+(\\.\\d+)?',
  string: '[\\s\\S]*',
  cursor: '[^&]+',
  signature: '[^&\\s]+',
}

function matches(wanted: unknown, found: unknown, variables: Variables): boolean {
  if (wanted === '<absent>') {
    return found === undefined
  }
  if (wanted === '<number>' || wanted === '<integer>') {
    return typeof found === 'number'
  }
  if (typeof wanted === 'string') {
    return typeof found === 'string' && pattern(fillIn(wanted, variables)).test(found)
  }
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(found) &&
      found.length === wanted.length &&
      wanted.every((one, i) => matches(one, found[i], variables))
    )
  }
  if (typeof wanted === 'object' && wanted !== null) {
    const other = Object(found) as Record<string, unknown>
    return (
      new Set([...Object.keys(wanted), ...Object.keys(other)]).size === Object.keys(wanted).length &&
      Object.entries(wanted).every(([key, one]) => matches(one, other[key], variables))
    )
  }
  return wanted === found
}

function pattern(text: string): RegExp {
  const source = text
    .split(/<([a-z-]+)>/)
    .map((part, i) =>
      i % 2 === 0 ? part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&') : (PLACEHOLDERS[part] ?? `<${part}>`),
    )
    .join('')
  return new RegExp(`^${source}$`)
}
