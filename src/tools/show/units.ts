// Which units are the same, and how each is written: values with different units must never share an axis.

export interface Unit {
  /** As it is written; empty where it isn't. */
  unit: string
  /** Its code; empty where it has none. */
  code: string
}

/**
 * How the unit of each value is shown. Two values are shown in one unit only if they have the same code, or no code and the same
 * word for it.
 */
export function unitsOf(values: readonly { unit: Unit }[]): (value: { unit: Unit }) => string {
  const coded = values.map(({ unit }) => unit).filter(({ code }) => code !== '')
  /** Without a code, the only unit that is written so. */
  const identity = ({ unit, code }: Unit) => {
    if (code !== '' || unit === '') return code
    const codes = new Set(coded.filter((one) => one.unit === unit || one.code === unit).map((one) => one.code))
    const [only] = codes
    if (only === undefined) return unit
    return codes.size === 1 ? only : `${unit}, no code`
  }
  const known = new Map<string, string>()
  const identityOf = ({ unit, code }: Unit) => {
    const key = `${unit}\n${code}`
    const id = known.get(key) ?? identity({ unit, code })
    known.set(key, id)
    return id
  }
  const written = new Map<string, Set<string>>()
  for (const { unit } of values) {
    const id = identityOf(unit)
    const words = written.get(id) ?? new Set()
    if (unit.unit !== '') words.add(unit.unit)
    written.set(id, words)
  }
  // If one code is written in several ways, the code itself is shown.
  const word = (id: string) => {
    const [only, ...others] = written.get(id) ?? []
    return only === undefined || others.length > 0 ? id : only
  }
  const words = [...written.keys()].map(word)
  return ({ unit }) => {
    const id = identityOf(unit)
    const own = word(id)
    return own !== id && words.filter((one) => one === own).length > 1 ? `${own} (${id})` : own
  }
}
