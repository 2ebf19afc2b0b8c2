// Reading JSON from outside, about which nothing is known.

/** Whether this is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects in a list property; none if there is no list. */
export function records(parent: unknown, property: string): Record<string, unknown>[] {
  const list = isRecord(parent) ? parent[property] : undefined
  return Array.isArray(list) ? list.filter(isRecord) : []
}

/** A text, number or truth value as text; anything else, which may not even turn into text, as nothing. */
export function scalarText(value: unknown): string {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : ''
}

/** Reads a list of texts; anything else is left out. */
export function textList(value: unknown): string[] {
  return Array.isArray(value) ? value.map(scalarText).filter(Boolean) : []
}
