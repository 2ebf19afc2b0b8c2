/** Recipes with other systems, and with much data. */
import { expect } from 'vitest'
import { GET, POST } from '../calls.ts'
import type { Use } from './recipe.ts'
import { bundle, HL7, has, lines, PATIENT, thePatient } from './recipe-steps.ts'

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

export const bot: Use = {
  title: 'Write, deploy and run a Bot',
  why: 'A Bot is a function in Medplum that works on records. Only a project administrator may create one, with the level Admin. This one makes a Task from JSON and acknowledges an HL7 v2 message.',
  steps: [
    {
      say: 'Create the Bot, with its own rights.',
      as: 'ada',
      call: POST('Bot/$init', { name: 'Call back', description: 'Makes Tasks to call patients' }),
      keep: { bot: 'id' },
      shows: '{ resourceType id name runtimeVersion }',
      check: has({ resourceType: 'Bot', name: 'Call back' }),
    },
    {
      say: 'Deploy its code.',
      as: 'ada',
      call: POST('Bot/{bot}/$deploy', { code: BOT_CODE, filename: 'call-back.js' }),
      shows: '{ resourceType issue { severity details { text } } }',
      check: has({ resourceType: 'OperationOutcome', issue: [{ severity: 'information' }] }),
    },
    thePatient('A patient to call.', 'ada'),
    {
      say: 'Run it with JSON. The answer is what the Bot returns.',
      as: 'ada',
      call: {
        ...{ method: 'POST', path: 'Bot/{bot}/$execute', contentType: 'application/json' },
        body: { patient: 'Patient/{patient}', about: 'new HbA1c result' },
      },
      keep: { task: 'id' },
      shows: '{ resourceType id status for { reference } description }',
      check: has({ resourceType: 'Task', description: 'Call Marisol: new HbA1c result' }),
    },
    {
      say: 'Read the Task.',
      as: 'ada',
      call: GET('Task/{task}'),
      shows: '{ resourceType id status description }',
      check: has({ resourceType: 'Task', status: 'requested' }),
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

export const admission: Use = {
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
      call: GET('Agent?name=Laboratory'),
      keep: { agent: 'entry.resource.id' },
      shows: '{ resourceType entry { resource { id name status } } }',
      check: bundle,
    },
    {
      say: 'Is it connected?',
      call: GET('Agent/{agent}/$status'),
      shows: '{ resourceType parameter { name valueCode } }',
      check: has({ parameter: expect.arrayContaining([{ name: 'status', valueCode: 'connected' }]) }),
    },
    {
      say: 'The device to send it to.',
      call: GET('Device?device-name=Laboratory'),
      keep: { device: 'entry.resource.id' },
      shows: '{ resourceType entry { resource { id status deviceName { name } } } }',
      check: bundle,
    },
    {
      say: "The message (ADT^A04, register a patient). Segments end with a carriage return, `\\r` in JSON. The `contentType` of the message goes into the body; the request itself is JSON. Use plain JSON, not Parameters: in Parameters, Medplum reads only texts and would miss `waitForResponse`. With `waitForResponse` the answer is the laboratory's acknowledgement: `MSA|AA` means that it accepted the message.",
      call: POST('Agent/{agent}/$push', {
        destination: 'Device/{device}',
        contentType: HL7,
        body: 'MSH|^~\\&|EHR|CLINIC|LAB|MAPLEWOOD|20260901120000||ADT^A04^ADT_A01|2001|P|2.5\rEVN|A04|20260901120000\rPID|1||{mrn}^^^CLINIC^MR||{family}^{given}||{born}|{sex}\rPV1|1|O',
        waitForResponse: true,
      }),
      check({ text }) {
        expect(text).toMatch(/^MSH\|.+ACK/)
        expect(text).toMatch(/\rMSA\|AA\|2001/)
      },
    },
    {
      say: 'A message without a control id (MSH-10) is refused by the laboratory: `MSA|AE`. The request succeeds anyway, so read the acknowledgement.',
      call: POST('Agent/{agent}/$push', {
        destination: 'Device/{device}',
        contentType: HL7,
        body: 'MSH|^~\\&|EHR|CLINIC|LAB|MAPLEWOOD|20260901120000||ADT^A04^ADT_A01||P|2.5',
        waitForResponse: true,
      }),
      check({ text }) {
        expect(text).toMatch(/\rMSA\|AE/)
      },
    },
  ],
}

export const graphql: Use = {
  title: 'Ask for just the fields you need, with GraphQL',
  why: 'One question across types, and an answer with only the requested fields, which fits a context that whole resources would not.',
  steps: [
    thePatient('The patient.'),
    {
      say: 'The patient, her problems and her last HbA1c.',
      call: POST('$graphql', {
        query: `query ($id: ID!, $ref: String) {
  Patient(id: $id) { name { given family } birthDate }
  ConditionList(subject: $ref, clinical_status: "active") { code { text } onsetDateTime }
  ObservationList(subject: $ref, code: "4548-4", _sort: "-date", _count: 1) { effectiveDateTime valueQuantity { value unit } }
}`,
        variables: { id: '{patient}', ref: 'Patient/{patient}' },
      }),
      check({ json, result }) {
        expect(json).toMatchObject({
          data: { Patient: { birthDate: '1961-03-14' }, ObservationList: [{ valueQuantity: { unit: '%' } }] },
        })
        expect(result.content).toHaveLength(1)
      },
    },
  ],
}

export const bulk: Use = {
  title: 'Export in bulk, and read a part of a file',
  why: 'An export runs in the background and writes one file of NDJSON for each type. The call waits for it, reports progress to a client that asks for it, and answers with the list of files.',
  steps: [
    {
      say: 'A group of patients.',
      call: GET('Group?code=44054006'),
      keep: { group: 'entry.resource.id' },
      shows: '{ resourceType entry { resource { id name quantity } } }',
      check: bundle,
    },
    {
      say: 'All their conditions and observations. If the export takes longer than the call may, the answer gives the path to ask later.',
      call: GET('Group/{group}/$export?_type=Condition,Observation'),
      progress: true,
      keep: { file: "output.where(type = 'Observation').url.replace('Binary/', '')" },
      shows: '{ requiresAccessToken output { type url } error }',
      check({ json, progress }) {
        // Nothing is reported of an export that is finished when the call first looks.
        expect(progress.map((one) => one.progress)).toEqual(progress.map((_, at) => at + 1))
        expect(json).toMatchObject({
          output: expect.arrayContaining([{ type: 'Observation', url: expect.stringMatching(/^Binary\//) }]),
        })
      },
    },
    {
      say: 'The observations: as many whole lines as fit in one answer.',
      call: GET('Binary/{file}'),
      keep: { next: /offset=(\d+)/ },
      check: lines,
    },
    { say: 'Continue from there.', call: GET('Binary/{file}', { offset: '{next}' }), check: lines },
  ],
}

export const document: Use = {
  title: "Open a document's PDF",
  why: 'A DocumentReference describes a document and says where its content is; the content itself is a Binary. It comes as an embedded resource, which hosts can show or pass on as a file.',
  steps: [
    thePatient('The patient.'),
    {
      say: 'Her referral notes (LOINC 57133-1).',
      call: GET('DocumentReference?subject=Patient/{patient}&type=57133-1&_sort=-date'),
      keep: {
        binary: "entry.resource.content.attachment.where(contentType = 'application/pdf').url.replace('Binary/', '')",
      },
      shows:
        '{ resourceType entry { resource { resourceType description date content { attachment { contentType title size url } } } } }',
      check: has({
        entry: [{ resource: { content: [{ attachment: { url: expect.stringMatching(/^Binary\/[^/?]+$/) } }] } }],
      }),
    },
    {
      say: 'The PDF.',
      call: GET('Binary/{binary}'),
      check({ result }) {
        const { resource } = result.content[1] ?? {}
        expect(resource?.mimeType).toBe('application/pdf')
        expect(atob(resource?.blob ?? '')).toMatch(/^%PDF-1\.\d[\s\S]*%%EOF\s*$/)
      },
    },
  ],
}
