// The Worker that test/bench/shape.ts measures: it shapes a posted Bundle a given number of times.
import { writeAnswer } from '../../src/answer/answer.ts'

const OPTIONS = {
  format: 'compact',
  maxChars: 60_000,
  nextAfter: (matches: number) => `Observation?_skip=${matches}`,
} as const

export default {
  /** `?shape=N` shapes the posted JSON N times, `?json=N` writes and parses it N times. */
  async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url)
    const body: unknown = JSON.parse((await request.text()) || 'null')
    let characters = 0
    for (let n = Number(searchParams.get('shape')); n > 0; n--) characters += writeAnswer(body, OPTIONS).text.length
    for (let n = Number(searchParams.get('json')); n > 0; n--) {
      const text = JSON.stringify(body)
      characters += text.length + Object.keys(JSON.parse(text) as object).length
    }
    return new Response(String(characters))
  },
}
