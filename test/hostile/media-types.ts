/** Media types that try to have a body read in two ways. */
import * as fc from 'fast-check'
import { FORM, HL7 } from '../../src/client/content.ts'

const TYPES = [
  ...['application/fhir+json', 'application/json', 'APPLICATION/JSON', 'application/json-patch+json'],
  ...['application/x2+json', 'application/vnd.a+json', 'application/merge-patch+json', 'application/graphql'],
  ...[
    ...['application/fhir+xml', 'application/pdf', 'text/plain', 'text/csv', 'text/json', 'multipart/form-data'],
    HL7,
    FORM,
  ],
]
const CHARSETS = [
  ...['utf-8', 'UTF8', 'utf-7', '"utf-7"', 'utf-16', 'utf-16be', 'utf-32', 'utf-7-imap', 'us-ascii', 'iso-8859-1'],
  ...['cesu8', ''],
]
const parameter = fc
  .tuple(
    fc.constantFrom(';', '; ', ' ;\t', ',', '\n', '\r\n'),
    fc.constantFrom('charset=', 'CHARSET=', 'q=', 'x=1;charset=', 'charset=utf-8; charset='),
    fc.constantFrom(...CHARSETS),
  )
  .map((parts) => parts.join(''))
const invented = fc
  .tuple(fc.stringMatching(/^[a-z*+.-]{1,12}$/), fc.stringMatching(/^[a-z0-9*+.-]{1,12}$/))
  .map((both) => both.join('/'))

export const mediaType: fc.Arbitrary<string | undefined> = fc.oneof(
  fc.constant(undefined),
  fc
    .tuple(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...TYPES) },
        { weight: 1, arbitrary: invented },
        { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
      ),
      fc.oneof(
        { weight: 2, arbitrary: fc.constant('') },
        { weight: 3, arbitrary: parameter },
        { weight: 1, arbitrary: fc.string() },
      ),
    )
    .map((parts) => parts.join('')),
)
