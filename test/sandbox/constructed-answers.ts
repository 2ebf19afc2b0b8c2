import { bundleOf } from '../calls.ts'

/** Answers with content that the clinic doesn't have. */
export function constructed(): Record<string, object> {
  const tracing = {
    url: 'https://medplum.com/fhir/StructureDefinition/tracing',
    extension: [{ url: 'requestId', valueId: 'r' }],
  }
  const observation = (index: number) => ({
    resourceType: 'Observation',
    id: `o${index}`,
    meta: {
      project: 'p',
      compartment: [{ reference: 'Patient/1' }],
      author: { reference: 'Practitioner/1' },
      tag: [{ code: 'x' }],
    },
    contained: [
      {
        resourceType: 'Specimen',
        id: 's',
        text: { status: 'generated', div: '<div>of the data</div>' },
        meta: { project: 'p' },
      },
    ],
    extension: [tracing, { url: 'http://example.com/e', valueQuantity: { value: 1, comparator: '>=', unit: 'mg' } }],
    modifierExtension: [{ url: 'http://example.com/not', valueBoolean: index % 2 === 0 }],
    status: 'final',
    specimen: { reference: '#s' },
    ...(index % 3 === 0
      ? {
          dataAbsentReason: {
            coding: [{ system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason', code: 'unknown' }],
          },
        }
      : {
          valueQuantity: {
            value: index,
            comparator: '<',
            unit: 'mg/L',
            system: 'http://unitsofmeasure.org',
            code: 'mg/L',
          },
        }),
    _effectiveDateTime: { extension: [{ url: 'http://example.com/about', valueString: 'morning' }] },
    component: [
      { valueString: 'meta', text: { status: 'generated', div: 'not a narrative' }, meta: { project: 'kept' } },
    ],
  })
  const patient = {
    resourceType: 'Patient',
    id: '1',
    text: { status: 'additional', div: '<div>said nowhere else</div>' },
    birthDate: '1961-03-14',
    _birthDate: {
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime', valueDateTime: '1961-03-14T10:00:00Z' },
      ],
    },
    name: [{ given: ['Ann', 'B'], _given: [null, { id: 'second' }] }],
    link: [{ other: { reference: 'Patient/2' }, type: 'seealso', relation: 'self' }],
  }
  const issue = [{ severity: 'information', code: 'informational', details: { text: 'All OK' } }]
  return {
    'observations with all that is rare': {
      resourceType: 'Bundle',
      type: 'searchset',
      link: [
        { relation: 'self', url: 'http://x/Observation' },
        { relation: 'first', url: 'http://x/Observation?1' },
        { relation: 'next', url: 'http://x/Observation?2' },
      ],
      entry: [
        ...Array.from({ length: 12 }, (_, index) => ({
          fullUrl: index === 5 ? 'urn:uuid:5' : `http://x/Observation/o${index}`,
          search: index === 7 ? { mode: 'match', score: 0.5 } : { mode: 'match' },
          resource: observation(index),
        })),
        { fullUrl: 'Patient/1', search: { mode: 'include' }, resource: patient },
        {
          search: { mode: 'outcome' },
          resource: { resourceType: 'OperationOutcome', id: 'ok', issue, extension: [tracing] },
        },
      ],
    },
    'a patient with siblings of primitive values': patient,
    'a history with a deletion': bundleOf('history', [
      { request: { method: 'DELETE', url: 'Patient/1' }, response: { status: '200' } },
      {
        fullUrl: 'http://x/Patient/1',
        request: { method: 'GET', url: 'Patient/1/_history/b' },
        response: { status: '200' },
        resource: { ...patient, meta: { versionId: 'b', project: 'p' } },
      },
      {
        request: { method: 'PUT', url: 'Patient/1' },
        response: { status: '200', etag: 'W/"a"' },
        resource: { ...patient, meta: { versionId: 'a' } },
      },
    ]),
    "a transaction's answer": bundleOf('transaction-response', [
      {
        response: {
          status: '201',
          location: 'Patient/1',
          outcome: { resourceType: 'OperationOutcome', id: 'created', issue },
        },
      },
      {
        response: {
          status: '200',
          outcome: { resourceType: 'OperationOutcome', id: 'ok', issue: [...issue, ...issue] },
        },
      },
      {
        response: {
          status: '400',
          outcome: {
            resourceType: 'OperationOutcome',
            id: 'x',
            issue: [{ severity: 'error', code: 'invalid' }],
            extension: [tracing],
          },
        },
      },
    ]),
    'an outcome of success': { resourceType: 'OperationOutcome', id: 'ok', issue, extension: [tracing] },
    'Parameters with a resource': {
      resourceType: 'Parameters',
      parameter: [
        { name: 'return', resource: { ...patient, meta: { project: 'p', versionId: 'v' } } },
        { name: 'meta', valueMeta: { project: 'kept', tag: [{ code: 'x' }] } },
      ],
    },
  }
}
