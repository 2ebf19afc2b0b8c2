// The whole examination of a deployment, from outside.
import { DEAD_END, register } from './client.ts'
import { checkDiscovery } from './discovery.ts'
import { type Endpoint, endpointAt } from './endpoint.ts'
import { type Finding, fault } from './finding.ts'
import { checkGuards } from './guards.ts'
import { openLoopback } from './loopback.ts'
import { checkReach } from './reach.ts'
import { checkSignIn } from './sign-in.ts'
import { checkSignedIn, type PersonWishes } from './signed-in.ts'

interface Wishes {
  /** If given, a complete sign-in by a person is examined, too. */
  person?: PersonWishes | undefined
}

/**
 * Examines a deployment as a client would meet it. It leaves one registered client there, unless that can be deleted.
 *
 * @param address of the deployment, of a tenant, or of the MCP endpoint of either
 */
export async function examine(address: string, { person }: Wishes = {}): Promise<Finding[]> {
  if (!/^https?:\/\//.test(address) || !URL.canParse(address))
    return [fault('address', `${address} is not a URL`, 'Enter the complete address, such as https://mcp.example.com.')]
  const endpoint = endpointAt(new URL(address))
  const found = await checkReach(endpoint)
  if (found.some((one) => !one.ok)) return found
  for (const [name, check] of [
    ['discovery', checkDiscovery],
    ['guards', checkGuards],
    ['sign-in', (endpoint: Endpoint) => asClient(endpoint, person)],
  ] as const)
    found.push(
      ...(await check(endpoint).catch((error: Error) => [
        fault(name, `no answer: ${error.message}`, 'Run this again. If it continues, see the log: npx wrangler tail.'),
      ])),
    )
  return found
}

/** The checks that need a registered client. */
async function asClient(endpoint: Endpoint, person: PersonWishes | undefined): Promise<Finding[]> {
  const loopback = person && (await openLoopback())
  try {
    const { finding, client } = await register(endpoint, loopback?.redirectUri ?? DEAD_END)
    if (!client) return [finding]
    const found = [finding, ...(await checkSignIn(endpoint, client))]
    if (loopback && found.every((one) => one.ok))
      found.push(...(await checkSignedIn(endpoint, client, loopback, person)))
    await client.forget()
    return found
  } finally {
    await loopback?.close()
  }
}

/** One line for each finding, and one for the fix of each fault. */
export function report(findings: Finding[]): string {
  return findings
    .map(({ check, ok, found, fix }) => `${ok ? 'ok   ' : 'FAULT'} ${check}: ${found}${fix ? `\n      ${fix}` : ''}`)
    .join('\n')
}
