/** Problem lists and allergies. */
import type { AllergyIntolerance, Condition } from '@medplum/fhirtypes'
import { date, instant } from './calendar.ts'
import { type Chart, clinician, encounterOf, nextVisit, subject } from './chart.ts'
import type { Entered } from './ledger.ts'
import { ACUTE, type AcuteKind, CHRONIC, type ChronicKey, type ProblemKind } from './problems.ts'
import { type Chance, chance } from './random.ts'
import { type Code, coding, concept, hl7Concept, ICD10, RXNORM, SNOMED } from './terminology.ts'
import type { Visit } from './visits.ts'

export interface Diagnosed {
  chronic: Map<ChronicKey, Entered<Condition>>
  /** By visit key. */
  acute: Map<string, Entered<Condition>>
}

function clinical(code: 'active' | 'resolved' | 'remission' | 'inactive') {
  return hl7Concept('condition-clinical', code)
}

interface Diagnosis {
  kind: ProblemKind
  visit: Visit
  onset: number
  abated: number | undefined
  /** On the problem list; otherwise only a diagnosis of the visit. */
  isListed: boolean
}

function enterCondition(
  chart: Chart,
  luck: Chance,
  name: string,
  { kind, visit, onset, abated, isListed }: Diagnosis,
): Entered<Condition> {
  return chart.ledger.enter<Condition>(`${chart.person.key}/${name}`, {
    resourceType: 'Condition',
    clinicalStatus: clinical(abated === undefined ? 'active' : 'resolved'),
    verificationStatus: hl7Concept('condition-ver-status', 'confirmed'),
    category: [
      isListed
        ? hl7Concept('condition-category', 'problem-list-item', 'Problem List Item')
        : hl7Concept('condition-category', 'encounter-diagnosis', 'Encounter Diagnosis'),
    ],
    ...(isListed && luck.odds(0.3) ? { severity: concept(SNOMED, luck.pick(SEVERITIES)) } : {}),
    code: { coding: [coding(SNOMED, kind.snomed), coding(ICD10, kind.icd10)], text: kind.text },
    subject: subject(chart),
    encounter: encounterOf(visit),
    onsetDateTime: date(onset),
    ...(abated === undefined ? {} : { abatementDateTime: date(abated) }),
    recordedDate: instant(visit.day, visit.minute + 12),
    recorder: clinician(chart, visit),
  })
}

export function diagnose(chart: Chart): Diagnosed {
  const luck = chance(`conditions/${chart.person.key}`)
  const chronic: Diagnosed['chronic'] = new Map()
  const acute: Diagnosed['acute'] = new Map()

  const note = (name: string, found: Diagnosis) => enterCondition(chart, luck, name, found)

  for (const { key, onset, abated } of chart.health.problems) {
    const visit = nextVisit(chart, onset)
    if (!visit) continue
    // A problem that is older than the chart keeps its onset; any other begins when it is diagnosed.
    const since = onset < chart.person.joined ? onset : visit.day
    const passed = abated !== undefined && abated > since ? abated : undefined
    chronic.set(key, note(key, { kind: CHRONIC[key], visit, onset: since, abated: passed, isListed: true }))
  }
  for (const visit of chart.visits) {
    if (!visit.acute) continue
    const kind: AcuteKind = ACUTE[visit.acute]
    const onset = Math.max(visit.day - luck.int(1, 6), chart.person.born + 1)
    const over = visit.day + luck.int(...kind.lasts)
    const abated = over < 0 ? over : undefined
    acute.set(visit.key, note(`${visit.acute}/${visit.key}`, { kind, visit, onset, abated, isListed: false }))
  }

  const prediabetes = chart.health.problems.find(
    (problem) => problem.key === 'diabetes' && problem.onset - 300 > chart.person.joined,
  )
  const before = prediabetes && nextVisit(chart, chart.person.joined + 20)
  if (prediabetes && before && before.day < prediabetes.onset) {
    const abated = nextVisit(chart, prediabetes.onset)?.day ?? prediabetes.onset
    note('prediabetes', { kind: CHRONIC.prediabetes, visit: before, onset: before.day, abated, isListed: true })
  }
  if (luck.odds(0.05)) enterMistake(chart)
  return { chronic, acute }
}

/** A condition entered by mistake at the first visit: it has no clinical status (FHIR R4 constraint con-5). */
function enterMistake(chart: Chart): void {
  const visit = chart.visits[0]
  if (!visit) return
  chart.ledger.enter<Condition>(`${chart.person.key}/mistake`, {
    resourceType: 'Condition',
    verificationStatus: hl7Concept('condition-ver-status', 'entered-in-error'),
    category: [hl7Concept('condition-category', 'problem-list-item', 'Problem List Item')],
    code: { coding: [coding(SNOMED, CHRONIC.fibrillation.snomed)], text: CHRONIC.fibrillation.text },
    subject: subject(chart),
    recordedDate: instant(visit.day, visit.minute + 5),
    note: [{ text: 'Entered in the wrong chart.' }],
  })
}

