/** The announced uses: what docs/cookbook.md shows and cookbook.test.ts carries out. */
import { evalFhirPath } from '@medplum/core'
import { expect } from 'vitest'
import type { Use } from './recipe.ts'

const HL7 = 'x-application/hl7-v2+er7'
const OBSERVATION_CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category'

/** A Bot that answers JSON with a Task and an HL7 message with its acknowledgement. */
const BOT_CODE = `exports.handler = async (medplum, { input, contentType }) => {
  if (contentType.startsWith('${HL7}')) {
    return input.buildAck().toString()
  }
  const patient = await medplum.readReference({ reference: input.patient })
  return medplum.createResource({
    resourceType: 'Task', status: 'requested', intent: 'order',
    for: { reference: input.patient },
    description: 'Call ' + patient.name[0].given[0] + ': ' + input.about
  })
}`

const PATIENT = { method: 'GET', path: 'Patient?name=vega-castillo' }

const records: Use = {
  title: 'Find patients and read their records',
  why: 'Who has diabetes, and how is one of them doing? A search across types finds the patients; searches by patient read the rest.',
  steps: [
    {
      say: 'The oldest patients with type 2 diabetes (SNOMED CT 44054006). `_has` searches by what refers to a resource.',
      call: {
        method: 'GET',
        path: 'Patient?_has:Condition:subject:code=http://snomed.info/sct|44054006&_sort=birthdate&_count=3&_total=accurate',
      },
      shows: '{ resourceType total entry { resource { id name { given family } gender birthDate } } }',
      check({ json }) {
        expect(json).toMatchObject({ resourceType: 'Bundle', total: 23 })
      },
    },
    {
      say: 'One patient by name.',
      call: PATIENT,
      keep: { patient: 'entry.resource.id' },
      shows:
        '{ resourceType entry { resource { id identifier { system value } name { given family } gender birthDate } } }',
      check({ json }) {
        expect(json).toMatchObject({ entry: [{ resource: { name: [{ given: ['Marisol'] }] } }] })
      },
    },
    {
      say: 'Her active conditions.',
      call: { method: 'GET', path: 'Condition?subject=Patient/{patient}&clinical-status=active&_sort=onset-date' },
      shows: '{ resourceType entry { resource { code { text coding { system code } } onsetDateTime } } }',
      check({ json }) {
        expect(evalFhirPath('entry.resource.code.text', json)).toContain('Type 2 diabetes')
      },
    },
    {
      say: 'Her last two HbA1c results (LOINC 4548-4), the newest first.',
      call: { method: 'GET', path: 'Observation?subject=Patient/{patient}&code=4548-4&_sort=-date&_count=2' },
      shows:
        '{ resourceType entry { resource { status code { text } effectiveDateTime valueQuantity { value unit } interpretation { coding { code display } } } } }',
      check({ json }) {
        expect(json).toMatchObject({ entry: [{ resource: { code: { text: 'HbA1c' } } }, {}] })
      },
    },
  ],
}

