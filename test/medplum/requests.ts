// Requests of every kind on the loaded part of the clinic, which this project's sandbox and a real Medplum must answer alike.
import { PATIENT_IDS } from '../../sandbox/clinic/index.ts'

export interface FhirRequest {
  method: string
  path: string
  body?: unknown
}

const { diabetic, renal, namesake, deceased } = PATIENT_IDS
const mine = `subject=Patient/${diabetic}`

/** Searches by kind. Ids are the clinic's; `load` says what they are on the server. */
const SEARCHES: Record<string, readonly string[]> = {
  string: [
    ...['Patient?name=vega-castillo', 'Patient?name=Marisol Vega-Castillo', 'Patient?name=smi'],
    ...['Patient?name:contains=cast', 'Patient?name:exact=Vega-Castillo', 'Patient?family=smith&given=helena'],
    ...['Patient?family=Smith,Takahashi', 'Patient?name=nobody-of-this-name', 'Patient?address-city=Springfield'],
    ...['Patient?name=', 'Organization?name=maple', 'Practitioner?name=nguyen'],
  ],
  token: [
    'Patient?gender=female&_count=200&_total=accurate',
    'Patient?gender:not=female&_count=200&_total=accurate',
    'Patient?identifier=https://clinic.example.com/mrn|MRN100200',
    'Patient?identifier=MRN100200',
    'Patient?identifier=|MRN100200',
    'Patient?identifier=https://clinic.example.com/mrn|',
    'Patient?active=true&_count=1&_total=accurate',
    'Patient?deceased=true',
    `Condition?${mine}&clinical-status=active`,
    `Condition?${mine}&code=http://snomed.info/sct|44054006`,
    `Condition?${mine}&code=44054006,38341003`,
    `Condition?${mine}&clinical-status:not=active`,
    `Observation?${mine}&category=laboratory&_count=200`,
    `Observation?${mine}&category:not=laboratory&_count=200`,
    `Observation?${mine}&code:text=hba1c`,
    `Observation?${mine}&status=final,amended&_count=300&_summary=count`,
    'Patient?telecom=nobody@example.com',
    'Patient?email:missing=true&_count=200',
    'Patient?phone:missing=false&_count=1&_total=accurate',
  ],
  date: [
    'Patient?birthdate=1961-03-14',
    'Patient?birthdate=1961',
    'Patient?birthdate=lt1940&_sort=birthdate',
    'Patient?birthdate=ge1990-01-01&birthdate=lt2000-01-01&_sort=birthdate&_count=100',
    'Patient?birthdate=ne1961-03-14&_summary=count',
    'Patient?birthdate=sa2015-01-01&_sort=birthdate',
    'Patient?birthdate=eb1940-01-01&_sort=birthdate',
    'Patient?birthdate=ap1961',
    'Patient?birthdate=14.03.1961',
    `Observation?${mine}&date=ge2026-01-01&_sort=-date&_count=50`,
    `Observation?${mine}&date=2026-04-22&_sort=-date&_count=50`,
    `Observation?${mine}&date=ge2026-04-22T16:00:00Z&date=le2026-04-22T17:00:00Z`,
    `Encounter?${mine}&date=ge2025-06-01&_sort=date&_count=50`,
    'Patient?_lastUpdated=gt2100-01-01',
    'Patient?death-date:missing=false',
  ],
  quantity: [
    `Observation?${mine}&code=4548-4&value-quantity=gt7&_sort=-date`,
    `Observation?${mine}&code=4548-4&value-quantity=7.3`,
    `Observation?${mine}&code=4548-4&value-quantity=le7||%25`,
    `Observation?${mine}&code=4548-4&value-quantity=high`,
  ],
  reference: [
    `Observation?subject=Patient/${renal}&code=4548-4`,
    `Observation?patient=${diabetic}&code=4548-4&_count=50`,
    `Observation?subject=${diabetic}&code=4548-4&_count=50`,
    `Observation?subject:Patient=${diabetic}&code=4548-4&_count=50`,
    `Condition?subject=Patient/${diabetic},Patient/${renal}&clinical-status=active`,
    'Condition?subject=Patient/00000000-0000-4000-8000-000000000000',
    `Patient?_id=${diabetic}`,
    `Patient?_id=${diabetic},${renal},${namesake}`,
    `Patient?_compartment=Patient/${diabetic}`,
    'Observation?subject:missing=true',
  ],
  chain: [
    'Observation?subject.name=vega-castillo&code=4548-4&_count=50',
    'Observation?subject:Patient.birthdate=1961-03-14&code=4548-4&_count=50',
    'Condition?subject:Patient.identifier=MRN100200',
    'Schedule?actor:Practitioner.name=nguyen',
    'Patient?_has:Condition:subject:code=http://snomed.info/sct|44054006&_sort=birthdate&_count=30&_total=accurate',
    'Patient?_has:Observation:subject:code=4548-4&_count=50',
    'Patient?_has:Condition:patient:code=44054006&gender=female&_count=50',
    'Observation?subject.nothing=1',
    'Patient?_has:Condition:nothing:code=1',
  ],
  include: [
    `Condition?${mine}&_include=Condition:subject&_count=5&_sort=onset-date`,
    `Patient?_id=${diabetic}&_revinclude=Coverage:beneficiary&_revinclude=Condition:subject`,
    `Encounter?${mine}&_count=3&_sort=date&_include=Encounter:participant&_include=Encounter:service-provider`,
    `Observation?${mine}&code=4548-4&_count=3&_sort=date&_include=Observation:encounter&_include:iterate=Encounter:participant`,
    `Observation?${mine}&_include=*&_count=1`,
    `Observation?${mine}&_include=Observation:nothing&_count=1`,
    `Patient?_id=${diabetic}&_revinclude=Nothing:subject`,
  ],
  shape: [
    'Patient?_sort=birthdate&_count=10',
    'Patient?_sort=-birthdate,family&_count=10',
    'Patient?_sort=family&_count=10&_offset=10',
    'Patient?_sort=nothing&_count=1',
    'Patient?_count=0&_total=accurate',
    'Patient?_count=0',
    'Patient?_count=1001&_sort=birthdate',
    'Patient?_count=-1',
    'Patient?_count=many',
    'Patient?_summary=count',
    'Patient?_summary=true&_sort=birthdate&_count=2',
    'Patient?_summary=text&_sort=birthdate&_count=2',
    'Patient?_summary=data&_sort=birthdate&_count=2',
    `Patient?_id=${diabetic}&_elements=name,birthDate`,
    `Patient?_id=${diabetic}&_fields=name,birthDate`,
    'Patient?_total=accurate&_sort=birthdate&_count=3',
    'Patient?_total=estimate&_sort=birthdate&_count=120',
    'Patient?_total=none&_sort=birthdate&_count=3',
    'Patient?_format=json&_sort=birthdate&_count=1',
    'Patient?_offset=10001&_sort=birthdate',
    'Patient?_filter=gender eq female&_summary=count',
    'Patient?_filter=gender eq female and birthdate lt 1950-01-01&_sort=birthdate',
    'Patient?_query=nothing',
    'Patient?_text=vega',
    'Patient?_content=vega',
    'Patient?_tag=nothing',
    'Patient?_security=nothing&_count=1',
    'Patient?_profile=http://example.com/nothing',
    ...['Patient?_type=Patient&_count=1', '?_type=Patient,Condition&_count=1', 'Patient?foo=bar'],
    ...['Patient?name:foo=bar', 'Patient?birthdate:contains=1961', 'Nothing?name=x', 'patient?name=x'],
    'Observation?code:in=http://example.com/nothing',
    'Observation?code:above=4548-4',
  ],
}

