/// <reference lib="dom" />
// The picture in README.md of the server at work: three calls of a real client, with their answers word for word. Written only if
// SCREENSHOTS is set; otherwise only the calls are made.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConnectedClient, connect, SignIn, textOf } from '../../programs/clients.ts'
import type { RunningWorker } from '../../programs/worker.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'

import { launch } from './browser.ts'
import { type Running, startBoth } from './running.ts'

const PICTURE = new URL('../../docs/images/working.png', import.meta.url).pathname
const STYLE = `
  body { margin: 0; padding: 24px; width: 852px; background: #f6f7fb; color: #1d2433; font: 15px/1.5 system-ui, sans-serif }
  h2 { margin: 20px 0 6px; font-size: 15px } h2:first-child { margin-top: 0 }
  pre { margin: 0; padding: 10px 14px; white-space: pre-wrap; overflow-wrap: anywhere; font: 12.5px/1.5 ui-monospace, monospace }
  .call { background: #5b3cc4; color: #fff; border-radius: 8px 8px 0 0 }
  .answer { background: #fff; border: 1px solid #cfd3e0; border-top: 0; border-radius: 0 0 8px 8px }`

interface Step {
  /** What a person wants to know. */
  question: string
  tool: string
  args: Record<string, unknown>
}

describe('what the picture shows', () => {
  let both: Running
  let worker: RunningWorker
  let client: ConnectedClient
  const shown: (Step & { answer: string })[] = []

  beforeAll(async () => {
    both = await startBoth()
    worker = both.worker
    client = await connect('Streamable HTTP 2026-07-28, SDK 2', worker.url, new SignIn(SANDBOX_USERS.alice))
  }, 60_000)

  afterAll(async () => {
    await client?.close()
    await both?.stop()
  })

  async function ask(step: Step): Promise<string> {
    const result = await client.call(step.tool, step.args)
    const answer = textOf(result)
    expect(result.isError ?? false, answer).toBe(false)
    shown.push({ ...step, answer })
    return answer
  }

  test('finds a patient, her results over time, and her conditions', async () => {
    const found = await ask({
      question: 'Who is Ms Vega-Castillo?',
      tool: 'fhir-request',
      args: {
        method: 'GET',
        path: 'Patient?name=vega-castillo',
        select: ['id', 'name.family', 'birthDate', 'address.city'],
      },
    })
    const [id] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(found) ?? []
    expect(id).toBeDefined()
    const results = await ask({
      question: 'How is her HbA1c?',
      tool: 'fhir-request',
      args: {
        method: 'GET',
        path: `Observation?subject=Patient/${id}&code=4548-4&_sort=-date&_count=5`,
        select: ['effective.toString().substring(0, 10)', 'value.value', 'value.unit', 'interpretation.coding.code'],
      },
    })
    expect(results).toContain('%')
    const digest = await ask({
      question: 'And what does she live with?',
      tool: 'fhir-digest',
      args: { path: `Condition?subject=Patient/${id}&clinical-status=active` },
    })
    expect(digest).toContain('Digest of all')
    if (process.env.SCREENSHOTS) await draw(shown)
  })
})

async function draw(steps: readonly (Step & { answer: string })[]): Promise<void> {
  const browser = await launch()
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 600 } })
    await page.setContent(`<style>${STYLE}</style>`)
    await page.evaluate((all) => {
      for (const { question, tool, args, answer } of all) {
        for (const [tag, kind, text] of [
          ['h2', '', question],
          ['pre', 'call', `${tool} ${JSON.stringify(args)}`],
          ['pre', 'answer', answer],
        ] as const) {
          document.body.append(Object.assign(document.createElement(tag), { className: kind, textContent: text }))
        }
      }
    }, steps)
    await page.screenshot({ path: PICTURE, fullPage: true })
  } finally {
    await browser.close()
  }
}
