// Reads JSON from outside, of which any part may be missing or wrong.

/** Whether this is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects in a list property; none if there is no list. */
export function records(parent: unknown, property: string): Record<string, unknown>[] {
  const list = isRecord(parent) ? parent[property] : undefined
  return Array.isArray(list) ? list.filter(isRecord) : []
}

/** A string, number or boolean as text; empty for anything else, which might not convert to text at all. */
export function scalarText(value: unknown): string {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : ''
}

/** The texts in a list; anything else is left out. */
export function textList(value: unknown): string[] {
  return Array.isArray(value) ? value.map(scalarText).filter(Boolean) : []
}

/** An object's own property; undefined for anything else, also for what it inherits. */
export function own(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** Undefined for a text that is not JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
