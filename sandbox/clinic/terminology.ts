/** The code systems that the clinic uses, and functions that make a Coding or CodeableConcept. */
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

/** The URL of a code system that HL7 publishes at terminology.hl7.org. @param system its last path segment */
export const hl7System = (system: string) => `${HL7}/${system}`

export interface Code {
  code: string
  display: string
}

export function code(code: string, display: string): Code {
  return { code, display }
}

export function coding(system: string, { code, display }: Code): Coding {
  return { system, code, display }
}

/** @param text what a person reads; the code's display by default */
export function concept(system: string, code: Code, text: string = code.display): CodeableConcept {
  return { coding: [coding(system, code)], text }
}

/** A CodeableConcept with one code of a code system that HL7 publishes. */
export function hl7Concept(system: string, code: string, display?: string): CodeableConcept {
  return { coding: [{ system: hl7System(system), code, ...(display ? { display } : {}) }] }
}
