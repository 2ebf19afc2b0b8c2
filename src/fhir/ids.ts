// What ids and references look like (FHIR R4, sections 2.24.0.1 and 2.3.0.1).

/** The ids that Medplum assigns. */
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Any id. */
export const ID = /^[A-Za-z0-9.-]{1,64}$/

/** A reference to a record of the same server: `Patient/123`. */
export const REFERENCE = /^[A-Z][A-Za-z]*\/[A-Za-z0-9.-]{1,64}$/
