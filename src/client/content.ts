// The body of a request: the value that every check reads, and the bytes that are sent, made together so that they can't differ. To
// change a body, make a new one with `with`.

export const FHIR_JSON = 'application/fhir+json'
export const JSON_TYPES = [FHIR_JSON, 'application/json', 'application/json-patch+json'] as const
export const HL7 = 'x-application/hl7-v2+er7'
export const FORM = 'application/x-www-form-urlencoded'

export type JsonType = (typeof JSON_TYPES)[number]
type TextType = 'text/plain' | typeof HL7 | typeof FORM

const UTF_8 = new TextEncoder()

export class Content {
  /** Never with parameters: with a `charset` Medplum would read another body from the same bytes. Without one it reads UTF-8. */
  readonly type: string
  readonly bytes: Uint8Array
  /** What Medplum's parser makes of the bytes: JSON as a value, other text unchanged. Undefined for a file, which it only stores. */
  readonly value: unknown

  private constructor(type: string, bytes: Uint8Array, value: unknown) {
    this.type = type
    this.bytes = bytes
    this.value = value
  }

  /** Keeps the content out of logs and errors: it may contain secrets. */
  toJSON(): { type: string } {
    return { type: this.type }
  }

  static json(value: unknown, type: JsonType = FHIR_JSON): Content {
    return new Content(type, UTF_8.encode(JSON.stringify(value)), value)
  }

  static text(text: string, type: TextType): Content {
    // The parser removes a byte order mark, and UTF-8 has no half surrogate pairs.
    const value = text.replace(/^\uFEFF+/, '').toWellFormed()
    return new Content(type, UTF_8.encode(value), value)
  }

  /** A file for Binary, whose bytes are stored as they are. */
  static file(data: string | Uint8Array, type: string): Content {
    return new Content(type, asBytes(data), undefined)
  }

  /** FHIR JSON for Binary: the only type of file that Medplum parses, because it may be a Binary resource. */
  static fhirFile(data: string, value: unknown): Content {
    return new Content(FHIR_JSON, asBytes(data), value)
  }

  /** A copy with another JSON value. */
  with(value: unknown): Content {
    return new Content(this.type, UTF_8.encode(JSON.stringify(value)), value)
  }
}

function asBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? UTF_8.encode(data) : data
}
