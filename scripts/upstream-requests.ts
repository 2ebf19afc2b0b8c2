// How many requests to Medplum each kind of call needs, once the server's capabilities are cached. test/workers/requests/upstream-requests.test.ts
// checks it, and `npm run docs` writes it into docs/performance.md.

interface Cost {
  call: string
  requests: number
  tool: string
  /** `CHART`, `NEW` and `VERSION` stand for a chart, a record made for this call, and that record's version. */
  args: Record<string, unknown>
}

const get = (path: string, more: object = {}) => ({ method: 'GET', path, ...more })
const BASIC = { resourceType: 'Basic', code: { text: 'counted' } }

export const COSTS: readonly Cost[] = [
  { call: 'Read a record', requests: 1, tool: 'fhir-request', args: get('CHART') },
  {
    call: 'Search, all on one page',
    requests: 1,
    tool: 'fhir-request',
    args: get('Condition?subject=CHART&_count=100'),
  },
  { call: 'Search, one page of several', requests: 1, tool: 'fhir-request', args: get('Patient?_count=20') },
  { call: 'Search with `_total=accurate`', requests: 1, tool: 'fhir-request', args: get('Patient?_total=accurate') },
  {
    call: 'Search by a code that finds nothing, with the codes that exist',
    requests: 2,
    tool: 'fhir-request',
    args: get('Condition?subject=CHART&code=nothing'),
  },
  {
    call: 'Search, sorted, with included records',
    requests: 1,
    tool: 'fhir-request',
    args: get('Observation?subject=CHART&code=4548-4&_sort=-date&_include=Observation:performer'),
  },
  {
    call: 'Search by POST',
    requests: 1,
    tool: 'fhir-request',
    args: { method: 'POST', path: 'Patient/_search', body: 'gender=female' },
  },
  { call: 'A chart ($everything)', requests: 1, tool: 'fhir-request', args: get('CHART/$everything') },
  { call: 'History', requests: 1, tool: 'fhir-request', args: get('CHART/_history') },
  {
    call: 'GraphQL',
    requests: 1,
    tool: 'fhir-request',
    args: { method: 'POST', path: '$graphql', body: { query: '{ PatientList(_count: 3) { id } }' } },
  },
  {
    call: 'Batch',
    requests: 1,
    tool: 'fhir-request',
    args: {
      method: 'POST',
      path: '',
      body: { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: 'CHART' } }] },
    },
  },
  { call: '`all` of up to 500 records', requests: 1, tool: 'fhir-request', args: get('Patient', { all: true }) },
  { call: 'Create', requests: 1, tool: 'fhir-request', args: { method: 'POST', path: 'Basic', body: BASIC } },
  {
    call: 'Replace',
    requests: 1,
    tool: 'fhir-request',
    args: { method: 'PUT', path: 'Basic/NEW', body: { ...BASIC, id: 'NEW' } },
  },
  {
    call: 'Patch',
    requests: 1,
    tool: 'fhir-request',
    args: { method: 'PATCH', path: 'Basic/NEW', body: [{ op: 'replace', path: '/code/text', value: 'patched' }] },
  },
  { call: 'Delete', requests: 1, tool: 'fhir-request', args: { method: 'DELETE', path: 'Basic/NEW' } },
  {
    call: 'Delete with `ifMatch`',
    requests: 2,
    tool: 'fhir-request',
    args: { method: 'DELETE', path: 'Basic/NEW', ifMatch: 'VERSION' },
  },
  { call: 'Digest of up to 500 records', requests: 1, tool: 'fhir-digest', args: { path: 'Condition?subject=CHART' } },
  {
    call: 'Digest in groups, keeping subjects without a match in a second search',
    requests: 2,
    tool: 'fhir-digest',
    args: { path: 'Condition?subject=CHART', by: ['subject'], without: 'Encounter?subject=CHART' },
  },
  { call: '`search` by a FHIR query', requests: 1, tool: 'search', args: { query: 'Patient?name=vega' } },
  { call: '`search` by words', requests: 1, tool: 'search', args: { query: 'Vega-Castillo' } },
  { call: '`fetch`, with how many records refer to it', requests: 2, tool: 'fetch', args: { id: 'CHART' } },
  { call: '`whoami`', requests: 1, tool: 'whoami', args: {} },
]

/** The table in docs/performance.md. */
export function requestsTable(): string {
  const rows = COSTS.map(({ call, requests }) => `| ${call} | ${requests} |`)
  return ['| a call | requests to Medplum |', '| --- | ---: |', ...rows].join('\n')
}
