/** The clinic's technical systems: a bot that accepts claims, a schedule for online booking, and an agent connected to the laboratory. */
import type { WithId } from '@medplum/core'
import type {
  Agent,
  Binary,
  Bot,
  Device,
  HealthcareService,
  OperationDefinition,
  Project,
  Resource,
  Schedule,
} from '@medplum/fhirtypes'
import { PRACTITIONER_IDS } from './clinic/index.ts'
import { LISTENER_URL } from './core/listener.ts'
import { serviceType } from './operations/calendars.ts'

const id = (n: number) => `5a9d0000-0000-4000-8000-0000000001${String(n).padStart(2, '0')}`

const CLEARINGHOUSE_BOT_ID = id(1)
export const LABORATORY_AGENT_ID = id(4)
export const LABORATORY_DEVICE_ID = id(5)
export const TELEHEALTH_SERVICE_ID = id(6)
export const TELEHEALTH_SCHEDULE_ID = id(7)

/** `Claim/$submit` runs the operation that this setting names. */
export const CLAIM_SETTING: NonNullable<Project['setting']> = [
  { name: 'CLAIM_SUBMIT_OPERATION', valueString: 'submit-to-clearinghouse' },
]

/** Accepts every claim that names a patient, as a clearinghouse does before the payer decides. */
const CLEARINGHOUSE_CODE = `exports.handler = async (medplum, { input: claim }) => {
  if (!claim.patient) throw new Error('The claim names no patient')
  return medplum.createResource({
    resourceType: 'ClaimResponse',
    status: 'active',
    type: claim.type,
    use: claim.use,
    patient: claim.patient,
    created: new Date().toISOString(),
    insurer: claim.insurer ?? { display: 'Clearinghouse' },
    ...(claim.id ? { request: { reference: 'Claim/' + claim.id } } : {}),
    outcome: 'queued',
    disposition: 'Accepted for processing',
  })
}
`

const code: WithId<Binary> = {
  resourceType: 'Binary',
  id: id(2),
  contentType: 'text/javascript',
  data: Buffer.from(CLEARINGHOUSE_CODE).toString('base64'),
}
const bot: WithId<Bot> = {
  resourceType: 'Bot',
  id: CLEARINGHOUSE_BOT_ID,
  name: 'Clearinghouse',
  runtimeVersion: 'vmcontext',
  executableCode: { contentType: 'text/javascript', title: 'index.js', url: `Binary/${code.id}` },
}
const submission: WithId<OperationDefinition> = {
  resourceType: 'OperationDefinition',
  id: id(3),
  extension: [
    {
      url: 'https://medplum.com/fhir/StructureDefinition/operationDefinition-implementation',
      valueReference: { reference: `Bot/${bot.id}` },
    },
  ],
  name: 'submit-to-clearinghouse',
  status: 'active',
  kind: 'operation',
  code: 'submit-to-clearinghouse',
  resource: ['Claim'],
  system: false,
  type: true,
  instance: false,
  parameter: [{ use: 'out', name: 'return', type: 'ClaimResponse', min: 1, max: '1' }],
}

const agent: WithId<Agent> = {
  resourceType: 'Agent',
  id: LABORATORY_AGENT_ID,
  name: 'Laboratory bridge',
  status: 'active',
}
const laboratory: WithId<Device> = {
  resourceType: 'Device',
  id: LABORATORY_DEVICE_ID,
  status: 'active',
  deviceName: [{ name: 'Laboratory system', type: 'user-friendly-name' }],
  url: LISTENER_URL,
}

const telehealth: WithId<HealthcareService> = {
  resourceType: 'HealthcareService',
  id: TELEHEALTH_SERVICE_ID,
  active: true,
  name: 'Telehealth visit',
  type: [
    { coding: [{ system: 'https://clinic.example.com/service', code: 'telehealth', display: 'Telehealth visit' }] },
  ],
}
const time = (url: string, valueTime: string) => ({ url, valueTime })
const hours: WithId<Schedule> = {
  resourceType: 'Schedule',
  id: TELEHEALTH_SCHEDULE_ID,
  active: true,
  actor: [{ reference: `Practitioner/${PRACTITIONER_IDS.alice}`, display: 'Alice Nguyen' }],
  comment: 'Telehealth, Tuesday to Thursday',
  serviceType: serviceType(telehealth),
  extension: [
    {
      url: 'https://medplum.com/fhir/StructureDefinition/SchedulingParameters',
      extension: [
        { url: 'service', valueReference: { reference: `HealthcareService/${telehealth.id}` } },
        { url: 'duration', valueDuration: { value: 30, unit: 'min' } },
        { url: 'alignmentInterval', valueDuration: { value: 30, unit: 'min' } },
        { url: 'timezone', valueCode: 'America/New_York' },
        {
          url: 'availability',
          extension: [
            {
              url: 'availableTime',
              extension: [
                ...['tue', 'wed', 'thu'].map((valueCode) => ({ url: 'daysOfWeek', valueCode })),
                time('availableStartTime', '14:00:00'),
                time('availableEndTime', '17:00:00'),
              ],
            },
          ],
        },
      ],
    },
  ],
}

/** In dependency order. */
export const SYSTEMS: WithId<Resource>[] = [code, bot, submission, agent, laboratory, telehealth, hours]
