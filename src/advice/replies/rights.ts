// What the signed-in person may do, in a sentence: Medplum's 403 says only "Forbidden".
import { isRecord, records } from '../../base/json.ts'

const READING = ['read', 'vread', 'history', 'search']
const CHANGING = ['create', 'update', 'delete']

/**
 * The rights for one resource type, from `GET /auth/me`.
 *
 * @param me the answer of `/auth/me`; anything else gives undefined
 * @param type a resource type, or undefined for rights in general
 */
export function describeRights(me: unknown, type: string | undefined): string | undefined {
  if (!isRecord(me) || !isRecord(me.accessPolicy)) return undefined
  const rules = policyRules(me)
  const own = rules.filter((rule) => rule.resourceType === type)
  const applying = own.length > 0 ? own : rules.filter((rule) => rule.resourceType === '*')
  const may = new Set(applying.flatMap(interactionsOf))
  const admin = isRecord(me.membership) && me.membership.admin === true
  const what = type ?? 'records'
  const can = [...READING, ...CHANGING].filter((interaction) => may.has(interaction))
  const cannot = [...READING, ...CHANGING].filter((interaction) => !may.has(interaction))
  const sentences = [
    can.length > 0
      ? `Under their access policy, the signed-in person may ${can.join(', ')} ${what}`
      : `The signed-in person has no access to ${what}`,
    can.length > 0 && cannot.length > 0 ? `, not ${cannot.join(', ')}` : '',
    applying.some((rule) => typeof rule.criteria === 'string') ? ', and only those that the policy selects' : '',
    `; they are ${admin ? 'a' : 'not a'} project admin.`,
  ]
  return sentences.join('')
}

function interactionsOf(rule: Record<string, unknown>): string[] {
  if (Array.isArray(rule.interaction)) return rule.interaction.filter((one) => typeof one === 'string')
  return rule.readonly === true ? READING : [...READING, ...CHANGING]
}

/** The rules of the person's access policy, from `GET /auth/me`; none if it names no policy. */
export function policyRules(me: unknown): Record<string, unknown>[] {
  return isRecord(me) ? records(me.accessPolicy, 'resource') : []
}
