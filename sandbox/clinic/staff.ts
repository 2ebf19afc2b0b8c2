/** The clinic as an organization, with its laboratory, payers, locations and staff. */
import type { Location, Organization, Practitioner, PractitionerRole } from '@medplum/fhirtypes'
import { type Entered, idOf, type Ledger, referenceTo } from './ledger.ts'
import { CLINIC, type Code, concept, hl7Concept, SNOMED } from './terminology.ts'

interface Colleague {
  given: string
  family: string
  prefix?: string
  suffix?: string
  gender: 'female' | 'male'
  email: string
  role: Code
  specialty: Code
  place: 'main' | 'north' | 'tele'
}

const doctor = { code: '112247003', display: 'Medical doctor' }
const nurse = { code: '224535009', display: 'Registered nurse' }
const practice = { code: '394814009', display: 'General practice' }

// biome-ignore format: a roster reads better one person a row
const ROSTER = { alice: { given: 'Alice', family: 'Nguyen', prefix: 'Dr.', suffix: 'MD', gender: 'female', email: 'alice@example.com', role: doctor, specialty: practice, place: 'main' },
  rita: { given: 'Rita', family: 'Okafor', prefix: 'Dr.', suffix: 'MD', gender: 'female', email: 'rita@example.com', role: doctor, specialty: { code: '419192003', display: 'Internal medicine' }, place: 'main' },
  ada: { given: 'Ada', family: 'Lindqvist', gender: 'female', email: 'ada@example.com', role: { code: '224608005', display: 'Administrative healthcare staff' }, specialty: practice, place: 'main' },
  sam: { given: 'Sam', family: 'Petrov', suffix: 'RN', gender: 'male', email: 'sam@example.com', role: nurse, specialty: practice, place: 'main' },
  grace: { given: 'Grace', family: 'Kim', suffix: 'NP', gender: 'female', email: 'grace.kim@example.com', role: { code: '224571005', display: 'Nurse practitioner' }, specialty: practice, place: 'north' },
  miguel: { given: 'Miguel', family: 'Fuentes', prefix: 'Dr.', suffix: 'MD', gender: 'male', email: 'miguel.fuentes@example.com', role: doctor, specialty: { code: '394537008', display: 'Pediatric specialty' }, place: 'north' },
  priya: { given: 'Priya', family: 'Raman', prefix: 'Dr.', suffix: 'MD', gender: 'female', email: 'priya.raman@example.com', role: doctor, specialty: { code: '394583002', display: 'Endocrinology' }, place: 'main' },
  thomas: { given: 'Thomas', family: "O'Connell", prefix: 'Dr.', suffix: 'MD', gender: 'male', email: 'thomas.oconnell@example.com', role: doctor, specialty: { code: '394579002', display: 'Cardiology' }, place: 'main' },
  lucas: { given: 'Lucas', family: 'Meyer', suffix: 'LCSW', gender: 'male', email: 'lucas.meyer@example.com', role: { code: '106328005', display: 'Social worker' }, specialty: { code: '394587001', display: 'Psychiatry' }, place: 'tele' },
  hannah: { given: 'Hannah', family: 'Cohen-Levi', suffix: 'RD', gender: 'female', email: 'hannah.cohen@example.com', role: { code: '159033005', display: 'Dietitian' }, specialty: practice, place: 'tele' },
} as const satisfies Record<string, Colleague>

export type StaffKey = keyof typeof ROSTER
const STAFF_KEYS = Object.keys(ROSTER) as StaffKey[]

export const PRACTITIONER_IDS = Object.fromEntries(
  STAFF_KEYS.map((key) => [key, idOf('Practitioner', key)]),
) as Readonly<Record<StaffKey, string>>

export function staffName(key: StaffKey): string {
  const person: Colleague = ROSTER[key]
  const name = [person.prefix, person.given, person.family].filter(Boolean).join(' ')
  return person.suffix ? `${name}, ${person.suffix}` : name
}

