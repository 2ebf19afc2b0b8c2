// Operations in the default world: claims, scheduling and patients.
import type {
  Appointment,
  Bundle,
  Claim,
  ClaimResponse,
  OperationOutcome,
  Patient,
  Schedule,
  Slot,
} from '@medplum/fhirtypes'
import { describe, expect, it } from 'vitest'
import { TELEHEALTH_SCHEDULE_ID, TELEHEALTH_SERVICE_ID } from '../../sandbox/systems.ts'
import { ada, alice, problem, rita, setUp } from './operating.ts'

setUp()

describe('claims', () => {
  it('are submitted to the bot that the project names, every time', async () => {
    const found = await alice<Bundle<Claim>>('GET', 'Claim?_count=1')
    const claim = found.body.entry?.[0]?.resource
    const first = await alice<ClaimResponse>('GET', `Claim/${claim?.id}/$submit`)
    expect(first.body).toMatchObject({ request: { reference: `Claim/${claim?.id}` }, outcome: 'queued' })
    const parameter = [{ name: 'resource', resource: claim }]
    const second = await alice<ClaimResponse>('POST', 'Claim/$submit', { resourceType: 'Parameters', parameter })
    expect(second.status).toBe(200)
    const responses = await alice<Bundle>('GET', `ClaimResponse?request=Claim/${claim?.id}&_summary=count`)
    expect(responses.body.total).toBe(2)
  })

  it('are not submitted for a person who may not write', async () => {
    const found = await rita<Bundle<Claim>>('GET', 'Claim?_count=1')
    const refused = await rita<OperationOutcome>('GET', `Claim/${found.body.entry?.[0]?.resource?.id}/$submit`)
    expect(problem(refused)).toEqual([400, 'Forbidden'])
  })
})

describe('scheduling', () => {
  const day = 'start=2027-03-16T00:00:00Z&end=2027-03-17T00:00:00Z'
  const service = `service-type-reference=HealthcareService/${TELEHEALTH_SERVICE_ID}`
  const slots = async () =>
    (await alice<Bundle<Slot>>('GET', `Schedule/${TELEHEALTH_SCHEDULE_ID}/$find?${day}&${service}`)).body.entry ?? []

  it('finds no times on a Schedule that does not name the service', async () => {
    const { body } = await alice<Schedule>('GET', `Schedule/${TELEHEALTH_SCHEDULE_ID}`)
    await alice('PUT', `Schedule/${TELEHEALTH_SCHEDULE_ID}`, { ...body, serviceType: [{ text: 'Telehealth' }] })
    const path = `Schedule/${TELEHEALTH_SCHEDULE_ID}/$find?${day}&${service}`
    const refused = await alice<OperationOutcome>('GET', path)
    expect(problem(refused)).toEqual([400, 'Schedule is not schedulable for requested service type'])
  })

  it('finds, books and frees a time', async () => {
    const before = await slots()
    // 14:00 to 17:00 in New York, two days after the clocks were put forward.
    expect(before.map(({ resource }) => resource?.start?.slice(11, 16))).toEqual([
      ...['18:00', '18:30', '19:00', '19:30', '20:00', '20:30'],
    ])
    const parameter = [{ name: 'slot', resource: before[1]?.resource }]
    const booked = await alice<Bundle<Appointment>>('POST', 'Appointment/$book', {
      resourceType: 'Parameters',
      parameter,
    })
    expect(booked.status).toBe(201)
    expect(await slots()).toHaveLength(5)
    const again = await alice<OperationOutcome>('POST', 'Appointment/$book', { resourceType: 'Parameters', parameter })
    expect(problem(again)).toEqual([409, 'Requested time slot is no longer available'])
    await alice('POST', `Appointment/${booked.body.entry?.[0]?.resource?.id}/$cancel`, { resourceType: 'Parameters' })
    expect(await slots()).toHaveLength(6)
  })

  it('proposes appointments that can be held', async () => {
    const found = await alice<Bundle<Appointment>>(
      'GET',
      `Appointment/$find?${day}&${service}&schedule=Schedule/${TELEHEALTH_SCHEDULE_ID}&_count=1`,
    )
    const parameter = [{ name: 'appointment', resource: found.body.entry?.[0]?.resource }]
    const held = await alice<Bundle<Appointment>>('POST', 'Appointment/$hold', {
      resourceType: 'Parameters',
      parameter,
    })
    expect(held.body.entry?.[0]?.resource).toMatchObject({
      status: 'pending',
      participant: [{ status: 'needs-action' }],
    })
    expect(await slots()).toHaveLength(5)
  })
})

