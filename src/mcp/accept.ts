// Answers in the form that a client accepts. The transports expect clients that accept both JSON and event streams; proxies and older
// clients accept only one of them, or name neither.
import { isRecord, parsedJson } from '../base/json.ts'
import { SSE_HEADERS, sseEvent } from './session/sse.ts'

const JSON_TYPE = 'application/json'
const EVENTS_TYPE = 'text/event-stream'
const BOTH = `${JSON_TYPE}, ${EVENTS_TYPE}`

/** The forms that a client accepts. */
interface Taken {
  json: boolean
  events: boolean
}

/** The forms that an Accept header allows (RFC 9110 section 12.5.1), also by wildcards; all if there is no header. */
export function takenBy(accept: string | null): Taken {
  const ranges = (accept ?? '*/*').toLowerCase().split(',')
  const named = ranges
    .map((range) => range.split(';').map((part) => part.trim()))
    .filter(([, ...parameters]) => !parameters.some((one) => /^q=0(\.0*)?$/.test(one)))
    .map(([name]) => name)
  const takes = (type: string) =>
    named.some((one) => one === '*/*' || one === type || one === type.replace(/\/.*/, '/*'))
  return { json: takes(JSON_TYPE), events: takes(EVENTS_TYPE) }
}

/** The same request, changed to accept both forms. */
export function takingBoth(request: Request): Request {
  if (request.headers.get('accept') === BOTH) return request
  const headers = new Headers(request.headers)
  headers.set('accept', BOTH)
  return new Request(request, { headers, signal: request.signal })
}

/**
 * Converts an answer to a form that its client accepts.
 *
 * @param decline called with each question to the person, which a client that accepts only JSON would never see
 */
export async function inFormTaken(
  response: Response,
  { json, events }: Taken,
  decline: (question: unknown) => Promise<void>,
): Promise<Response> {
  const type = response.headers.get('content-type') ?? ''
  if (!json && type.startsWith(JSON_TYPE) && response.ok) {
    const value: unknown = await response.json()
    const messages = Array.isArray(value) ? value : [value]
    const text = messages.map((message) => sseEvent('message', JSON.stringify(message))).join('')
    return new Response(text, { headers: { ...Object.fromEntries(response.headers), ...SSE_HEADERS } })
  }
  if (!events && type.startsWith(EVENTS_TYPE) && response.body) {
    const answers: unknown[] = []
    for await (const message of messagesIn(response.body)) {
      if (!isRecord(message)) continue
      if (!('method' in message)) answers.push(message)
      else if ('id' in message) await decline(message.id)
    }
    const headers = new Headers(response.headers)
    headers.set('content-type', JSON_TYPE)
    return new Response(JSON.stringify(answers.length === 1 ? answers[0] : answers), { headers })
  }
  return response
}

/** The messages of an event stream, unchanged. */
async function* messagesIn(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown> {
  let text = ''
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const events = (text + chunk).split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const data = event.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []))
      yield parsedJson(data.join('\n'))
    }
  }
}
