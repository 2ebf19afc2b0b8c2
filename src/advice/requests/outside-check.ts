// Paths outside Medplum's FHIR API, which this server can't reach: what people use instead.

import type { Asked, Place } from '../../fhir/query.ts'
import { type Checked, none, refuse } from './checked.ts'

/** What exists outside the FHIR API, by first segment, and where to do the same in the Medplum App. */
const OUTSIDE: Record<string, string> = {
  admin: 'In the Medplum App, a project admin does this under Project (/admin).',
  auth: 'In the Medplum App, passwords, sign-in and MFA are under Security (/security).',
  'cds-services': '',
  dicom: '',
  email: 'A bot can send e-mail.',
  fhircast: '',
  healthcheck: '',
  keyvalue: '',
  mcp: '',
  oauth2: 'This server signs in by itself.',
  'openapi.json': 'GET metadata says what the FHIR API offers.',
  scim: '',
  storage: 'GET Binary/ID reads a file.',
  webhook: '',
  ws: '',
}

/** By further words in the path. */
const IN_THE_APP: readonly (readonly [RegExp, string])[] = [
  [
    /^admin\/.*\binvite\b/,
    'In the Medplum App, a project admin invites people under Project > Invite (/admin/invite).',
  ],
  [/^admin\/.*\bmembers?\b/, 'In the Medplum App, members are under Project > Users (/admin/users).'],
  [/^admin\/.*\bclients?\b/, 'In the Medplum App, clients are under Project > Clients (/admin/clients).'],
  [
    /^admin\/.*\bbots?\b/,
    'In the Medplum App, bots are under Project > Bots (/admin/bots); POST Bot/$init creates one here.',
  ],
  [/^admin\/.*\bsecrets?\b/, 'In the Medplum App, secrets are under Project > Secrets (/admin/secrets).'],
  [/^admin\/.*\bsites?\b/, 'In the Medplum App, sites are under Project > Sites (/admin/sites).'],
  [/^admin\/super\b/, 'In the Medplum App, this is for super admins (/admin/super).'],
]

export function checkOutside(_asked: Asked, { segments }: Place): Checked {
  const first = segments[0]?.toLowerCase() ?? ''
  if (!Object.hasOwn(OUTSIDE, first)) return none()
  const path = segments.join('/')
  const where = IN_THE_APP.find(([words]) => words.test(path.toLowerCase()))?.[1] ?? OUTSIDE[first]
  return refuse(
    [`\`path\`: ${path} is outside Medplum's FHIR API. This server reaches only that API.`, where]
      .filter(Boolean)
      .join(' '),
  )
}
