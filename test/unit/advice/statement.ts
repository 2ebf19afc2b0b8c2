// A CapabilityStatement as Medplum returns it, with enough types and parameters for tests.
const PARAMETERS: Record<string, Record<string, string>> = {
  Patient: {
    name: 'string',
    family: 'string',
    given: 'string',
    birthdate: 'date',
    'death-date': 'date',
    gender: 'token',
    identifier: 'token',
    active: 'token',
    'address-city': 'string',
    'general-practitioner': 'reference',
    organization: 'reference',
  },
  Observation: {
    date: 'date',
    code: 'token',
    subject: 'reference',
    patient: 'reference',
    performer: 'reference',
    encounter: 'reference',
    'value-quantity': 'quantity',
    'value-date': 'date',
    identifier: 'token',
    status: 'token',
  },
  AllergyIntolerance: { patient: 'reference', date: 'date', onset: 'date', code: 'token' },
  Condition: { subject: 'reference', patient: 'reference', 'recorded-date': 'date', code: 'token' },
  Encounter: { date: 'date', subject: 'reference', patient: 'reference', status: 'token' },
  MedicationRequest: { date: 'date', authoredon: 'date', subject: 'reference', intent: 'token' },
  Organization: { name: 'string', identifier: 'token' },
  Practitioner: { name: 'string', identifier: 'token' },
  Group: { identifier: 'token' },
}

export const statement = {
  resourceType: 'CapabilityStatement',
  rest: [
    {
      mode: 'server',
      resource: Object.entries(PARAMETERS).map(([type, params]) => ({
        type,
        searchParam: Object.entries(params).map(([name, kind]) => ({ name, type: kind })),
        ...(type === 'Group' && { operation: [{ name: 'export' }] }),
      })),
    },
  ],
}
