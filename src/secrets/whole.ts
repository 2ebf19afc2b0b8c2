// A record with its secrets, for checking and composing changes. JSON, text or a copy made from it is redacted; the secrets leave it only
// in the body of a request.
import { isRecord } from '../base/json.ts'
import { changesOf, type Difference, type Side } from '../fhir/diff.ts'
import { applyPatch, valueAt } from '../fhir/json-patch.ts'
import { NothingStored, placeholdersIn, putBack, withinLimit } from './put-back.ts'
import { HIDDEN, isPlaceholder, redact } from './redact.ts'

type Json = Record<string, unknown>

/** The record after a change, or why the change can't be made, as part of a sentence. */
type Changed = { after: Whole } | { problem: string }

export class Whole {
  readonly #value: unknown
  readonly #shown: Json

  constructor(value: unknown) {
    this.#value = value
    this.#shown = redact(value) as Json
  }

  /** The record with its secrets hidden. */
  get shown(): Json {
    return this.#shown
  }

  toJSON(): Json {
    return this.#shown
  }

  /** Whether it has secrets. */
  get isHiding(): boolean {
    return concealed(this.#value, this.#shown).length > 0
  }

  /** Passes the record with its secrets to `compose`: only for the body of a request. */
  into<T>(compose: (value: unknown) => T): T {
    return compose(this.#value)
  }

  /** Removes this record's secrets from a text by Medplum, which may repeat them. */
  scrubbed(text: string): string {
    const secrets = concealed(this.#value, this.#shown).sort((a, b) => b.length - a.length)
    return secrets.reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), text)
  }

  /** The record after a PUT of this body; undefined if unknown. */
  replacedBy(body: unknown): Changed | undefined {
    if (!isRecord(body)) return undefined
    return orProblem(() => ({ after: this.#changed(putBack(withinLimit(body), this.#value, this.#shown)) }))
  }

  /** The record after a JSON Patch, and the patch itself with stored values instead of placeholders. */
  patchedBy(operations: readonly unknown[]): { after: Whole; operations: Whole } | { problem: string } {
    return orProblem(() => {
      const filled: unknown[] = []
      const result = applyPatch(this.#value, withinLimit(operations), (operation, document) => {
        filled.push(filledIn(operation, document))
        return filled.at(-1)
      })
      if ('problem' in result) return { problem: `the patch does not fit the record as it is, ${result.problem}` }
      if (!isRecord(result.after)) return { problem: 'the patch leaves no record' }
      return { after: this.#changed(result.after), operations: new Whole(filled) }
    })
  }

  /** Parameters, or an object, with the values stored under their names instead of placeholders. */
  filledIn(input: unknown): Changed {
    return orProblem(() => {
      if (!isRecord(input) || !Array.isArray(input.parameter)) {
        return { after: new Whole(putBack(withinLimit(input), this.#value, this.#shown)) }
      }
      const parameter = withinLimit(input.parameter).map((one: unknown) => {
        if (!isRecord(one) || typeof one.name !== 'string') return one
        const name = one.name
        const under = (from: unknown) => ({ ...one, valueString: isRecord(from) ? from[name] : undefined })
        return putBack(one, under(this.#value), under(this.#shown), name)
      })
      return { after: new Whole({ ...input, parameter }) }
    })
  }

  /** The differences from another version, as they may be shown. */
  changesTo(after: Whole): Difference[] {
    const side = after.#side()
    const [old, now] = [this.#value, after.#value].map((one) => (isRecord(one) ? one.code : undefined))
    // The code of a stored bot is hidden, but the new code is shown.
    const isBot = [this, after].every(({ shown }) => shown.resourceType === 'Bot')
    const isNewCode = isBot && typeof now === 'string' && now !== old
    return changesOf(this.#side(), isNewCode ? { ...side, shown: { ...after.#shown, code: now } } : side)
  }

  /** The changed record. A change that would expose one of its secrets is refused. */
  #changed(value: unknown): Whole {
    const after = new Whole(value)
    const shown = JSON.stringify(after.#shown)
    const before = JSON.stringify(this.#shown)
    const isLeak = (secret: string) => {
      const text = JSON.stringify(secret).slice(1, -1)
      return shown.includes(text) && !before.includes(text)
    }
    if (!concealed(this.#value, this.#shown).some(isLeak)) return after
    throw new NothingStored('it would show what is hidden. Leave each placeholder where you read it')
  }

  /** A signed address differs at each read; it is compared as it is shown. */
  #side(): Side {
    return { value: unsigned(this.#value, this.#shown), shown: this.#shown }
  }
}

function filledIn(operation: unknown, document: unknown): unknown {
  if (!isRecord(operation) || placeholdersIn(operation.value).length === 0) return operation
  const { op, path, value } = operation
  // An operation that adds to a list replaces nothing.
  const parent = valueAt(document, String(path).replace(/\/[^/]*$/, ''))
  const replaces = op === 'replace' || (op === 'add' && !Array.isArray(parent))
  const [stored, shown] = replaces ? [valueAt(document, path), valueAt(redact(document), path)] : []
  return { ...operation, value: putBack(value, stored, shown, String(path)) }
}

function orProblem<T>(work: () => T): T | { problem: string } {
  try {
    return work()
  } catch (error) {
    if (error instanceof NothingStored) return { problem: error.message }
    throw error
  }
}

/** The hidden texts, without short ones that can occur in any text. */
function concealed(value: unknown, shown: unknown): string[] {
  if (typeof value === 'string') return value.length >= 4 && isHidden(shown) ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  const beside = typeof shown === 'object' && shown !== null ? Object.entries(shown) : []
  const found = new Map(beside)
  return Object.entries(value).flatMap(([name, one]) => concealed(one, found.get(name)))
}

function isHidden(shown: unknown): boolean {
  return typeof shown === 'string' && isPlaceholder(shown)
}

function unsigned(value: unknown, shown: unknown): unknown {
  if (typeof value === 'string') return typeof shown === 'string' && !isPlaceholder(shown) ? shown : value
  if (Array.isArray(value)) return value.map((item, at) => unsigned(item, Array.isArray(shown) ? shown[at] : undefined))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, unsigned(item, isRecord(shown) ? shown[name] : undefined)]),
  )
}
