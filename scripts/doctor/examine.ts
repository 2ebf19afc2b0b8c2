// The whole examination of a deployment, from outside.
import { DEAD_END, register } from './client.ts'
import { checkDiscovery } from './discovery.ts'
import { type Finding, fault } from './finding.ts'
import { checkGuards } from './guards.ts'
import { type Place, placeAt } from './place.ts'
import { checkReach } from './reach.ts'
import { checkSignIn } from './sign-in.ts'

/**
 * Examines a deployment as a client would meet it. It leaves one registered client there, which nobody uses.
 *
 * @param address of the deployment, of a tenant, or of the MCP endpoint of either
 */
export async function examine(address: string): Promise<Finding[]> {
  if (!/^https?:\/\//.test(address) || !URL.canParse(address))
    return [fault('address', `${address} is no URL`, 'Give the whole address, such as https://mcp.example.com.')]
  const place = placeAt(new URL(address))
  const found = await checkReach(place)
  if (found.some((one) => !one.ok)) return found
  for (const [name, check] of [
    ['discovery', checkDiscovery],
    ['guards', checkGuards],
    ['sign-in', asClient],
  ] as const)
    found.push(
      ...(await check(place).catch((error: Error) => [
        fault(name, `no answer: ${error.message}`, 'Run this again; if it goes on, see the log: npx wrangler tail.'),
      ])),
    )
  return found
}

/** What a client meets once it has registered. */
async function asClient(place: Place): Promise<Finding[]> {
  const { finding, client } = await register(place, DEAD_END)
  return client ? [finding, ...(await checkSignIn(place, client))] : [finding]
}

/** One line for each finding, and one for the cure of each fault. */
export function report(findings: Finding[]): string {
  return findings
    .map(({ check, ok, found, cure }) => `${ok ? 'ok   ' : 'FAULT'} ${check}: ${found}${cure ? `\n      ${cure}` : ''}`)
    .join('\n')
}
