/** Recipes for the care of a patient. */
import { evalFhirPath } from '@medplum/core'
import { expect } from 'vitest'
import { GET, POST } from '../calls.ts'
import type { Use } from './recipe.ts'
import { bundle, HER, has, PATIENT, patch, thePatient } from './recipe-steps.ts'

const INTERPRETATION = 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation'

const category = (code: string) => [
  { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code }] },
]

export const records: Use = {
  title: 'Find patients and read their records',
  why: 'Who has diabetes, and how is one of them doing? A search across types finds the patients; searches by patient read the rest.',
  steps: [
    {
      say: 'The oldest patients with type 2 diabetes (SNOMED CT 44054006). `_has` searches by what refers to a resource.',
      call: GET(
        'Patient?_has:Condition:subject:code=http://snomed.info/sct|44054006&_sort=birthdate&_count=3&_total=accurate',
      ),
      shows: '{ resourceType total entry { resource { id name { given family } gender birthDate } } }',
      check: has({ resourceType: 'Bundle', total: 23 }),
    },
    {
      say: 'One patient by name.',
      call: PATIENT,
      keep: { patient: 'entry.resource.id' },
      shows:
        '{ resourceType entry { resource { id identifier { system value } name { given family } gender birthDate } } }',
      check: has({ entry: [{ resource: { name: [{ given: ['Marisol'] }] } }] }),
    },
    {
      say: 'Her active conditions.',
      call: GET('Condition?subject=Patient/{patient}&clinical-status=active&_sort=onset-date'),
      shows: '{ resourceType entry { resource { code { text coding { system code } } onsetDateTime } } }',
      check({ json }) {
        expect(evalFhirPath('entry.resource.code.text', json)).toContain('Type 2 diabetes')
      },
    },
    {
      say: 'Her last two HbA1c results (LOINC 4548-4), the newest first.',
      call: GET('Observation?subject=Patient/{patient}&code=4548-4&_sort=-date&_count=2'),
      shows:
        '{ resourceType entry { resource { status code { text } effectiveDateTime valueQuantity { value unit } interpretation { coding { code display } } } } }',
      check: has({ entry: [{ resource: { code: { text: 'HbA1c' } } }, {}] }),
    },
  ],
}

export const vitals: Use = {
  title: 'Record vital signs and a result',
  why: 'A blood pressure is one Observation with two components; a laboratory result has a reference range and says whether it is outside it. A record that was entered in error is marked, not deleted.',
  steps: [
    thePatient('For whom?'),
    {
      say: 'The blood pressure (LOINC 85354-9), with systolic (8480-6) and diastolic (8462-4) pressure, in UCUM units.',
      call: POST('Observation', {
        ...{ resourceType: 'Observation', status: 'final' },
        category: category('vital-signs'),
        code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }], text: 'Blood pressure' },
        subject: HER,
        effectiveDateTime: '2026-09-02T09:30:00Z',
        component: [component('8480-6', 'Systolic', 138), component('8462-4', 'Diastolic', 84)],
      }),
      keep: { pressure: 'id' },
      shows: '{ resourceType id }',
      check: has({ resourceType: 'Observation', id: expect.any(String) }),
    },
    {
      say: 'An HbA1c (LOINC 4548-4) from the laboratory, with its reference range.',
      call: POST('Observation', {
        ...{ resourceType: 'Observation', status: 'final' },
        category: category('laboratory'),
        code: { coding: [{ system: 'http://loinc.org', code: '4548-4' }], text: 'HbA1c' },
        subject: HER,
        effectiveDateTime: '2026-09-02T09:40:00Z',
        valueQuantity: { value: 7.1, unit: '%', system: 'http://unitsofmeasure.org', code: '%' },
        referenceRange: [{ low: { value: 4, unit: '%' }, high: { value: 5.6, unit: '%' } }],
        interpretation: [{ coding: [{ system: INTERPRETATION, code: 'H', display: 'High' }] }],
      }),
      shows: '{ resourceType id }',
      check: has({ resourceType: 'Observation', id: expect.any(String) }),
    },
    {
      say: 'The blood pressure was somebody else’s: it is marked as entered in error and kept.',
      call: patch('Observation/{pressure}', { op: 'replace', path: '/status', value: 'entered-in-error' }),
      shows: '{ resourceType id status }',
      check: has({ status: 'entered-in-error' }),
    },
  ],
}