describe('patients', () => {
  it('are returned completely, page by page', async () => {
    const found = await alice<Bundle<Patient>>('GET', 'Patient?_count=1')
    const id = found.body.entry?.[0]?.resource?.id
    const all = await alice<Bundle>('GET', `Patient/${id}/$everything`)
    const page = await alice<Bundle>('GET', `Patient/${id}/$everything?_count=5`)
    const next = page.body.link?.find((link) => link.relation === 'next')?.url ?? ''
    const second = await alice<Bundle>('GET', next)
    const own = (bundle: Bundle) => bundle.entry?.filter(({ search }) => search?.mode === 'match') ?? []
    expect([...own(page.body), ...own(second.body)]).toEqual(own(all.body).slice(0, 10))
  })

  it('come with the people and things named in their charts', async () => {
    const found = await alice<Bundle<Patient>>('GET', 'Patient?name=vega-castillo')
    const { body } = await alice<Bundle>('GET', `Patient/${found.body.entry?.[0]?.resource?.id}/$everything`)
    const types = body.entry
      ?.filter(({ search }) => search?.mode === 'include')
      .map(({ resource }) => resource?.resourceType)
    expect([...new Set(types)].sort()).toEqual(['Location', 'Organization', 'Practitioner'])
  })

  it('are not matched by name alone', async () => {
    const name = [{ family: 'Vega-Castillo' }]
    const total = async (more: Partial<Patient>) => {
      const parameter = [{ name: 'resource', resource: { resourceType: 'Patient', name, ...more } }]
      return (await alice<Bundle>('POST', 'Patient/$match', { resourceType: 'Parameters', parameter })).body.total
    }
    expect([await total({}), await total({ birthDate: '1961-03-14' })]).toEqual([0, 1])
  })

  it('say which versions of FHIR there are', async () => {
    expect((await alice('GET', '$versions')).body).toEqual({ versions: ['4.0'], default: '4.0' })
  })

  it('report a missing parameter differently in a query and in Parameters', async () => {
    const inQuery = await alice<OperationOutcome>('GET', `Schedule/${TELEHEALTH_SCHEDULE_ID}/$find`)
    expect(problem(inQuery)).toEqual([400, "Expected at least 1 value(s) for required input parameter 'start'"])
    const body = { resourceType: 'Parameters', parameter: [{ name: 'slot', valueString: 'x' }] }
    const inBody = await alice<OperationOutcome>('POST', 'Appointment/$hold', body)
    expect(problem(inBody)).toEqual([400, 'Expected 1 value(s) for input parameter appointment, but 0 provided'])
  })

  it('are not found under an invalid id, whatever the type', async () => {
    expect((await alice('GET', 'Nothing/1')).status).toBe(404)
    expect((await alice('GET', `Nothing/${crypto.randomUUID()}`)).status).toBe(400)
  })

  it('can be erased by an administrator, with everything that belongs to them', async () => {
    const found = await ada<Bundle<Patient>>('GET', 'Patient?_count=1')
    const id = found.body.entry?.[0]?.resource?.id
    expect((await alice('POST', `Patient/${id}/$expunge?everything=true`, {})).status).toBe(403)
    expect((await ada('POST', `Patient/${id}/$expunge?everything=true`, {})).status).toBe(200)
    const left = await ada<Bundle>('GET', `Observation?subject=Patient/${id}&_summary=count`)
    expect(left.body.total).toBe(0)
  })
})