const vitals: Use = {
  title: 'Record vital signs and a result',
  why: 'A blood pressure is one Observation with two components; a laboratory result has its range and says whether it is out of it. What was entered in error is marked, not deleted.',
  steps: [
    {
      say: 'For whom?',
      call: PATIENT,
      keep: { patient: 'entry.resource.id' },
      shows: '{ resourceType entry { resource { id } } }',
      check: bundle,
    },
    {
      say: 'The blood pressure (LOINC 85354-9), with systolic (8480-6) and diastolic (8462-4) pressure in units of UCUM.',
      call: {
        method: 'POST',
        path: 'Observation',
        body: {
          resourceType: 'Observation',
          status: 'final',
          category: [{ coding: [{ system: OBSERVATION_CATEGORY, code: 'vital-signs' }] }],
          code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }], text: 'Blood pressure' },
          subject: { reference: 'Patient/{patient}' },
          effectiveDateTime: '2026-09-02T09:30:00Z',
          component: [component('8480-6', 'Systolic', 138), component('8462-4', 'Diastolic', 84)],
        },
      },
      keep: { pressure: 'id' },
      shows: '{ resourceType id }',
      check({ json }) {
        expect(json).toMatchObject({ resourceType: 'Observation', id: expect.any(String) })
      },
    },
    {
      say: 'An HbA1c (LOINC 4548-4) from the laboratory, with the range it was judged by.',
      call: {
        method: 'POST',
        path: 'Observation',
        body: {
          resourceType: 'Observation',
          status: 'final',
          category: [{ coding: [{ system: OBSERVATION_CATEGORY, code: 'laboratory' }] }],
          code: { coding: [{ system: 'http://loinc.org', code: '4548-4' }], text: 'HbA1c' },
          subject: { reference: 'Patient/{patient}' },
          effectiveDateTime: '2026-09-02T09:40:00Z',
          valueQuantity: { value: 7.1, unit: '%', system: 'http://unitsofmeasure.org', code: '%' },
          referenceRange: [{ low: { value: 4, unit: '%' }, high: { value: 5.6, unit: '%' } }],
          interpretation: [
            {
              coding: [
                {
                  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation',
                  code: 'H',
                  display: 'High',
                },
              ],
            },
          ],
        },
      },
      shows: '{ resourceType id }',
      check({ json }) {
        expect(json).toMatchObject({ resourceType: 'Observation', id: expect.any(String) })
      },
    },
    {
      say: 'The blood pressure was somebody else’s: it is marked as entered in error, and stays.',
      call: {
        method: 'PATCH',
        path: 'Observation/{pressure}',
        patch: [{ op: 'replace', path: '/status', value: 'entered-in-error' }],
      },
      shows: '{ resourceType id status }',
      check({ json }) {
        expect(json).toMatchObject({ status: 'entered-in-error' })
      },
    },
  ],
}

