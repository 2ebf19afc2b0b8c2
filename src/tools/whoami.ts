// Who is signed in, where, and with which rights: what to check when an answer is unexpected.

import * as z from 'zod'
import { LEVEL_NAME } from '../access/access.ts'
import { narrowedTo } from '../access/narrow/narrowing.ts'
import { describeRights, policyRules } from '../advice/replies/rights.ts'
import { literal } from '../answer/compact/literal.ts'
import { isRecord, scalarText } from '../base/json.ts'
import { quoted } from '../base/text.ts'
import { nameText } from '../text/datatype-text.ts'
import { defineTool } from './kit/tool.ts'

export const whoami = defineTool({
  name: 'whoami',
  title: 'Who is signed in',
  description:
    'Says who is signed in to which Medplum server and project, with which access policy and granted access, through which client, and for how long.',
  input: z.object({}),
  // Cursor adds this argument to every tool without arguments.
  normalise(args) {
    if (!isRecord(args)) return args
    const { random_string: _filler, ...rest } = args
    return rest
  },
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  async run(_args, { caller, access, fhir, event }) {
    event.kind = 'read'
    const me = await fhir.whoAmI()
    const { user, project, membership, profile } = isRecord(me) ? me : {}
    const { medplum, client, tenant = '' } = caller
    const lines: [label: string, value: string][] = [
      ['Signed in', withReference(personIn(profile, membership), medplum.profile)],
      ['E-mail', isRecord(user) ? quotedIf(user.email) : ''],
      ['Tenant', tenant],
      ['Medplum server', new URL('../../', medplum.fhirBase).href],
      ['Project', withReference(isRecord(project) ? scalarText(project.name) : '', medplum.project)],
      ['Project admin', isRecord(membership) ? (membership.admin === true ? 'yes' : 'no') : ''],
      ['Rights', rightsIn(me)],
      ['Granted access', LEVEL_NAME[access.level]],
      ['Narrowed to', narrowedTo(access)],
      ['Client', `${quoted(client.name)} (${literal(client.id)})`],
      ['Lasts', isRecord(project) && project.superAdmin === true ? FOR_SUPER_ADMINS : BY_RENEWAL],
    ]
    const unanswered = isRecord(me)
      ? []
      : ['Medplum gave no more details: name, e-mail and rights are unknown. Try again later.']
    return [...lines.flatMap(([label, value]) => (value === '' ? [] : [`${label}: ${value}`])), ...unanswered].join(
      '\n',
    )
  },
})

const BY_RENEWAL =
  'renewed automatically while in use; ends after some days without use (14 by default), or when revoked'
const FOR_SUPER_ADMINS = 'at most an hour from sign-in: Medplum does not renew sign-ins of super admins'

function personIn(profile: unknown, membership: unknown): string {
  const names = isRecord(profile) && Array.isArray(profile.name) ? profile.name.map(nameText) : []
  const display = isRecord(membership) && isRecord(membership.profile) ? scalarText(membership.profile.display) : ''
  return names.find((name) => name !== '') ?? display
}

function withReference(name: string, reference: string): string {
  return name === '' ? literal(reference) : `${quoted(name)} (${literal(reference)})`
}

function quotedIf(value: unknown): string {
  const text = scalarText(value)
  return text === '' ? '' : quoted(text)
}

const MAX_TYPES = 40

/** What the access policy allows: a sentence for all types, and its rules for single types. */
function rightsIn(me: unknown): string {
  const rules = policyRules(me)
  if (rules.length === 0) return isRecord(me) ? (describeRights(me, undefined) ?? 'not given by Medplum') : ''
  const single = rules.filter(({ resourceType }) => resourceType !== '*')
  const types = [...new Set(single.map(({ resourceType }) => scalarText(resourceType)).filter((type) => type !== ''))]
  const forAll = rules.length > single.length ? [describeRights(me, undefined) ?? ''] : []
  const byType = Map.groupBy(types, (type) => extentOf(rules.filter(({ resourceType }) => resourceType === type)))
  const forSome = [...byType].map(([extent, of]) => {
    const shown = of
      .slice(0, MAX_TYPES)
      .map((type) => literal(type))
      .join(' ')
    return `${extent}: ${shown}${of.length > MAX_TYPES ? ` and ${of.length - MAX_TYPES} more` : ''}.`
  })
  return [...forAll, ...forSome, ...(forAll.length === 0 ? ['Nothing else.'] : [])].join(' ')
}

function extentOf(rules: readonly Record<string, unknown>[]): string {
  const some = rules.every(({ criteria }) => typeof criteria === 'string') ? ', if the policy selects the record' : ''
  const listed = rules.flatMap(({ interaction }) => (Array.isArray(interaction) ? interaction.map(scalarText) : []))
  if (listed.length > 0) return `May ${[...new Set(listed)].map((one) => literal(one)).join(', ')}${some}`
  return `May ${rules.every(({ readonly }) => readonly === true) ? 'only read' : 'read and change'}${some}`
}
