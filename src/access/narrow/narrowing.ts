// How a person can limit a connection in addition to its access level: some resource types, one patient's records, or both.

/** The limits that a person set for a connection. */
export interface Narrowing {
  /** Resource types; all if undefined. */
  types?: readonly string[]
  /** Id of the only Patient whose compartment can be reached. */
  patient?: string
}

/**
 * Types that belong to no patient and that patients' records refer to, which a connection narrowed to one patient can read.
 * Without schedules and slots, which show other patients' appointments.
 */
export const SHARED_TYPES: ReadonlySet<string> = new Set(
  `ActivityDefinition CapabilityStatement CatalogEntry ChargeItemDefinition CodeSystem CompartmentDefinition ConceptMap
  DeviceDefinition GraphDefinition HealthcareService ImplementationGuide InsurancePlan Library Location Measure Medication
  MedicationKnowledge NamingSystem ObservationDefinition Organization OrganizationAffiliation PlanDefinition Practitioner
  PractitionerRole Questionnaire SearchParameter SpecimenDefinition StructureDefinition StructureMap Substance
  TerminologyCapabilities ValueSet`.split(/\s+/),
)

/** The limits in words: `the types Observation, Task` or `the records of Patient/ID` or both; empty if not narrowed. */
export function narrowedTo({ types, patient }: Narrowing): string {
  const kinds = types && types.length > 0 ? `the types ${types.join(', ')}` : ''
  if (patient === undefined) return kinds
  return kinds === '' ? `the records of Patient/${patient}` : `the records of Patient/${patient} of ${kinds}`
}

export function isNarrowed({ types, patient }: Narrowing): boolean {
  return (types !== undefined && types.length > 0) || patient !== undefined
}
