// The media type that a caller gives for the body.
import { UserError } from '../../base/told-error.ts'
import { FHIR_JSON, HL7 } from '../../client/content.ts'

const BARE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/

/** Parameters that have no effect, since they name the defaults. */
const IMPLIED = /^(?:charset="?utf-?8"?|fhirversion="?4\.0(?:\.1)?"?)?$/

/**
 * A media type without parameters, in lower case. With a parameter, Medplum could read the bytes differently than this
 * server, so none is ever sent.
 *
 * @throws {UserError} for an invalid media type, and for parameters that would change something
 */
export function mediaType(contentType: string | undefined): string | undefined {
  if (contentType === undefined) return undefined
  const [bare = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase())
  if (!BARE.test(bare)) {
    throw new UserError(
      `\`contentType\` is not a media type. Nothing was sent. Valid: ${FHIR_JSON} (the default), application/json-patch+json, ${HL7}, text/plain, application/pdf.`,
    )
  }
  if (parameters.every((parameter) => IMPLIED.test(parameter))) return bare
  throw new UserError(
    `\`contentType\` takes no parameters: text is always sent as UTF-8. Nothing was sent. Give ${bare} alone.`,
  )
}
