// Every recipe of the cookbook, on a real server.
import type { ConnectedClient } from '../../programs/clients.ts'
import { textOf } from '../../programs/clients.ts'
import { CLAIM_SETTING, SYSTEMS } from '../../sandbox/systems.ts'
import { USES } from '../e2e/cookbook.ts'
import { type Kept, type Step, take, type Use } from '../e2e/recipe.ts'
import type { Ground } from './ground.ts'
import { must, type Report } from './report.ts'

type Clients = Record<'alice' | 'ada', ConnectedClient>

export async function recipes(ground: Ground, clients: Clients, report: Report): Promise<void> {
  const bots = ground.project.features.includes('bots')
  const cleared = bots && (await report.step('a Bot that takes claims', () => clearinghouse(ground)))
  for (const use of USES) {
    const { title, steps } = use
    if (!bots && steps.some(({ call }) => /^Bot\b/.test(String(call.path)))) report.leaveOut(title, 'no bots here')
    else if (!cleared && steps.some(({ call }) => call.path === 'Claim/$submit'))
      report.leaveOut(title, 'the project has a CLAIM_SUBMIT_OPERATION of its own, or takes none')
    else await report.step(title, () => carryOut(use, clients))
  }
}

async function carryOut({ steps }: Use, clients: Clients): Promise<void> {
  const kept: Kept = new Map()
  for (const step of steps) {
    const client = clients[step.as ?? 'alice']
    if (isOfAgent(step)) await offline(step, client, kept)
    else await take(step, client, kept)
  }
}

function isOfAgent({ call }: Step): boolean {
  return /^Agent\/\{agent\}\/\$(status|push)$/.test(String(call.path))
}

/** No Agent program is connected here: its status says so, and a message ends in an error that a user can understand. */
async function offline(step: Step, client: ConnectedClient, kept: Kept): Promise<void> {
  const text = JSON.stringify(step.call).replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    String(kept.get(name) ?? whole),
  )
  const result = await client.call('fhir-request', JSON.parse(text) as Record<string, unknown>, { timeout: 90_000 })
  const push = String(step.call.path).endsWith('$push')
  must((result.isError ?? false) === push, textOf(result))
  must(
    push ? /timeout|not connected|offline/i.test(textOf(result)) : !/"connected"/.test(textOf(result)),
    textOf(result),
  )
}

/** What takes the claims: the sandbox's Bot, the operation that runs it, and the project's setting that names the operation. */
async function clearinghouse(ground: Ground): Promise<boolean> {
  const { send } = ground.people.dana
  const code = SYSTEMS.find((one) => one.resourceType === 'Binary')
  const operation = SYSTEMS.find((one) => one.resourceType === 'OperationDefinition')
  must(code?.data !== undefined && operation !== undefined, 'the sandbox has no clearinghouse')
  const { status, body: bot } = await send<{ id: string }>('POST', 'Bot/$init', { name: 'Clearinghouse' })
  must(status === 201, `Bot/$init answered ${status}: ${JSON.stringify(bot)}`)
  const deployed = await send('POST', `Bot/${bot.id}/$deploy`, {
    code: Buffer.from(code.data, 'base64').toString(),
    filename: 'index.js',
  })
  must(deployed.status === 200, `$deploy answered ${deployed.status}: ${JSON.stringify(deployed.body)}`)
  const extension = operation.extension?.map((one) => ({ ...one, valueReference: { reference: `Bot/${bot.id}` } }))
  const { id: _id, meta: _meta, ...rest } = operation
  const made = await send('POST', 'OperationDefinition', { ...rest, extension })
  must(made.status === 201, `OperationDefinition answered ${made.status}: ${JSON.stringify(made.body)}`)
  return ground.setting(CLAIM_SETTING)
}
