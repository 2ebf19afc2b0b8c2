// Agents and terminology in the default world.
import type { Agent, Bundle, OperationOutcome, Parameters, ValueSet } from '@medplum/fhirtypes'
import { describe, expect, it } from 'vitest'
import { LABORATORY_AGENT_ID, LABORATORY_DEVICE_ID } from '../../sandbox/systems.ts'
import { alice, problem, sandbox, setUp } from './operating.ts'

setUp()

describe('agents', () => {
  const message = 'MSH|^~\\&|EHR|CLINIC|LAB|LAB|20260901120000||ORM^O01|7|P|2.5\rPID|1||P-1'
  const push = <T>(body: string, rest = {}) =>
    alice<T>('POST', `Agent/${LABORATORY_AGENT_ID}/$push`, {
      body,
      contentType: 'x-application/hl7-v2+er7',
      destination: `Device/${LABORATORY_DEVICE_ID}`,
      waitForResponse: true,
      ...rest,
    })
  const received = async () => {
    const response = await fetch(`${sandbox.baseUrl}_sandbox/hl7`)
    return ((await response.json()) as { messages: { message: string; ack: string }[] }).messages
  }

  it('carry a message to the device and its acknowledgement back', async () => {
    const { headers, body } = await push<string>(message)
    expect(headers.get('content-type')).toBe('x-application/hl7-v2+er7; charset=utf-8')
    expect(body).toMatch(/\rMSA\|AA\|7/)
    expect(await received()).toMatchObject([{ message, ack: body }])
  })

  it('are sent Parameters of which only the texts count', async () => {
    const parameter = [
      { name: 'body', valueString: message },
      { name: 'contentType', valueString: 'x-application/hl7-v2+er7' },
      { name: 'destination', valueString: `Device/${LABORATORY_DEVICE_ID}` },
    ]
    const to = async (more: object) => {
      const body = { resourceType: 'Parameters', parameter: [...parameter, { name: 'waitForResponse', ...more }] }
      return (await alice<unknown>('POST', `Agent/${LABORATORY_AGENT_ID}/$push`, body)).body
    }
    expect(await to({ valueBoolean: true })).toMatchObject({ resourceType: 'OperationOutcome', id: 'ok' })
    expect(await to({ valueString: 'true' })).toMatch(/\rMSA\|AA\|7/)
  })

  it('bring back an error for a bad message', async () => {
    expect((await push<string>('MSH|^~\\&|EHR')).body).toMatch(/\rMSA\|AE/)
    expect((await push<string>('hello')).body).toMatch(/\rMSA\|AE/)
  })

  it('say why a device cannot be reached', async () => {
    const device = await alice<{ id: string }>('POST', 'Device', { resourceType: 'Device', url: 'mllp://localhost:1' })
    const failed = await push<OperationOutcome>(message, { destination: `Device/${device.body.id}` })
    expect(problem(failed)).toEqual([400, expect.stringContaining('ECONNREFUSED')])
    const logs = await alice<Parameters>('GET', `Agent/${LABORATORY_AGENT_ID}/$fetch-logs`)
    expect(logs.body.parameter?.[0]?.valueString).toContain('ECONNREFUSED')
  })

  it('say whether they are connected', async () => {
    const other = { resourceType: 'Agent', name: 'Silent', status: 'active' } satisfies Agent
    await alice('POST', 'Agent', other)
    const { body } = await alice<Bundle<Parameters>>('GET', 'Agent/$bulk-status')
    const states = body.entry?.map(({ resource }) => {
      const [agent, result] = (resource?.parameter ?? []).map((one) => one.resource)
      return [(agent as Agent | undefined)?.name, (result as Parameters | undefined)?.parameter?.[0]?.valueCode]
    })
    expect(states).toEqual([
      ['Laboratory bridge', 'connected'],
      ['Silent', 'unknown'],
    ])
    await alice('GET', `Agent/${LABORATORY_AGENT_ID}/$upgrade?version=5.2.0`)
    const status = await alice<Parameters>('GET', `Agent/${LABORATORY_AGENT_ID}/$status`)
    expect(status.body.parameter?.[1]?.valueString).toBe('5.2.0')
  })
})

describe('terminology', () => {
  it('includes subsets, other value sets and hierarchies', async () => {
    const url = 'http://terminology.hl7.org/ValueSet/v3-ActEncounterCode'
    const { body } = await alice<ValueSet>('GET', `ValueSet/$expand?url=${url}&filter=inpatient`)
    expect(body.expansion?.contains?.map((one) => one.code)).toContain('IMP')
  })

  it("knows the project's own value sets", async () => {
    const own = {
      resourceType: 'ValueSet',
      status: 'active',
      url: 'https://clinic.example.com/vs',
      compose: {
        include: [{ system: 'https://clinic.example.com/cs', concept: [{ code: 'a', display: 'Ah' }, { code: 'b' }] }],
      },
    } satisfies ValueSet
    const codes = { url: 'https://clinic.example.com/cs', concept: [{ code: 'a', display: 'Ah' }] }
    await alice('POST', 'CodeSystem', { resourceType: 'CodeSystem', status: 'active', content: 'complete', ...codes })
    await alice('POST', 'ValueSet', own)
    const { body } = await alice<ValueSet>('GET', `ValueSet/$expand?url=${own.url}`)
    expect(body.expansion?.contains).toEqual([{ system: 'https://clinic.example.com/cs', code: 'a', display: 'Ah' }])
  })
})
