/** `Agent/$push`: sends a message through an agent to a device, over a real connection if the agent is connected. */

import { allOk, badRequest, parseSearchRequest, type WithId } from '@medplum/core'
import type { Agent, AsyncJob, Device, OperationOutcome, Parameters } from '@medplum/fhirtypes'
import { fail, outcome } from '../core/answers.ts'
import { send } from '../core/mllp.ts'
import { readBody } from '../http/body.ts'
import type { Call, DirectRoute } from '../http/direct.ts'
import { acceptedAt, finishWhenDue, type JobResult, newJob, wantsAsync } from '../http/jobs.ts'
import type { Records } from '../records/repository.ts'
import { agentFor } from './agents.ts'

const DEFAULT_WAIT_MS = 10_000
const MAX_WAIT_MS = 55_000
const HL7 = 'x-application/hl7-v2+er7'

export const pushRoutes: DirectRoute[] = [['POST', /^\/Agent(?:\/([^/]+))?\/\$push$/, push]]

interface Answered {
  outcome: OperationOutcome
  /** The device's answer, if the call waited for it. */
  body?: string
}

async function push(call: Call, id?: string): Promise<Response> {
  const { context, records, request } = call
  const input = stringInput(await readBody(request))
  if (!wantsAsync(request)) {
    const { outcome: result, body } = await pushed(call, id, input)
    return body === undefined
      ? outcome(result)
      : new Response(body, { headers: { 'content-type': `${input.contentType}; charset=utf-8` } })
  }
  const job = records.writeAsServer<AsyncJob>(newJob(context.baseUrl + call.url.pathname.slice(1), context.now()))
  const done = pushed(call, id, input).then(({ outcome: resource, body }): JobResult => {
    const answer = body === undefined ? [] : [{ name: 'responseBody', valueString: body }]
    return { status: 'completed', parameter: [{ name: 'outcome', resource }, ...answer] }
  })
  finishWhenDue(records, job, done)
  return acceptedAt(`${context.baseUrl}fhir/R4/job/${job.id}/status`)
}

/** Medplum reads only string values from Parameters here: a `waitForResponse` sent as valueBoolean is ignored. */
function stringInput(body: unknown): Record<string, unknown> {
  const { resourceType, parameter = [] } = Object(body) as Partial<Parameters>
  if (resourceType !== 'Parameters') return Object(body)
  return Object.fromEntries(parameter.map(({ name, valueString }) => [name, valueString]))
}

async function pushed({ context, records, url }: Call, id: string | undefined, input: Record<string, unknown>) {
  const agent = await agentFor(records, id, url.searchParams.get('identifier'))
  if (agent.status === 'off') {
    throw fail(badRequest("Agent is currently disabled. Agent.status is 'off'"))
  }
  for (const name of ['body', 'contentType', 'destination']) {
    if (!input[name]) {
      throw fail(badRequest(`Missing ${name} parameter`))
    }
  }
  const wait = Number(input.waitTimeout ?? DEFAULT_WAIT_MS)
  if (wait < 0 || wait > MAX_WAIT_MS) {
    throw fail(badRequest('Invalid wait timeout'))
  }
  const device = await deviceAt(records, String(input.destination))
  if (!device) {
    throw fail(badRequest('Destination device not found'))
  }
  if (!device.url) {
    throw fail(badRequest('Destination device missing url'))
  }
  if (!input.waitForResponse) {
    if (context.agents.reaches(agent)) {
      // A failure is only logged by the agent.
      deliver(records, agent, device.url, input, wait).catch(() => undefined)
    }
    return { outcome: allOk } satisfies Answered
  }
  await context.agents.waitFor(agent, wait)
  return { outcome: allOk, body: await deliver(records, agent, device.url, input, wait) } satisfies Answered
}

async function deliver(
  { context: { agents } }: Records,
  agent: WithId<Agent>,
  url: string,
  { body, contentType }: Record<string, unknown>,
  timeout: number,
): Promise<string> {
  if (contentType !== HL7) {
    throw fail(badRequest(`Unsupported content type: ${contentType}`))
  }
  try {
    const answer = await send(url, String(body), timeout)
    agents.log(agent, `Message sent to ${url}`)
    return answer
  } catch (error) {
    const { message } = error as Error
    agents.log(agent, `Message to ${url} failed: ${message}`, 'ERROR')
    throw fail(badRequest(message))
  }
}

async function deviceAt(records: Records, destination: string): Promise<Device | undefined> {
  if (destination.startsWith('Device/')) {
    return records.readReference<Device>({ reference: destination }).catch(() => undefined)
  }
  return destination.startsWith('Device?') ? records.searchOne<Device>(parseSearchRequest(destination)) : undefined
}