export interface Facility {
  clinic: Entered<Organization>
  laboratory: Entered<Organization>
  payers: readonly [Entered<Organization>, Entered<Organization>]
  places: Record<Colleague['place'], Entered<Location>>
  staff: Record<StaffKey, Entered<Practitioner>>
  placeOf(key: StaffKey): Entered<Location>
}

export function createFacility(ledger: Ledger): Facility {
  const organization = (name: string, type: string, display: string, title: string, phone: string) =>
    ledger.enter<Organization>(name, {
      resourceType: 'Organization',
      identifier: [{ system: `${CLINIC}/organization`, value: name }],
      active: true,
      type: [hl7Concept('organization-type', type, display)],
      name: title,
      telecom: [{ system: 'phone', value: phone, use: 'work' }],
    })
  const clinic = organization('clinic', 'prov', 'Healthcare Provider', 'Maplewood Community Clinic', '555-0100')
  const laboratory = organization(
    'laboratory',
    'dept',
    'Hospital Department',
    'Maplewood Clinic Laboratory',
    '555-0101',
  )
  const payers = [
    organization('bay-mutual', 'ins', 'Insurance Company', 'Bay Mutual Health', '555-0102'),
    organization('commonwealth', 'ins', 'Insurance Company', 'Commonwealth Public Plan', '555-0103'),
  ] as const

  const location = (name: string, title: string, line: string, city: string, mode: Location['mode'] = 'instance') =>
    ledger.enter<Location>(name, {
      resourceType: 'Location',
      status: 'active',
      name: title,
      mode,
      ...(line ? { address: { line: [line], city, state: 'MA', country: 'US' } } : {}),
      managingOrganization: referenceTo(clinic, clinic.name),
    })
  const places = {
    main: location('main', 'Maplewood Main Street', '12 Main Street', 'Maplewood'),
    north: location('north', 'North Quarry Branch', '3 Quarry Lane', 'North Quarry'),
    tele: location('tele', 'Video consultation', '', '', 'kind'),
  }

  const hire = (key: StaffKey, index: number) => {
    const person: Colleague = ROSTER[key]
    return ledger.enter<Practitioner>(key, {
      resourceType: 'Practitioner',
      identifier: [{ system: `${CLINIC}/staff`, value: `S${100 + index}` }],
      active: true,
      name: [
        {
          use: 'official',
          text: staffName(key),
          family: person.family,
          given: [person.given],
          ...(person.prefix ? { prefix: [person.prefix] } : {}),
          ...(person.suffix ? { suffix: [person.suffix] } : {}),
        },
      ],
      telecom: [
        { system: 'email', value: person.email, use: 'work' },
        { system: 'phone', value: `555-01${10 + index}`, use: 'work' },
      ],
      gender: person.gender,
    })
  }
  const staff = Object.fromEntries(STAFF_KEYS.map((key, index) => [key, hire(key, index)])) as Facility['staff']
  const placeOf = (key: StaffKey) => places[ROSTER[key].place]

  for (const key of STAFF_KEYS) {
    const person: Colleague = ROSTER[key]
    ledger.enter<PractitionerRole>(key, {
      resourceType: 'PractitionerRole',
      active: true,
      period: { start: '2019-01-07' },
      practitioner: referenceTo(staff[key], staffName(key)),
      organization: referenceTo(clinic, clinic.name),
      code: [concept(SNOMED, person.role)],
      specialty: [concept(SNOMED, person.specialty)],
      location: [referenceTo(placeOf(key), placeOf(key).name)],
      availableTime: [
        {
          daysOfWeek: ['mon', 'tue', 'wed', 'thu', 'fri'],
          availableStartTime: '09:00:00',
          availableEndTime: '17:00:00',
        },
      ],
    })
  }
  return { clinic, laboratory, payers, places, staff, placeOf }
}
