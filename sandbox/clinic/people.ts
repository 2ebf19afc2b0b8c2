/**
 * The clinic's patients. A `Person` is what the generator knows (in days, not dates); the `Patient` is the FHIR resource. The first
 * ten are written by hand, because tests and demos refer to them.
 */
import type { HumanName, Patient } from '@medplum/fhirtypes'
import { date, dayOf, instant, YEAR } from './calendar.ts'
import type { SugarCourse } from './courses.ts'
import { type Entered, idOf, type Ledger, referenceTo } from './ledger.ts'
import { emailHandle, FAMILY, FEMALE, MALE, STREETS, TOWNS } from './names.ts'
import { type Chance, chance } from './random.ts'
import type { Facility, StaffKey } from './staff.ts'
import { staffName } from './staff.ts'
import { CLINIC, hl7Concept, hl7System } from './terminology.ts'

const PATIENT_COUNT = 120

export interface Person {
  key: string
  index: number
  sex: 'female' | 'male'
  given: string
  family: string
  /** Day of birth. */
  born: number
  /** First visit. */
  joined: number
  /** The last day on which anything can be recorded. */
  until: number
  doctor: StaffKey
  known?: Known
}

interface Known {
  role: string
  given: string
  family: string
  sex: Person['sex']
  born: string
  joined?: number
  died?: string
  /** The record has no birthDate, although the generator needs an age. */
  undated?: true
  also?: HumanName
  /** Keys of problems.ts; drawn at random if absent. */
  problems?: readonly string[]
  /** When a problem began, in days after the first visit; drawn at random if absent. */
  onsets?: Readonly<Record<string, number>>
  /** The course of HbA1c in a person with diabetes (courses.ts); drawn at random if absent. */
  sugar?: SugarCourse
  /** Visits a year. */
  pace?: number
}

// biome-ignore format: one person a row
const KNOWN: readonly Known[] = [
  { role: 'diabetic', given: 'Marisol', family: 'Vega-Castillo', sex: 'female', born: '1961-03-14', joined: -2420, problems: ['diabetes', 'hypertension', 'hyperlipidemia', 'obesity', 'kidney', 'neuropathy'], onsets: { obesity: -2000, hypertension: -900, hyperlipidemia: 210, diabetes: 400, kidney: 1150 }, sugar: 'creeping', pace: 5.5 },
  { role: 'renal', given: 'Henrik', family: 'Sørensen', sex: 'male', born: '1947-11-02', joined: -2380, problems: ['hypertension', 'kidney', 'fibrillation', 'hyperlipidemia'], pace: 4 },
  { role: 'deceased', given: 'Siobhán', family: "O'Malley", sex: 'female', born: '1942-06-21', joined: -2300, died: '2025-11-18', problems: ['copd', 'failure', 'hypertension'], pace: 4 },
  { role: 'undated', given: 'Kwabena', family: 'Asante', sex: 'male', born: '1980-01-01', joined: -400, undated: true, problems: [], pace: 1.2 },
  { role: 'namesake', given: 'María', family: 'García', sex: 'female', born: '1984-05-09', joined: -1700, problems: ['hypothyroidism'], pace: 2 },
  { role: 'otherNamesake', given: 'Maria', family: 'Garcia', sex: 'female', born: '1979-12-30', joined: -1500, problems: ['asthma'], pace: 2 },
  { role: 'depressed', given: 'Zoë', family: 'Fairchild-Ng', sex: 'female', born: '1996-08-17', joined: -1300, problems: ['depression', 'anxiety'], pace: 4 },
  { role: 'twoScripts', given: 'Hanako', family: 'Tanaka', sex: 'female', born: '1971-02-25', joined: -1900, also: { use: 'usual', text: '田中 花子', family: '田中', given: ['花子'] }, problems: ['hyperlipidemia'], pace: 1.5 },
  { role: 'child', given: 'Théo', family: 'Lefèvre', sex: 'male', born: '2021-10-05', joined: -1780, problems: [], pace: 3 },
  { role: 'healthy', given: 'Robert', family: 'Llewellyn', sex: 'male', born: '1988-07-30', joined: -1460, problems: [], pace: 1 },
]

/** Patients that demos and tests may rely on, by the role they play. */
export const PATIENT_IDS = Object.fromEntries(
  KNOWN.map((known, index) => [known.role, idOf('Patient', keyOf(index))]),
) as Readonly<
  Record<
    | 'diabetic'
    | 'renal'
    | 'deceased'
    | 'undated'
    | 'namesake'
    | 'otherNamesake'
    | 'twoScripts'
    | 'depressed'
    | 'child'
    | 'healthy',
    string
  >