function component(code: string, text: string, value: number) {
  return {
    code: { coding: [{ system: 'http://loinc.org', code }], text },
    valueQuantity: { value, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
  }
}

const visit: Use = {
  title: 'Plan a visit: a Task, an Appointment, and the Task done',
  why: 'Someone is asked to arrange a video visit, books a free time in the telehealth schedule, and marks the task as done.',
  steps: [
    {
      say: 'The patient.',
      call: PATIENT,
      keep: { patient: 'entry.resource.id' },
      shows: '{ resourceType entry { resource { id } } }',
      check: bundle,
    },
    {
      say: 'Create the Task. The answer shows what differs from what was sent.',
      call: {
        method: 'POST',
        path: 'Task',
        body: {
          resourceType: 'Task',
          status: 'requested',
          intent: 'order',
          description: 'Book a telehealth visit about the last HbA1c',
          for: { reference: 'Patient/{patient}' },
        },
      },
      keep: { task: 'id' },
      shows: '{ resourceType id meta { versionId } }',
      check({ json }) {
        expect(json).toMatchObject({ resourceType: 'Task', id: expect.any(String) })
      },
    },
    {
      say: 'What can be booked online.',
      call: { method: 'GET', path: 'HealthcareService?name=telehealth' },
      keep: { service: 'entry.resource.id' },
      shows: '{ resourceType entry { resource { id name } } }',
      check: bundle,
    },
    {
      say: 'The practitioner whose time it takes.',
      call: { method: 'GET', path: 'Schedule?actor:Practitioner.name=nguyen' },
      keep: { schedule: "entry.resource.where(comment.startsWith('Telehealth')).id" },
      shows: '{ resourceType entry { resource { id comment actor { display } } } }',
      check: bundle,
    },
    {
      say: 'Free times on one day. `$find` calculates them from the opening hours and existing bookings.',
      call: {
        method: 'GET',
        path: 'Schedule/{schedule}/$find?start=2027-03-16T00:00:00Z&end=2027-03-17T00:00:00Z&service-type-reference=HealthcareService/{service}',
      },
      keep: { slot: 'entry.resource.first()' },
      shows: '{ resourceType entry { resource { resourceType start end status schedule { reference } } } }',
      check({ json }) {
        expect(json).toMatchObject({
          entry: expect.arrayContaining([{ resource: expect.objectContaining({ status: 'free' }) }]),
        })
      },
    },
    {
      say: 'Book the first one. `{slot}` stands for the whole Slot from the answer.',
      call: {
        method: 'POST',
        path: 'Appointment/$book',
        body: { resourceType: 'Parameters', parameter: [{ name: 'slot', resource: '{slot}' }] },
      },
      keep: { appointment: "entry.resource.where(resourceType = 'Appointment').id" },
      shows:
        '{ resourceType entry { resource { resourceType id status start end participant { actor { display } status } } } }',
      check({ json }) {
        expect(json).toMatchObject({
          entry: [{ resource: { resourceType: 'Appointment', status: 'booked' } }, { resource: { status: 'busy' } }],
        })
      },
    },
    {
      say: 'The patient joins.',
      call: {
        method: 'PATCH',
        path: 'Appointment/{appointment}',
        patch: [
          {
            op: 'add',
            path: '/participant/-',
            value: { actor: { reference: 'Patient/{patient}' }, status: 'accepted' },
          },
        ],
      },
      shows: '{ resourceType id status participant { actor { reference } status } }',
      check({ json }) {
        expect(json).toMatchObject({ participant: [{}, { status: 'accepted' }] })
      },
    },
    {
      say: 'Complete the Task. The `test` makes the patch fail if somebody else has changed the status in the meantime.',
      call: {
        method: 'PATCH',
        path: 'Task/{task}',
        patch: [
          { op: 'test', path: '/status', value: 'requested' },
          { op: 'replace', path: '/status', value: 'completed' },
          {
            op: 'add',
            path: '/output',
            value: [{ type: { text: 'Appointment' }, valueReference: { reference: 'Appointment/{appointment}' } }],
          },
        ],
      },
      shows: '{ resourceType id status output { type { text } valueReference { reference } } }',
      check({ json }) {
        expect(json).toMatchObject({ resourceType: 'Task', status: 'completed' })
      },
    },
  ],
}

const claim: Use = {
  title: 'Submit a Claim',
  why: '`Claim/$submit` passes a claim to whatever the project has configured (`CLAIM_SUBMIT_OPERATION`); in the sandbox, a Bot that acts as a clearinghouse.',
  steps: [
    {
      say: 'The patient, her insurance and what she is treated for, in one search.',
      call: {
        method: 'GET',
        path: 'Patient?name=vega-castillo&_revinclude=Coverage:beneficiary&_revinclude=Condition:subject',
      },
      keep: {
        patient: "entry.resource.where(resourceType = 'Patient').id",
        coverage: "entry.resource.where(resourceType = 'Coverage').id",
        insurer: "entry.resource.where(resourceType = 'Coverage').payor.reference",
        provider: "entry.resource.where(resourceType = 'Patient').managingOrganization.reference",
        condition: "entry.resource.where(resourceType = 'Condition' and code.text = 'Type 2 diabetes').id",
      },
      shows: '{ resourceType entry { resource { resourceType id status payor { reference display } } } }',
      check: bundle,
    },
    {
      say: 'Create the claim. `format` "json" returns the whole record, which the next call sends.',
      call: {
        method: 'POST',
        path: 'Claim',
        format: 'json',
        body: {
          resourceType: 'Claim',
          status: 'active',
          type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/claim-type', code: 'professional' }] },
          use: 'claim',
          created: '2026-09-02',
          patient: { reference: 'Patient/{patient}' },
          insurer: { reference: '{insurer}' },
          provider: { reference: '{provider}' },
          priority: { coding: [{ code: 'normal' }] },
          insurance: [{ sequence: 1, focal: true, coverage: { reference: 'Coverage/{coverage}' } }],
          diagnosis: [{ sequence: 1, diagnosisReference: { reference: 'Condition/{condition}' } }],
          item: [
            {
              sequence: 1,
              diagnosisSequence: [1],
              productOrService: { coding: [{ system: 'http://www.ama-assn.org/go/cpt', code: '99213' }] },
              servicedDate: '2026-09-01',
              unitPrice: { value: 135, currency: 'USD' },
              net: { value: 135, currency: 'USD' },
            },
          ],
          total: { value: 135, currency: 'USD' },
        },
      },
      keep: { claim: 'id', theClaim: '$this' },
      shows: '{ resourceType id status use total { value currency } }',
      check({ json }) {
        expect(json).toMatchObject({ resourceType: 'Claim', status: 'active' })
      },
    },
    {
      say: 'Submit it. `{theClaim}` stands for the Claim in the answer. Each submission is a new one, so the server never repeats it.',
      call: {
        method: 'POST',
        path: 'Claim/$submit',
        body: { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: '{theClaim}' }] },
      },
      keep: { response: 'id' },
      shows: '{ resourceType id status outcome disposition request { reference } insurer { reference } }',
      check({ json }) {
        expect(json).toMatchObject({ resourceType: 'ClaimResponse', outcome: 'queued' })
      },
    },
    {
      say: 'Its result, now or later.',
      call: { method: 'GET', path: 'ClaimResponse?request=Claim/{claim}' },
      shows: '{ resourceType entry { resource { resourceType id outcome disposition } } }',
      check({ json }) {
        expect(json).toMatchObject({ entry: [{ resource: { disposition: 'Accepted for processing' } }] })
      },
    },
  ],
}

