// Which units are the same, and how each is written: values with different units must never share an axis.

interface Unit {
  /** As written; empty if it isn't. */
  unit: string
  /** Its code; empty if it has none. */
  code: string
}

/**
 * Returns a function that names the unit of each value. Two values have the same name only if their units have the same code, or no code
 * and the same word.
 */
export function unitsOf(values: readonly { unit: Unit }[]): (value: { unit: Unit }) => string {
  const units = new Map(values.map(({ unit }) => [`${unit.unit}\n${unit.code}`, unit]))
  /** Each code, by itself and by every word for it. */
  const codes = new Map<string, Set<string>>()
  for (const { unit, code } of units.values()) if (code !== '') for (const word of [unit, code]) add(codes, word, code)
  /** Identifies a unit: by its code, or, without a code, by the only code that is written with the same word. */
  const identityOf = ({ unit, code }: Unit) => {
    if (code !== '' || unit === '') return code
    const behind = codes.get(unit)
    const [only = unit] = behind ?? []
    return behind && behind.size > 1 ? `${unit}, no code` : only
  }
  const written = new Map<string, Set<string>>()
  for (const one of units.values()) add(written, identityOf(one), one.unit)
  // If one code is written in several ways, the code itself is shown.
  const wordOf = (id: string) => {
    const [only, ...others] = [...(written.get(id) ?? [])].filter((word) => word !== '')
    return only === undefined || others.length > 0 ? id : only
  }
  const idsOf = Map.groupBy(written.keys(), wordOf)
  const shown = new Map(
    [...idsOf].flatMap(([word, ids]) =>
      ids.map((id) => [id, word !== id && ids.length > 1 ? `${word} (${id})` : word] as const),
    ),
  )
  return ({ unit }) => {
    const id = identityOf(unit)
    return shown.get(id) ?? id
  }
}

function add(sets: Map<string, Set<string>>, key: string, value: string): void {
  const known = sets.get(key) ?? new Set()
  sets.set(key, known.add(value))
}
