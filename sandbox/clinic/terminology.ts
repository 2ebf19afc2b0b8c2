/** The code systems that the clinic speaks, and the few shapes in which FHIR wants a code. */
import type { CodeableConcept, Coding } from '@medplum/fhirtypes'

export const SNOMED = 'http://snomed.info/sct'
export const LOINC = 'http://loinc.org'
export const RXNORM = 'http://www.nlm.nih.gov/research/umls/rxnorm'
export const CVX = 'http://hl7.org/fhir/sid/cvx'
export const ICD10 = 'http://hl7.org/fhir/sid/icd-10-cm'
export const CPT = 'http://www.ama-assn.org/go/cpt'
export const UCUM = 'http://unitsofmeasure.org'
export const CLINIC = 'https://clinic.example.com'
const HL7 = 'http://terminology.hl7.org/CodeSystem'

/** A code system that HL7 publishes at terminology.hl7.org, by its last path segment. */
export const hl7 = (system: string) => `${HL7}/${system}`

export interface Code {
  code: string
  display: string
}

export function coding(system: string, { code, display }: Code): Coding {
  return { system, code, display }
}

/** @param text what a person would read; the display of the code unless given */
export function concept(system: string, code: Code, text: string = code.display): CodeableConcept {
  return { coding: [coding(system, code)], text }
}

/** A code of an HL7 system whose display adds nothing for a reader. */
export function flag(system: string, code: string, display?: string): CodeableConcept {
  return { coding: [{ system: hl7(system), code, ...(display ? { display } : {}) }] }
}