const bot: Use = {
  title: 'Write, deploy and run a Bot',
  why: 'A Bot is a function in Medplum that works on records. Only a project administrator may create one, with the level Admin. This one makes a Task from JSON and acknowledges an HL7 v2 message.',
  steps: [
    {
      say: 'Create the Bot, with its own rights.',
      as: 'ada',
      call: {
        method: 'POST',
        path: 'Bot/$init',
        body: { name: 'Call back', description: 'Makes Tasks to call patients' },
      },
      keep: { bot: 'id' },
      shows: '{ resourceType id name runtimeVersion }',
      check({ json }) {
        expect(json).toMatchObject({ resourceType: 'Bot', name: 'Call back' })
      },
    },
    {
      say: 'Deploy its code.',
      as: 'ada',
      call: { method: 'POST', path: 'Bot/{bot}/$deploy', body: { code: BOT_CODE, filename: 'call-back.js' } },
      shows: '{ resourceType issue { severity details { text } } }',
      check({ json }) {
        expect(json).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ severity: 'information' }] })
      },
    },
    {
      say: 'A patient to call.',
      as: 'ada',
      call: PATIENT,
      keep: { patient: 'entry.resource.id' },
      shows: '{ resourceType entry { resource { id } } }',
      check: bundle,
    },
    {
      say: 'Run it with JSON. The answer is what the Bot returns.',
      as: 'ada',
      call: {
        method: 'POST',
        path: 'Bot/{bot}/$execute',
        contentType: 'application/json',
        body: { patient: 'Patient/{patient}', about: 'new HbA1c result' },
      },
      keep: { task: 'id' },
      shows: '{ resourceType id status for { reference } description }',
      check({ json }) {
        expect(json).toMatchObject({ resourceType: 'Task', description: 'Call Marisol: new HbA1c result' })
      },
    },
    {
      say: 'Read the Task.',
      as: 'ada',
      call: { method: 'GET', path: 'Task/{task}' },
      shows: '{ resourceType id status description }',
      check({ json }) {
        expect(json).toMatchObject({ resourceType: 'Task', status: 'requested' })
      },
    },
    {
      say: 'Run it with an HL7 v2 message. The Bot gets it parsed and must return text.',
      as: 'ada',
      call: {
        method: 'POST',
        path: 'Bot/{bot}/$execute',
        contentType: HL7,
        text: 'MSH|^~\\&|LAB|MAPLEWOOD|EHR|CLINIC|20260901120000||ORU^R01|1001|P|2.5\rPID|1||MRN100200^^^CLINIC^MR||Vega-Castillo^Marisol',
      },
      check({ text }) {
        expect(text).toMatch(/^MSH\|/)
        expect(text).toMatch(/MSA\|AA\|1001/)
      },
    },
  ],
}

