/** An expression that is wrong or doesn't fit a resource. The message is for the model and contains no part of the resource. */
export class FhirPathError extends Error {
  override readonly name = 'FhirPathError'
}

export const SEVERAL =
  'it needs one value and found several: use .first(), or map each, as in name.select(given.first())'
