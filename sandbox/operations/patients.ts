/** Operations about a whole patient: $everything, $summary and $match. */
import { allOk, badRequest, formatHumanName, Operator, type WithId } from '@medplum/core'
import type { FhirRequest, FhirResponse, FhirRouter } from '@medplum/fhir-router'
import type {
  Bundle,
  BundleEntry,
  CodeableConcept,
  Composition,
  CompositionSection,
  Patient,
  Reference,
  Resource,
  ResourceType,
} from '@medplum/fhirtypes'
import { COST } from '../core/ratelimit.ts'
import { patientCompartment, patientsOf } from '../records/compartment.ts'
import { paramOf, type Records, recordsOf } from '../records/repository.ts'
import { inputOf, inputValues } from './parameters.ts'

export function addPatientOperations(router: FhirRouter): void {
  router.add('GET', 'Patient/:id/$everything', (req, repo) => everything(req, recordsOf(repo)))
  router.add('POST', 'Patient/:id/$everything', (req, repo) => everything(req, recordsOf(repo)))
  router.add('GET', 'Patient/:id/$summary', (req, repo) => summary(req, recordsOf(repo)))
  router.add('POST', 'Patient/:id/$summary', (req, repo) => summary(req, recordsOf(repo)))
  router.add('POST', 'Patient/$match', async (req, repo) => match(req, recordsOf(repo)))
}

async function everything(req: FhirRequest, records: Records): Promise<FhirResponse> {
  const { id } = await records.readResource<Patient>('Patient', paramOf(req, 'id'))
  const given = inputOf(req)
  if (req.method === 'GET' && typeof given._type === 'string') {
    // A single value in a GET breaks Medplum 5.1.17; two values work.
    return [badRequest('types.push is not a function')]
  }
  const asked =
    given._type === undefined
      ? [...patientCompartment().keys()].filter((type) => type !== 'Binary')
      : [given._type].flat().map(String)
  const since = { code: '_lastUpdated', operator: Operator.GREATER_THAN_OR_EQUALS, value: String(given._since) }
  const bundle = records.compartment({
    resourceType: 'Patient',
    types: [...new Set([...asked, 'Patient'])].toSorted() as ResourceType[],
    count: Number(given._count ?? 1000),
    offset: Number(given._offset ?? 0),
    sortRules: [{ code: '_id' }],
    filters: [
      { code: '_compartment', operator: Operator.EQUALS, value: `Patient/${id}` },
      ...(given._since === undefined ? [] : [since]),
    ],
  })
  const entry = bundle.entry ?? []
  return [allOk, { ...bundle, entry: [...entry, ...(await mentioned(records, entry))] }]
}

/** Types that belong to no patient but are included if the chart refers to them. */
const MENTIONED = /^(Organization|Location|Practitioner|PractitionerRole|Medication|Device)\//

