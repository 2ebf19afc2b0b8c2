// Records for tests of columns.

export const PATIENT = {
  resourceType: 'Patient',
  id: 'p1',
  meta: { lastUpdated: '2026-01-02T03:04:05.000Z' },
  text: { status: 'generated', div: '<div>Ann Smith</div>' },
  extension: [
    { url: 'http://example.org/race', valueString: 'none' },
    { url: 'http://example.org/sex', valueCode: 'F' },
  ],
  identifier: [
    { system: 'http://example.org/mrn', value: '123' },
    { system: 'http://example.org/ssn', value: '999' },
  ],
  active: true,
  name: [
    { use: 'official', family: 'Smith', given: ['Ann', 'Bea'] },
    { use: 'nickname', given: ['Annie'] },
  ],
  birthDate: '1980-01-02',
  _birthDate: { extension: [{ url: 'http://example.org/time', valueDateTime: '1980-01-02T10:00:00Z' }] },
  _gender: { extension: [{ url: 'http://example.org/absent', valueCode: 'masked' }] },
  deceasedBoolean: false,
  contained: [{ resourceType: 'Organization', id: 'o', name: 'Clinic' }],
}

export const OBSERVATION = {
  resourceType: 'Observation',
  id: 'o1',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }], text: 'Blood pressure' },
  subject: { reference: 'Patient/p1', display: 'Ann Smith' },
  effectiveDateTime: '2026-03-04',
  valueQuantity: { value: 6.1, unit: '%' },
  note: [{ text: 'x'.repeat(150) }],
  component: [
    { code: { coding: [{ system: 'http://loinc.org', code: '8480-6' }] }, valueQuantity: { value: 120, unit: 'mmHg' } },
    { code: { coding: [{ system: 'http://loinc.org', code: '8462-4' }] }, valueQuantity: { value: 80, unit: 'mmHg' } },
  ],
}
