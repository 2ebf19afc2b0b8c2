// Repeated token requests: by clients that send two at once or lost the answer, and by this server when storage was busy.

/** A refresh request repeated within this time gets the same answer, so that concurrent refreshes all get valid tokens. */
const REPLAY_MS = 30_000
/** Workers KV accepts one write per second and key; the code exchange follows soon after the grant's first write. */
const KV_RETRY_MS = 1100
const KV_RETRIES = 2

interface Answer {
  at: number
  status: number
  headers: [string, string][]
  body: string
}

/** The same answer to the same request: kept in memory only, for a short while. */
export class Replays {
  readonly #answers = new Map<string, Answer>()

  /** The recent answer to the same request with the same form, or else the answer of `send`. */
  async answer(request: Request, form: URLSearchParams, send: () => Promise<Response>): Promise<Response> {
    const now = Date.now()
    for (const [key, answer] of this.#answers) if (now - answer.at > REPLAY_MS) this.#answers.delete(key)
    const identity = `${request.headers.get('authorization') ?? ''}\n${new URLSearchParams([...form].sort())}`
    let answer = this.#answers.get(identity)
    if (!answer) {
      const response = await send()
      answer = { at: now, status: response.status, headers: [...response.headers], body: await response.text() }
      if (response.ok) this.#answers.set(identity, answer)
    }
    return new Response(answer.body, { status: answer.status, headers: answer.headers })
  }

  clear(): void {
    this.#answers.clear()
  }
}

/** Whether KV refused a write because there were too many to its key. Only the message says so. */
export function isWriteLimit(error: unknown): boolean {
  return error instanceof Error && error.message.includes('429 Too Many Requests')
}

/** Repeats a token request that failed because of KV's write limit, which used up nothing. */
export async function retried(send: () => Promise<Response>): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    const response = await send()
    if (response.status !== 429 || attempt === KV_RETRIES) return response
    await response.body?.cancel()
    await new Promise((resolve) => setTimeout(resolve, KV_RETRY_MS))
  }
}