>

function keyOf(index: number): string {
  return `p${String(index + 1).padStart(3, '0')}`
}

function doctorOf(ageYears: number, luck: Chance): StaffKey {
  if (ageYears < 18) return 'miguel'
  return luck.pick(['alice', 'alice', 'rita', 'grace'] as const)
}

function born(luck: Chance): number {
  const group = luck.unit()
  const years = group < 0.1 ? luck.between(1, 17) : group < 0.55 ? luck.between(18, 55) : luck.between(55, 90)
  return -Math.round(years * YEAR)
}

export function people(): Person[] {
  const luck = chance('people')
  const names = { female: luck.shuffle(FEMALE), male: luck.shuffle(MALE), family: luck.shuffle(FAMILY) }
  return Array.from({ length: PATIENT_COUNT }, (_, index) => {
    const known = KNOWN[index]
    const sex = known?.sex ?? (luck.odds(0.54) ? 'female' : 'male')
    const pool = names[sex]
    const birthday = known ? dayOf(known.born) : born(luck)
    const joined = known?.joined ?? Math.max(birthday + 5, -luck.int(300, 2450))
    return {
      key: keyOf(index),
      index,
      sex,
      given: known?.given ?? pool[index % pool.length] ?? luck.pick(pool),
      family: known?.family ?? names.family[index % names.family.length] ?? luck.pick(names.family),
      born: birthday,
      joined,
      until: known?.died ? dayOf(known.died) - 20 : 0,
      doctor: index === 0 ? 'alice' : doctorOf(-birthday / YEAR, luck),
      ...(known ? { known } : {}),
    }
  })
}

export function fullName(person: Person): string {
  return `${person.given} ${person.family}`
}

export function admit(ledger: Ledger, facility: Facility, person: Person): Entered<Patient> {
  const luck = chance(`patient/${person.key}`)
  const town = luck.pick(TOWNS)
  const age = -person.born / YEAR
  const mail = `${emailHandle(person.given, person.family)}.${person.index + 1}@example.com`
  const known = person.known
  const others = (person.sex === 'female' ? FEMALE : MALE).filter((name) => name !== person.given)
  return ledger.enter<Patient>(person.key, {
    resourceType: 'Patient',
    identifier: [
      {
        use: 'usual',
        type: hl7Concept('v2-0203', 'MR', 'Medical record number'),
        system: `${CLINIC}/mrn`,
        value: `MRN${100200 + person.index * 17}`,
      },
    ],
    active: !known?.died,
    name: [
      { use: 'official', family: person.family, given: [person.given, ...(luck.odds(0.3) ? [luck.pick(others)] : [])] },
      ...(known?.also ? [known.also] : []),
    ],
    telecom: [
      {
        system: 'phone',
        value: `555-01${String(luck.int(0, 99)).padStart(2, '0')}`,
        use: luck.pick(['home', 'mobile'] as const),
        rank: 1,
      },
      ...(age > 14 && luck.odds(0.85) ? [{ system: 'email' as const, value: mail }] : []),
    ],
    gender: person.sex,
    ...(known?.undated ? {} : { birthDate: date(person.born) }),
    ...(known?.died ? { deceasedDateTime: instant(dayOf(known.died), 5 * 60 + 40) } : {}),
    address: [
      {
        use: 'home',
        line: [`${luck.int(2, 480)} ${luck.pick(STREETS)}`],
        city: town.city,
        state: 'MA',
        postalCode: town.postalCode,
        country: 'US',
      },
    ],
    ...(age > 20 ? { maritalStatus: luck.odds(0.55) ? marital('M', 'Married') : marital('S', 'Never Married') } : {}),
    communication: [
      { language: { coding: [{ system: 'urn:ietf:bcp:47', ...luck.pick(LANGUAGES) }] }, preferred: true },
    ],
    ...(luck.odds(0.8)
      ? { generalPractitioner: [referenceTo(facility.staff[person.doctor], staffName(person.doctor))] }
      : {}),
    managingOrganization: referenceTo(facility.clinic, facility.clinic.name),
  })
}

const LANGUAGES = [
  ...Array.from({ length: 6 }, () => ({ code: 'en', display: 'English' })),
  { code: 'es', display: 'Spanish' },
  { code: 'pt', display: 'Portuguese' },
  { code: 'vi', display: 'Vietnamese' },
]

function marital(code: string, display: string) {
  return { coding: [{ system: hl7System('v3-MaritalStatus'), code, display }] }
}
