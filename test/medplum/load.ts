// A part of the sandbox's clinic, for a sandbox and for a real server, so that both can get the same requests.

import type { WithId } from '@medplum/core'
import type { Binary, Bundle, Resource } from '@medplum/fhirtypes'
import { PATIENT_IDS } from '../../sandbox/clinic/index.ts'
import type { World } from '../../sandbox/core/seed.ts'
import { clinicWorld } from '../../sandbox/world.ts'
import { type Ground, TAG_SYSTEM } from './ground.ts'
import { must } from './report.ts'

/** Whole charts of these; for everybody else what the registry of diabetics needs. */
const CHARTS = new Set<string>(Object.values(PATIENT_IDS))
const HOUSE = ['Organization', 'Location', 'Practitioner', 'PractitionerRole', 'Questionnaire', 'Patient', 'Group']
const SYSTEMS = ['HealthcareService', 'Agent', 'Device', 'Schedule', 'OperationDefinition', 'Bot']
const CHUNK = 100

/** The sandbox's world with that part of its records. */
export function part(redirectUris: string[] = []): World {
  const world = clinicWorld(redirectUris)
  return { ...world, resources: world.resources.filter((one) => !isClinical(one) || belongs(one)) }
}

/** Everything except the people and things of the sandbox itself. */
function isClinical({ resourceType }: Resource): boolean {
  return !['User', 'Project', 'ProjectMembership', 'AccessPolicy', 'ClientApplication'].includes(resourceType)
}

function belongs(resource: WithId<Resource>): boolean {
  const { resourceType } = resource
  if ([...HOUSE, ...SYSTEMS].includes(resourceType)) return true
  const text = JSON.stringify(resource)
  if (resourceType === 'Condition' && text.includes('"44054006"')) return true
  if (resourceType === 'Binary' && text.includes('"text/javascript"')) return true
  const patients = [...text.matchAll(/"Patient\/([0-9a-f-]{36})"/g)].map(([, id = '']) => id)
  return patients.length > 0 && patients.every((id) => CHARTS.has(id))
}

/** The records' ids there, by their ids in the clinic. */
export type Ids = Map<string, string>

/** Writes that part of the clinic, under the run's tag, as its administrator. */
export async function load(ground: Ground): Promise<Ids> {
  const { dana } = ground.people
  const ids: Ids = new Map()
  const tag = [{ system: TAG_SYSTEM, code: ground.run }]
  const resources = part().resources.filter((one) => isClinical(one) && one.resourceType !== 'Bot')
  for (const binary of resources.filter((one) => one.resourceType === 'Binary')) {
    const id = await upload(ground, binary)
    ids.set(binary.id, id)
  }
  const rest = resources.filter(({ resourceType }) => !['Binary', 'OperationDefinition'].includes(resourceType))
  for (let i = 0; i < rest.length; i += CHUNK) {
    const chunk = rest.slice(i, i + CHUNK)
    const here = new Set(chunk.map(({ id }) => id))
    const entry = chunk.map((resource) => {
      const { id, meta: _, ...record } = resource
      const text = JSON.stringify({ ...record, meta: { tag } }).replaceAll(
        /\b([A-Z]\w+)\/([0-9a-f-]{36})/g,
        (whole, type: string, to: string) =>
          (here.has(to) ? `urn:uuid:${to}` : `${type}/${ids.get(to) ?? to}`) || whole,
      )
      return {
        fullUrl: `urn:uuid:${id}`,
        request: { method: 'POST', url: record.resourceType },
        resource: JSON.parse(text) as Resource,
      }
    })
    const { status, body } = await dana.send<Bundle>('POST', '', { resourceType: 'Bundle', type: 'batch', entry })
    must(status === 200, `Loading answered ${status}: ${JSON.stringify(body).slice(0, 500)}`)
    for (const [at, { id }] of chunk.entries()) {
      const response = body.entry?.[at]?.response
      const made = /\/([0-9a-f-]{36})(\/_history\/|$)/.exec(response?.location ?? '')?.[1]
      must(made !== undefined, `Loading ${chunk[at]?.resourceType} answered ${JSON.stringify(response)}`)
      ids.set(id, made)
    }
  }
  return ids
}

async function upload(ground: Ground, { contentType, data = '' }: Binary): Promise<string> {
  const { status, body } = await ground.people.dana.send<{ id: string }>(
    'POST',
    'Binary',
    Buffer.from(data, 'base64'),
    { 'content-type': contentType },
  )
  must(status === 201, `Binary answered ${status}`)
  ground.remember(body.id)
  return body.id
}