const admission: Use = {
  title: 'Send an HL7 v2 message through an Agent',
  why: "An Agent is Medplum's bridge to systems on a local network. A patient's registration goes to the laboratory as an ADT message over MLLP, and the acknowledgement comes back.",
  steps: [
    {
      say: 'The patient, with what the PID segment needs.',
      call: PATIENT,
      keep: {
        mrn: 'entry.resource.identifier.value',
        family: 'entry.resource.name.family',
        given: 'entry.resource.name.given.first()',
        born: "entry.resource.birthDate.replace('-', '')",
        sex: "iif(entry.resource.gender = 'female', 'F', 'M')",
      },
      shows: '{ resourceType entry { resource { identifier { value } name { given family } gender birthDate } } }',
      check: bundle,
    },
    {
      say: 'The Agent.',
      call: { method: 'GET', path: 'Agent?name=Laboratory' },
      keep: { agent: 'entry.resource.id' },
      shows: '{ resourceType entry { resource { id name status } } }',
      check: bundle,
    },
    {
      say: 'Is it connected?',
      call: { method: 'GET', path: 'Agent/{agent}/$status' },
      shows: '{ resourceType parameter { name valueCode } }',
      check({ json }) {
        expect(json).toMatchObject({ parameter: expect.arrayContaining([{ name: 'status', valueCode: 'connected' }]) })
      },
    },
    {
      say: 'The device to send it to.',
      call: { method: 'GET', path: 'Device?device-name=Laboratory' },
      keep: { device: 'entry.resource.id' },
      shows: '{ resourceType entry { resource { id status deviceName { name } } } }',
      check: bundle,
    },
    {
      say: "The message (ADT^A04, register a patient). Segments end with a carriage return, `\\r` in JSON. The `contentType` of the message goes into the body; the request itself is JSON. Use plain JSON, not Parameters: from those Medplum reads only texts and would miss `waitForResponse`. With `waitForResponse` the answer is the laboratory's acknowledgement: `MSA|AA` means that it took the message.",
      call: {
        method: 'POST',
        path: 'Agent/{agent}/$push',
        body: {
          destination: 'Device/{device}',
          contentType: HL7,
          body: 'MSH|^~\\&|EHR|CLINIC|LAB|MAPLEWOOD|20260901120000||ADT^A04^ADT_A01|2001|P|2.5\rEVN|A04|20260901120000\rPID|1||{mrn}^^^CLINIC^MR||{family}^{given}||{born}|{sex}\rPV1|1|O',
          waitForResponse: true,
        },
      },
      check({ text }) {
        expect(text).toMatch(/^MSH\|.+ACK/)
        expect(text).toMatch(/\rMSA\|AA\|2001/)
      },
    },
    {
      say: 'A message without a control id (MSH-10) is refused by the laboratory: `MSA|AE`. The request succeeds anyway, so read the acknowledgement.',
      call: {
        method: 'POST',
        path: 'Agent/{agent}/$push',
        body: {
          destination: 'Device/{device}',
          contentType: HL7,
          body: 'MSH|^~\\&|EHR|CLINIC|LAB|MAPLEWOOD|20260901120000||ADT^A04^ADT_A01||P|2.5',
          waitForResponse: true,
        },
      },
      check({ text }) {
        expect(text).toMatch(/\rMSA\|AE/)
      },
    },
  ],
}

const graphql: Use = {
  title: 'Ask for just the fields you need, with GraphQL',
  why: 'One question across types, and an answer with only the requested fields: it fits a context that whole resources would not.',
  steps: [
    {
      say: 'The patient.',
      call: PATIENT,
      keep: { patient: 'entry.resource.id' },
      shows: '{ resourceType entry { resource { id } } }',
      check: bundle,
    },
    {
      say: 'The patient, her problems and her last HbA1c.',
      call: {
        method: 'POST',
        path: '$graphql',
        body: {
          query: `query ($id: ID!, $ref: String) {
  Patient(id: $id) { name { given family } birthDate }
  ConditionList(subject: $ref, clinical_status: "active") { code { text } onsetDateTime }
  ObservationList(subject: $ref, code: "4548-4", _sort: "-date", _count: 1) { effectiveDateTime valueQuantity { value unit } }
}`,
          variables: { id: '{patient}', ref: 'Patient/{patient}' },
        },
      },
      check({ json, result }) {
        expect(json).toMatchObject({
          data: { Patient: { birthDate: '1961-03-14' }, ObservationList: [{ valueQuantity: { unit: '%' } }] },
        })
        expect(result.content).toHaveLength(1)
      },
    },
  ],
}