async function mentioned(records: Records, chart: readonly BundleEntry[]): Promise<BundleEntry[]> {
  const found: BundleEntry[] = []
  const known = new Set(chart.map(({ resource }) => `${resource?.resourceType}/${resource?.id}`))
  let page: readonly BundleEntry[] = chart
  while (page.length > 0) {
    const named = new Set([...JSON.stringify(page).matchAll(/"reference":"([^"]+)"/g)].map(([, to = '']) => to))
    const fresh = [...named].filter((to) => MENTIONED.test(to) && !known.has(to))
    for (const to of fresh) known.add(to)
    const read = await records.readReferences<Resource>(fresh.map((reference) => ({ reference })))
    page = read.flatMap((one) =>
      one instanceof Error ? [] : [{ resource: one, search: { mode: 'include' as const } }],
    )
    found.push(...page)
  }
  return found
}

/** The sections of Medplum's patient summary: title, LOINC code, resource types. */
const SECTIONS: [string, string, ...string[]][] = [
  ['Allergies', '48765-2', 'AllergyIntolerance'],
  ['Immunizations', '11369-6', 'Immunization'],
  ['Medications', '10160-0', 'MedicationRequest'],
  ['Problem List', '11450-4', 'Condition'],
  ['Results', '30954-2', 'DiagnosticReport', 'Observation'],
  ['Social History', '29762-2'],
  ['Vital Signs', '8716-3'],
  ['Procedures', '47519-4', 'Procedure'],
  ['Encounters', '46240-8', 'Encounter'],
  ['Devices', '46264-8', 'DeviceUseStatement'],
  ['Assessments', '51848-0', 'ClinicalImpression'],
  ['Plan of Treatment', '18776-5', 'CarePlan', 'Goal', 'ServiceRequest'],
]

/** A document like the International Patient Summary, whose sections refer to records but don't describe them. */
async function summary(req: FhirRequest, records: Records): Promise<FhirResponse> {
  const patient = await records.readResource<Patient>('Patient', paramOf(req, 'id'))
  records.consume(COST.search)
  const own = records
    .readable()
    .filter(([type]) => type !== 'Patient')
    .flatMap(([, all]) => all.filter((one) => patientsOf(one).includes(`Patient/${patient.id}`)))
  const now = new Date(records.context.now()).toISOString()
  const { profile } = records.access.caller.membership
  const composition: Composition = {
    resourceType: 'Composition',
    id: records.generateId(),
    status: 'final',
    type: { coding: [{ system: 'http://loinc.org', code: '60591-5', display: 'Patient Summary' }] },
    subject: { reference: `Patient/${patient.id}`, display: formatHumanName(patient.name?.[0] ?? {}) },
    date: now,
    author: profile ? [profile as Composition['author'][number]] : [],
    title: 'Medical Summary',
    confidentiality: 'N',
    section: SECTIONS.map(([title, code, ...types]) =>
      section(
        title,
        code,
        own.filter((one) => types.includes(one.resourceType)),
      ),
    ),
  }
  const authors = (await records.readReferences(profile ? [profile] : [])).flatMap((one) =>
    one instanceof Error ? [] : one,
  )
  const entry = [composition, patient, ...authors, ...own].map((resource): BundleEntry => ({ resource }))
  return [allOk, { resourceType: 'Bundle', type: 'document', timestamp: now, entry }]
}

function section(title: string, code: string, resources: WithId<Resource>[]): CompositionSection {
  return {
    title,
    code: { coding: [{ system: 'http://loinc.org', code }] },
    text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"></div>' },
    ...(resources.length > 0 ? { entry: resources.map(referenceTo) } : {}),
  }
}

function referenceTo(resource: WithId<Resource>): Reference {
  const { code, vaccineCode } = resource as { code?: CodeableConcept; vaccineCode?: CodeableConcept }
  const display = displayOf(code ?? vaccineCode)
  return { reference: `${resource.resourceType}/${resource.id}`, ...(display ? { display } : {}) }
}

function displayOf({ text, coding }: CodeableConcept = {}): string | undefined {
  return text ?? coding?.[0]?.display
}

/** What an equal element adds to the score. Medplum's weights aren't known, so these are the sandbox's own. */
const WEIGHTS = { family: 0.35, given: 0.2, birthDate: 0.35, gender: 0.1 } as const

function match(req: FhirRequest, records: Records): FhirResponse {
  records.consume(COST.search)
  const { resource, count } = inputValues(req.body)
  const wanted = resource as Patient | undefined
  if (wanted?.resourceType !== 'Patient') {
    return [badRequest('Expected 1 value(s) for input parameter resource, but 0 provided')]
  }
  const entry = records
    .all<Patient>('Patient')
    .filter((patient) => isCandidate(wanted, patient))
    .map((patient) => ({ patient, score: scoreOf(wanted, patient) }))
    .filter(({ score }) => score >= 0.5)
    .toSorted((a, b) => b.score - a.score)
    .slice(0, Number(count ?? 10))
    .map(({ patient, score }): BundleEntry => {
      const valueCode = score >= 0.95 ? 'certain' : score >= 0.75 ? 'probable' : 'possible'
      const extension = [{ url: 'http://hl7.org/fhir/StructureDefinition/match-grade', valueCode }]
      return { resource: patient, search: { mode: 'match', score, extension } }
    })
  const bundle: Bundle = { resourceType: 'Bundle', type: 'searchset', total: entry.length, entry }
  return [allOk, bundle]
}

/** Whether birth date, identifier, phone or e-mail address match: in Medplum, a name alone finds no one. */
function isCandidate(wanted: Patient, patient: Patient): boolean {
  if (wanted.birthDate !== undefined && wanted.birthDate === patient.birthDate) return true
  const identifying = ({ identifier = [], telecom = [] }: Patient) =>
    new Set(
      [...identifier, ...telecom.filter(({ system }) => system === 'phone' || system === 'email')].map(
        ({ value }) => value,
      ),
    )
  return [...identifying(wanted)].some((value) => value !== undefined && identifying(patient).has(value))
}

function scoreOf(wanted: Patient, patient: Patient): number {
  const identifiers = new Set(patient.identifier?.map((one) => `${one.system}|${one.value}`))
  if (wanted.identifier?.some((one) => identifiers.has(`${one.system}|${one.value}`))) {
    return 1
  }
  const [a, b] = [features(wanted), features(patient)]
  const given = Object.keys(WEIGHTS).filter((name): name is keyof typeof WEIGHTS => name in a)
  const sum = (names: (keyof typeof WEIGHTS)[]) => names.reduce((total, name) => total + WEIGHTS[name], 0)
  const score = sum(given.filter((name) => a[name] === b[name])) / (sum(given) || 1)
  return Math.round(score * 100) / 100
}

function features({ name, birthDate, gender }: Patient): Record<string, string> {
  const { family, given } = name?.[0] ?? {}
  const all = { family: family?.toLowerCase(), given: given?.[0]?.toLowerCase(), birthDate, gender }
  return Object.fromEntries(Object.entries(all).flatMap(([key, value]) => (value ? [[key, value]] : [])))
}
