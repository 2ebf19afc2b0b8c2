// The risk of every exchange recorded from a real Medplum, to be reviewed when the recordings or src/access/risk/routes.ts change.

import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { classify } from '../../../src/access/risk/risk.ts'
import type { Method } from '../../../src/client/request.ts'

interface Exchange {
  name: string
  request: { method: string; path: string; body?: unknown }
}

const FOLDER = 'test/recordings'
const EXCHANGES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name): Exchange[] => JSON.parse(readFileSync(`${FOLDER}/${name}`, 'utf8')))

/** What the recordings' variables for a whole URL stand for; `undefined` leads out of the FHIR base. */
const URLS: Record<string, string | undefined> = {
  exportUrl: 'bulkdata/export/x1',
  sysExportUrl: 'bulkdata/export/x1',
  badExportUrl: 'bulkdata/export/x1',
  jobUrl: 'job/x1/status',
  longJobUrl: 'job/x1/status',
  badJobUrl: 'job/x1/status',
  nextUrl: 'Patient?_offset=2',
  cursorUrl: 'Patient?_cursor=2',
  fileUrl: undefined,
  signedUrl: undefined,
  docUrl: undefined,
}

function placeOf(path: string): string | undefined {
  const variable = /^\{\{(\w+)\}\}$/.exec(path)?.[1]
  if (variable !== undefined) {
    expect(Object.keys(URLS), `a variable that stands for a URL: ${variable}`).toContain(variable)
    return URLS[variable]
  }
  if (!/^fhir\/R4(\/|$)/.test(path)) return undefined
  return path
    .slice('fhir/R4/'.length)
    .replace('{{resultRef}}', 'Binary/x1')
    .replace(/\{\{\w+\}\}/g, 'x1')
}