const SEVERITIES: readonly Code[] = [
  { code: '255604002', display: 'Mild' },
  { code: '6736007', display: 'Moderate' },
  { code: '24484000', display: 'Severe' },
]

interface Allergen {
  key: string
  system: string
  code: Code
  category: 'food' | 'medication' | 'environment' | 'biologic'
  reaction: Code
}

const HIVES = { code: '126485001', display: 'Urticaria (disorder)' }
const SWELLING = { code: '41291007', display: 'Angioedema (disorder)' }
const RASH = { code: '271807003', display: 'Eruption of skin (disorder)' }

// biome-ignore format: a code table reads better one entry a row
const ALLERGENS: readonly Allergen[] = [
  { key: 'penicillin', system: RXNORM, code: { code: '7980', display: 'penicillin G' }, category: 'medication', reaction: HIVES },
  { key: 'penicillin', system: RXNORM, code: { code: '723', display: 'amoxicillin' }, category: 'medication', reaction: RASH },
  { key: 'sulfa', system: RXNORM, code: { code: '10180', display: 'sulfamethoxazole' }, category: 'medication', reaction: RASH },
  { key: 'ibuprofen', system: RXNORM, code: { code: '5640', display: 'ibuprofen' }, category: 'medication', reaction: SWELLING },
  { key: 'codeine', system: RXNORM, code: { code: '2670', display: 'codeine' }, category: 'medication', reaction: { code: '422587007', display: 'Nausea (finding)' } },
  { key: 'latex', system: SNOMED, code: { code: '111088007', display: 'Latex (substance)' }, category: 'environment', reaction: RASH },
  { key: 'peanut', system: SNOMED, code: { code: '762952008', display: 'Peanut (substance)' }, category: 'food', reaction: { code: '39579001', display: 'Anaphylaxis (disorder)' } },
  { key: 'egg', system: SNOMED, code: { code: '102263004', display: 'Eggs (edible) (substance)' }, category: 'food', reaction: HIVES },
  { key: 'bee', system: SNOMED, code: { code: '288328004', display: 'Bee venom (substance)' }, category: 'environment', reaction: SWELLING },
]

/** @returns the keys of the allergens, as in `Drug.avoid` (formulary.ts) */
export function recordAllergies(chart: Chart): Set<string> {
  const luck = chance(`allergies/${chart.person.key}`)
  const visit = chart.visits[0]
  if (!visit) return new Set()
  const count = luck.odds(0.38) ? (luck.odds(0.25) ? 2 : 1) : 0
  const found = luck.shuffle(ALLERGENS).slice(0, count)
  const cough = chart.health.therapies.find((therapy) => therapy.because === 'Persistent dry cough')
  const about = {
    recordedDate: instant(visit.day, visit.minute + 6),
    recorder: clinician(chart, visit),
    patient: subject(chart),
  }
  for (const allergen of found) {
    const severe = allergen.reaction !== RASH && luck.odds(0.4)
    chart.ledger.enter<AllergyIntolerance>(`${chart.person.key}/${allergen.code.code}`, {
      resourceType: 'AllergyIntolerance',
      clinicalStatus: hl7Concept('allergyintolerance-clinical', luck.odds(0.93) ? 'active' : 'inactive'),
      verificationStatus: hl7Concept('allergyintolerance-verification', luck.odds(0.8) ? 'confirmed' : 'unconfirmed'),
      type: 'allergy',
      category: [allergen.category],
      criticality: severe ? 'high' : 'low',
      code: concept(allergen.system, allergen.code),
      ...about,
      reaction: [
        {
          manifestation: [concept(SNOMED, allergen.reaction)],
          severity: severe ? 'severe' : luck.pick(['mild', 'moderate'] as const),
        },
      ],
    })
  }
  const stopped = cough?.stop === undefined ? undefined : nextVisit(chart, cough.stop)
  if (stopped) {
    chart.ledger.enter<AllergyIntolerance>(`${chart.person.key}/29046`, {
      resourceType: 'AllergyIntolerance',
      clinicalStatus: hl7Concept('allergyintolerance-clinical', 'active'),
      verificationStatus: hl7Concept('allergyintolerance-verification', 'confirmed'),
      type: 'intolerance',
      category: ['medication'],
      criticality: 'low',
      code: concept(RXNORM, { code: '29046', display: 'lisinopril' }),
      patient: subject(chart),
      recordedDate: instant(stopped.day, stopped.minute + 9),
      recorder: clinician(chart, stopped),
      reaction: [
        { manifestation: [concept(SNOMED, { code: '49727002', display: 'Cough (finding)' })], severity: 'mild' },
      ],
    })
  }
  if (found.length === 0 && !stopped && luck.odds(0.6)) {
    chart.ledger.enter<AllergyIntolerance>(`${chart.person.key}/none`, {
      resourceType: 'AllergyIntolerance',
      clinicalStatus: hl7Concept('allergyintolerance-clinical', 'active'),
      verificationStatus: hl7Concept('allergyintolerance-verification', 'confirmed'),
      code: concept(SNOMED, { code: '716186003', display: 'No known allergy (situation)' }),
      ...about,
    })
  }
  return new Set(found.map((allergen) => allergen.key))
}
