/** Recorded exchanges that the sandbox doesn't answer as Medplum did, each with the reason. The list may only shrink. */

function because(reason: string, ...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, reason]))
}

/** File, exchange, reason. */
export const notYet: Record<string, Record<string, string>> = {}