const task = { resourceType: 'Task', status: 'requested', intent: 'order', description: 'Call back' }

/** The same for everything else that doesn't depend on what was written before. */
const OTHERS: Record<string, readonly FhirRequest[]> = {
  read: [
    get(`Patient/${diabetic}`),
    get(`Patient/${deceased}`),
    get('Patient/00000000-0000-4000-8000-000000000000'),
    get('Patient/not-an-id'),
    get(`Observation/${diabetic}`),
    get(`Patient/${diabetic}/_history`),
    get(`Patient/${diabetic}/_history/00000000-0000-4000-8000-000000000000`),
    get('Patient/_history'),
    get('_history'),
    get(`Patient/${diabetic}/Observation?code=4548-4`),
    get(`Patient/${diabetic}/$nothing`),
    get('metadata?_elements=fhirVersion'),
    get('$versions'),
  ],
  everything: [
    get(`Patient/${diabetic}/$everything?_type=Condition,Coverage`),
    get(`Patient/${renal}/$everything?_type=Condition&_type=Coverage`),
    get(`Patient/${diabetic}/$everything?_type=Condition,Coverage&_count=3`),
    get('Patient/00000000-0000-4000-8000-000000000000/$everything'),
  ],
  write: [
    post('Task', { ...task, foo: 1 }),
    post('Task', { resourceType: 'Task' }),
    post('Task', { ...task, resourceType: 'Patient' }),
    post('Task', {}),
    post('Patient', { resourceType: 'Patient', gender: 'nothing' }),
    post('Patient', { resourceType: 'Patient', birthDate: '14.03.1961' }),
    post('Patient', { resourceType: 'Patient', name: { family: 'No list' } }),
    { method: 'PUT', path: 'Task/00000000-0000-4000-8000-000000000000', body: task },
    { method: 'PUT', path: `Task/${diabetic}`, body: { ...task, id: renal } },
    { method: 'PATCH', path: 'Task/00000000-0000-4000-8000-000000000000', body: [] },
    { method: 'PATCH', path: `Patient/${diabetic}`, body: [{ op: 'test', path: '/gender', value: 'male' }] },
    { method: 'PATCH', path: `Patient/${diabetic}`, body: [{ op: 'nothing', path: '/gender' }] },
    { method: 'PATCH', path: `Patient/${diabetic}`, body: [{ op: 'remove', path: '/nothing' }] },
    { method: 'PATCH', path: `Patient/${diabetic}`, body: { op: 'remove', path: '/gender' } },
    { method: 'DELETE', path: 'Task/00000000-0000-4000-8000-000000000000' },
    { method: 'DELETE', path: 'Task' },
    { method: 'DELETE', path: 'Task?description=nothing-like-this' },
  ],
  validate: [
    post('Task/$validate', task),
    post('Task/$validate', { ...task, foo: 1 }),
    post('Patient/$validate', { resourceType: 'Patient', gender: 'nothing' }),
  ],
  bundle: [
    batch('batch', ['Patient?_summary=count', `Patient/${diabetic}`, 'Patient?foo=bar', 'Nothing/1']),
    batch('batch', []),
    batch('history', ['Patient?_summary=count']),
    post('', { resourceType: 'Bundle', type: 'batch', entry: [{ resource: task }] }),
    post('', { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET' } }] }),
    post('', task),
  ],
  graphql: [
    graphql(`{ Patient(id: "${diabetic}") { name { family } birthDate } }`),
    graphql('{ PatientList(_sort: "birthdate", _count: 2) { name { family } } }'),
    graphql(`{ ConditionList(subject: "Patient/${diabetic}", clinical_status: "active") { code { text } } }`),
    graphql('{ PatientConnection(gender: "female", _count: 1) { count edges { resource { gender } } } }'),
    graphql(`{ Patient(id: "${diabetic}") { ObservationList(_reference: subject, code: "4548-4") { status } } }`),
    graphql('{ Patient(id: "00000000-0000-4000-8000-000000000000") { id } }'),
    graphql('{ PatientList { nothing } }'),
    graphql('{ PatientList { '),
    post('$graphql', {}),
  ],
  operation: [
    get('Observation/$stats'),
    get(`Observation/$lastn?${mine}&max=1`),
    post('Patient/$match', {
      resourceType: 'Parameters',
      parameter: [{ name: 'resource', resource: { resourceType: 'Patient', name: [{ family: 'Vega-Castillo' }] } }],
    }),
    get('ValueSet/$expand?url=http://example.com/nothing'),
    get('ValueSet/$expand'),
    get('CodeSystem/$lookup?system=http://example.com/nothing&code=1'),
    get('ConceptMap/$translate?url=http://example.com/nothing&code=1'),
    post('Claim/$submit', {}),
    post('Bot/$init', {}),
    post('Bot/00000000-0000-4000-8000-000000000000/$execute', {}),
    post('Agent/00000000-0000-4000-8000-000000000000/$push', { resourceType: 'Parameters' }),
    get('Agent/00000000-0000-4000-8000-000000000000/$status'),
    get('Schedule/00000000-0000-4000-8000-000000000000/$find'),
    post('Appointment/$book', { resourceType: 'Parameters' }),
    post('Task/$nothing', {}),
    get(`Patient/${diabetic}/$summary`),
    get(`Patient/${diabetic}/$health-cards-issue`),
    get('Patient/$csv?_count=1&_fields=gender&gender=nothing'),
    get('job/00000000-0000-4000-8000-000000000000/status'),
    get('bulkdata/export/00000000-0000-4000-8000-000000000000'),
  ],
}

function get(path: string): FhirRequest {
  return { method: 'GET', path }
}

function post(path: string, body: unknown): FhirRequest {
  return { method: 'POST', path, body }
}

function graphql(query: string): FhirRequest {
  return post('$graphql', { query })
}

function batch(type: string, urls: string[]): FhirRequest {
  return post('', { resourceType: 'Bundle', type, entry: urls.map((url) => ({ request: { method: 'GET', url } })) })
}

const searches = Object.entries(SEARCHES).map(([kind, paths]) => [`search by ${kind}`, paths.map(get)] as const)

/** By kind. */
export const REQUESTS: readonly (readonly [string, readonly FhirRequest[]])[] = [...searches, ...Object.entries(OTHERS)]
