// Outcomes of an attack by a program.

export const REFUSED = /^The program was not run\. /
export const STOPPED = /^The program was stopped/
export const FAILED = /^The program failed/
export const value = (text: string) => new RegExp(`^(?:value )?"?${text.replaceAll(/[[\]().{}|*+?$^]/g, '\\$&')}"?$`)

export type Attack = [code: string, outcome: RegExp]

export function each(outcome: RegExp, codes: Record<string, string>): Record<string, Attack> {
  return Object.fromEntries(Object.entries(codes).map(([name, code]) => [name, [code, outcome]]))
}
