// What a connection may do, as OAuth scopes. One level so far: all that the person's own Medplum access allows.

/** Everything that the signed-in person may do at Medplum. */
export const FULL_SCOPE = 'fhir:full'

/** The scopes that can be granted here (RFC 8414 `scopes_supported`). */
export const SCOPES = [FULL_SCOPE] as const