function component(code: string, text: string, value: number) {
  return {
    code: { coding: [{ system: 'http://loinc.org', code }], text },
    valueQuantity: { value, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
  }
}

export const visit: Use = {
  title: 'Plan a visit: a Task, an Appointment, and the Task done',
  why: 'Someone is asked to arrange a video visit, books a free time in the telehealth schedule, and marks the task as done.',
  steps: [
    thePatient('The patient.'),
    {
      say: 'Create the Task. The answer shows what differs from what was sent.',
      call: POST('Task', {
        ...{ resourceType: 'Task', status: 'requested', intent: 'order' },
        description: 'Book a telehealth visit about the last HbA1c',
        for: HER,
      }),
      keep: { task: 'id' },
      shows: '{ resourceType id meta { versionId } }',
      check: has({ resourceType: 'Task', id: expect.any(String) }),
    },
    {
      say: 'What can be booked online.',
      call: GET('HealthcareService?name=telehealth'),
      keep: { service: 'entry.resource.id' },
      shows: '{ resourceType entry { resource { id name } } }',
      check: bundle,
    },
    {
      say: 'The practitioner whose time it takes.',
      call: GET('Schedule?actor:Practitioner.name=nguyen'),
      keep: { schedule: "entry.resource.where(comment.startsWith('Telehealth')).id" },
      shows: '{ resourceType entry { resource { id comment actor { display } } } }',
      check: bundle,
    },
    {
      say: 'Free times on one day. `$find` calculates them from the opening hours and existing bookings.',
      call: GET(
        'Schedule/{schedule}/$find?start=2027-03-16T00:00:00Z&end=2027-03-17T00:00:00Z&service-type-reference=HealthcareService/{service}',
      ),
      keep: { slot: 'entry.resource.first()' },
      shows: '{ resourceType entry { resource { resourceType start end status schedule { reference } } } }',
      check: has({ entry: expect.arrayContaining([{ resource: expect.objectContaining({ status: 'free' }) }]) }),
    },
    {
      say: 'Book the first one. `{slot}` stands for the whole Slot from the answer.',
      call: POST('Appointment/$book', {
        resourceType: 'Parameters',
        parameter: [{ name: 'slot', resource: '{slot}' }],
      }),
      keep: { appointment: "entry.resource.where(resourceType = 'Appointment').id" },
      shows:
        '{ resourceType entry { resource { resourceType id status start end participant { actor { display } status } } } }',
      check: has({
        entry: [{ resource: { resourceType: 'Appointment', status: 'booked' } }, { resource: { status: 'busy' } }],
      }),
    },
    {
      say: 'Add the patient.',
      call: patch('Appointment/{appointment}', {
        op: 'add',
        path: '/participant/-',
        value: { actor: HER, status: 'accepted' },
      }),
      shows: '{ resourceType id status participant { actor { reference } status } }',
      check: has({ participant: [{}, { status: 'accepted' }] }),
    },
    {
      say: 'Complete the Task. The `test` makes the patch fail if somebody else has changed the status in the meantime.',
      call: patch(
        'Task/{task}',
        { op: 'test', path: '/status', value: 'requested' },
        { op: 'replace', path: '/status', value: 'completed' },
        {
          op: 'add',
          path: '/output',
          value: [{ type: { text: 'Appointment' }, valueReference: { reference: 'Appointment/{appointment}' } }],
        },
      ),
      shows: '{ resourceType id status output { type { text } valueReference { reference } } }',
      check: has({ resourceType: 'Task', status: 'completed' }),
    },
  ],
}

export const claim: Use = {
  title: 'Submit a Claim',
  why: '`Claim/$submit` passes a claim to whatever the project has configured (`CLAIM_SUBMIT_OPERATION`); in the sandbox, a Bot that acts as a clearinghouse.',
  steps: [
    {
      say: 'The patient, her insurance and the problem she is treated for, in one search.',
      call: GET('Patient?name=vega-castillo&_revinclude=Coverage:beneficiary&_revinclude=Condition:subject'),
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
        ...{ method: 'POST', path: 'Claim', format: 'json' },
        body: {
          resourceType: 'Claim',
          status: 'active',
          type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/claim-type', code: 'professional' }] },
          use: 'claim',
          created: '2026-09-02',
          patient: HER,
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
      check: has({ resourceType: 'Claim', status: 'active' }),
    },
    {
      say: 'Submit it. `{theClaim}` stands for the Claim in the answer. Each submission is a new one, so the server never repeats it.',
      call: POST('Claim/$submit', {
        resourceType: 'Parameters',
        parameter: [{ name: 'resource', resource: '{theClaim}' }],
      }),
      keep: { response: 'id' },
      shows: '{ resourceType id status outcome disposition request { reference } insurer { reference } }',
      check: has({ resourceType: 'ClaimResponse', outcome: 'queued' }),
    },
    {
      say: 'Its result, now or later.',
      call: GET('ClaimResponse?request=Claim/{claim}'),
      shows: '{ resourceType entry { resource { resourceType id outcome disposition } } }',
      check: has({ entry: [{ resource: { disposition: 'Accepted for processing' } }] }),
    },
  ],
}
