/**
 * Recorded exchanges that the sandbox doesn't answer as Medplum did: file, exchange, reason. At present there are none; the
 * list may only shrink.
 */
export const notYet: Record<string, Record<string, string>> = {}
