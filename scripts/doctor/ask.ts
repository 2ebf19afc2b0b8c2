// One plain HTTP request to check a deployment from outside: any Host, no redirects followed, no cookies kept.
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

const TIMEOUT_MS = 15_000
const MAX_BODY = 1_000_000

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** The body as a JSON object; empty if it isn't one. */
  json: Record<string, unknown>
}

interface Question {
  method?: string
  /** These are sent as given, even `host`. */
  headers?: Record<string, string>
  body?: string
}

/**
 * Sends a request to an http or https address. @throws the network's own error, with its `code` (ENOTFOUND, CERT_HAS_EXPIRED), or a timeout
 */
export function ask(url: string | URL, { method = 'GET', headers = {}, body }: Question = {}): Promise<Answer> {
  const { protocol } = new URL(url)
  const request = protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, signal: AbortSignal.timeout(TIMEOUT_MS), agent: false })
    sent.on('error', reject).on('response', (response) => {
      let text = ''
      response
        .setEncoding('utf8')
        .on('data', (chunk: string) => {
          text += chunk
          if (text.length > MAX_BODY) response.destroy(new Error('The answer is too large'))
        })
        .on('error', reject)
        .on('end', () => {
          const answered = new Headers()
          for (const [name, values = []] of Object.entries(response.headersDistinct))
            for (const value of values) answered.append(name, value)
          resolve({ status: response.statusCode ?? 0, headers: answered, text, json: objectIn(text) })
        })
    })
    sent.end(body)
  })
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