/** One line a place: `kind METHOD path`, ids and queries left out; a batch or document by its recording's name. */
function recorded(): string[] {
  const lines = new Set<string>()
  for (const { name, request } of EXCHANGES) {
    const path = placeOf(request.path)
    if (path === undefined) continue
    const body: unknown =
      request.body === undefined ? undefined : JSON.parse(JSON.stringify(request.body).replace(/\{\{\w+\}\}/g, 'x1'))
    const { kind, parts } = classify({ method: request.method as Method, path, body })
    const place = path.replace(/\?.*/s, '?').replace(/\bx1\b|[0-9a-f]{8}-[0-9a-f-]{27}/g, '{id}')
    const named = (request.method === 'POST' && path === '') || path.includes('$graphql')
    const entries = parts ? ` [${[...new Set(parts.map((part) => part.kind))].join(' ')}]` : ''
    lines.add(`${kind.padEnd(7)} ${request.method} ${place}${named ? `#${name}${entries}` : ''}`)
  }
  return [...lines].sort()
}

test('every recorded exchange has the risk that was reviewed', () => {
  expect(recorded()).toMatchInlineSnapshot(`
    [
      "admin   GET Agent/{id}/$upgrade",
      "admin   POST Agent",
      "admin   POST Bot/{id}/$deploy",
      "admin   POST Patient/{id}/$expunge",
      "admin   POST Patient/{id}/$reindex",
      "delete  DELETE Basic",
      "delete  DELETE Binary/{id}",
      "delete  DELETE Patient",
      "delete  DELETE Patient/{id}",
      "delete  DELETE Patient?",
      "delete  POST #batch-mixed-results [write read delete]",
      "delete  POST $graphql#mutation-delete",
      "operate DELETE bulkdata/export/{id}",
      "operate DELETE job/{id}/status",
      "operate GET $export?",
      "operate GET Agent/{id}/$reload-config",
      "operate GET Bot/{id}/$execute?",
      "operate GET Claim/{id}/$submit",
      "operate GET Group/{id}/$export",
      "operate GET Patient/$export",
      "operate GET Patient/$export?",
      "operate GET Patient/%E0%A4%A",
      "operate POST #batch-bad-method [operate]",
      "operate POST #batch-operation-and-unsupported [read operate]",
      "operate POST $export?",
      "operate POST $graphql#missing-query",
      "operate POST $nope",
      "operate POST Agent/{id}/$push",
      "operate POST Bot/{id}/$execute",
      "operate POST Claim/$submit",
      "operate POST Patient/{id}/$nope",
      "read    GET $graphql?#graphql-get",
      "read    GET .well-known/smart-configuration",
      "read    GET /Patient?",
      "read    GET ?",
      "read    GET Agent/$bulk-status",
      "read    GET Agent/{id}/$fetch-logs?",
      "read    GET Agent/{id}/$status",
      "read    GET Appointment/$find?",
      "read    GET AsyncJob/{id}",
      "read    GET Basic/{id}",
      "read    GET Binary",
      "read    GET Binary/{id}",
      "read    GET Binary/{id}/$presigned-url",
      "read    GET Binary?",
      "read    GET ClientApplication/{id}",
      "read    GET CodeSystem/$lookup?",
      "read    GET ConceptMap/$translate?",
      "read    GET DocumentReference/{id}",
      "read    GET DocumentReference?",
      "read    GET Login",
      "read    GET Nope/{id}",
      "read    GET Nope?",
      "read    GET Observation?",
      "read    GET Patient",
      "read    GET Patient/$csv?",
      "read    GET Patient/_history",
      "read    GET Patient/abc",
      "read    GET Patient/{id}",
      "read    GET Patient/{id}/$everything",
      "read    GET Patient/{id}/$everything?",
      "read    GET Patient/{id}/$graph?",
      "read    GET Patient/{id}/$summary",
      "read    GET Patient/{id}/Observation",
      "read    GET Patient/{id}/_history",
      "read    GET Patient/{id}/_history/{id}",
      "read    GET Patient/{id}/_history?",
      "read    GET Patient?",
      "read    GET Project/{id}/$rate-limits",
      "read    GET Schedule/{id}/$find?",
      "read    GET ValueSet/$expand",
      "read    GET ValueSet/$expand?",
      "read    GET ValueSet/$validate-code?",
      "read    GET a/b/c/d/e",
      "read    GET bulkdata/export/{id}",
      "read    GET job/{id}/status",
      "read    GET metadata",
      "read    GET patient",
      "read    HEAD Patient/{id}",
      "read    OPTIONS Patient",
      "read    POST #transaction-unknown-read [read]",
      "read    POST $graphql#anonymous-refused",
      "read    POST $graphql#connection",
      "read    POST $graphql#introspection",
      "read    POST $graphql#list-no-hits",
      "read    POST $graphql#list-with-search",
      "read    POST $graphql#nested-forward-reference",
      "read    POST $graphql#nested-reverse-reference",
      "read    POST $graphql#read-by-id",
      "read    POST $graphql#read-unknown-id",
      "read    POST $graphql#readonly-query",
      "read    POST $graphql#syntax-error",
      "read    POST $graphql#two-operations-without-name",
      "read    POST $graphql#unknown-argument",
      "read    POST $graphql#unknown-field",
      "read    POST $graphql#unknown-root-field",
      "read    POST $graphql#variables",
      "read    POST $graphql#with-operation-name",
      "read    POST Observation/$validate",
      "read    POST Patient/$match",
      "read    POST Patient/$validate",
      "read    POST Patient/_search",
      "read    POST Patient/{id}/$everything",
      "write   PATCH Patient/{id}",
      "write   PATCH Patient?",
      "write   POST #async-batch [write read]",
      "write   POST #async-batch-bad-body",
      "write   POST #async-batch-long [write]",
      "write   POST #async-transaction [write]",
      "write   POST #batch-empty",
      "write   POST #batch-if-match-and-if-none-exist [write]",
      "write   POST #batch-missing-request [write]",
      "write   POST #batch-put-and-patch [write]",
      "write   POST #batch-urn-uuid-references [write]",
      "write   POST #batch-without-entry",
      "write   POST #bundle-of-other-type",
      "write   POST #bundle-without-type",
      "write   POST #not-a-bundle",
      "write   POST #readonly-batch [write read]",
      "write   POST #setup-25-patients [write]",
      "write   POST #transaction-conditional-create [write]",
      "write   POST #transaction-failing-entry-atomic [write]",
      "write   POST #transaction-failing-entry-not-atomic [write]",
      "write   POST #transaction-stale-if-match [write]",
      "write   POST #transaction-success-with-urn-uuid [write]",
      "write   POST #transaction-too-many-conditional-entries [write]",
      "write   POST $graphql#mutation-create",
      "write   POST $graphql#mutation-invalid-resource",
      "write   POST $graphql#mutation-update",
      "write   POST $graphql#read-scope-mutation-refused",
      "write   POST $graphql#readonly-mutation-refused",
      "write   POST Appointment/$book",
      "write   POST Appointment/$hold",
      "write   POST Appointment/{id}/$cancel",
      "write   POST Appointment/{id}/$confirm",
      "write   POST Basic",
      "write   POST Binary",
      "write   POST Binary?",
      "write   POST Claim",
      "write   POST Device",
      "write   POST DocumentReference",
      "write   POST Encounter",
      "write   POST GraphDefinition",
      "write   POST HealthcareService",
      "write   POST Nope",
      "write   POST Observation",
      "write   POST Organization",
      "write   POST Patient",
      "write   POST PlanDefinition/{id}/$apply",
      "write   POST Practitioner",
      "write   POST Schedule",
      "write   PUT Binary/{id}",
      "write   PUT DocumentReference/{id}",
      "write   PUT Patient",
      "write   PUT Patient/abc",
      "write   PUT Patient/{id}",
      "write   PUT Patient?",
    ]
  `)
})