const bulk: Use = {
  title: 'Export in bulk, and read a part of a file',
  why: 'An export runs in the background and writes one file of NDJSON for each type. The call waits for it, reports progress to a client that asks for it, and answers with the list of files.',
  steps: [
    {
      say: 'A group of patients.',
      call: { method: 'GET', path: 'Group?code=44054006' },
      keep: { group: 'entry.resource.id' },
      shows: '{ resourceType entry { resource { id name quantity } } }',
      check: bundle,
    },
    {
      say: 'All their conditions and observations. If the export takes longer than the call may, the answer gives the path to ask later.',
      call: { method: 'GET', path: 'Group/{group}/$export?_type=Condition,Observation' },
      progress: true,
      keep: {
        file: "output.where(type = 'Observation').url.replace('Binary/', '')",
      },
      shows: '{ requiresAccessToken output { type url } error }',
      check({ json, progress }) {
        expect(progress.length).toBeGreaterThan(0)
        expect(progress[0]).toMatchObject({ progress: 1 })
        expect(json).toMatchObject({
          output: expect.arrayContaining([{ type: 'Observation', url: expect.stringMatching(/^Binary\//) }]),
        })
      },
    },
    {
      say: 'The observations: as many whole lines as one answer holds.',
      call: { method: 'GET', path: 'Binary/{file}' },
      keep: { next: /offset=(\d+)/ },
      check: lines,
    },
    { say: 'And on from there.', call: { method: 'GET', path: 'Binary/{file}', offset: '{next}' }, check: lines },
  ],
}

const document: Use = {
  title: "Open a document's PDF",
  why: 'A DocumentReference describes a document and says where its content is; the content itself is a Binary. It comes as an embedded resource, which hosts can show or pass on as a file.',
  steps: [
    {
      say: 'The patient.',
      call: PATIENT,
      keep: { patient: 'entry.resource.id' },
      shows: '{ resourceType entry { resource { id } } }',
      check: bundle,
    },
    {
      say: 'Her referral notes (LOINC 57133-1).',
      call: { method: 'GET', path: 'DocumentReference?subject=Patient/{patient}&type=57133-1&_sort=-date' },
      keep: {
        binary: "entry.resource.content.attachment.where(contentType = 'application/pdf').url.replace('Binary/', '')",
      },
      shows:
        '{ resourceType entry { resource { resourceType description date content { attachment { contentType title size url } } } } }',
      check({ json }) {
        expect(json).toMatchObject({
          entry: [{ resource: { content: [{ attachment: { url: expect.stringMatching(/^Binary\/[^/?]+$/) } }] } }],
        })
      },
    },
    {
      say: 'The PDF.',
      call: { method: 'GET', path: 'Binary/{binary}' },
      check({ result }) {
        const { resource } = result.content[1] ?? {}
        expect(resource?.mimeType).toBe('application/pdf')
        expect(atob(resource?.blob ?? '')).toMatch(/^%PDF-1\.\d[\s\S]*%%EOF\s*$/)
      },
    },
  ],
}

export const USES: Use[] = [records, vitals, visit, claim, bot, admission, graphql, bulk, document]

function bundle({ json }: { json: unknown }): void {
  expect(json).toMatchObject({ resourceType: 'Bundle', entry: expect.arrayContaining([expect.anything()]) })
}

/** Whole lines, each an Observation. */
function lines({ text }: { text: string }): void {
  const types = text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { resourceType: string }).resourceType)
  expect(new Set(types)).toEqual(new Set(['Observation']))
}
