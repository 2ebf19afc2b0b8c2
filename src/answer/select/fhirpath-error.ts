/** An expression that is wrong, or does not fit a resource. The message is for the model and holds nothing of the resource. */
export class FhirPathError extends Error {
  override readonly name = 'FhirPathError'
}

export const SEVERAL =
  'it needs one value and found several: use .first(), or map each, as in name.select(given.first())'
