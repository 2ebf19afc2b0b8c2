// Makes a deployment from a Medplum and a Cloudflare account. Checks everything first, then does only what is missing.
import { randomBytes } from 'node:crypto'
import { examine, report } from '../doctor/examine.ts'
import { planClient } from './client-application.ts'
import { type Account, Cloudflare, type Deployed } from './cloudflare.ts'
import { type Deployment, readDeployment, varsOf, writeConfig, writeDeployment } from './deployment.ts'
import { type Credentials, checkMedplum, signIn } from './medplum.ts'
import { Stop } from './stop.ts'
import { wrangler } from './wrangler.ts'

export interface Wishes {
  medplumUrl: string
  credentials: Credentials
  /** Name of the Worker. */
  name: string
  /** The deployment's address, if it isn't its workers.dev address. */
  publicUrl?: string | undefined
  /** An existing ClientApplication. */
  clientId?: string | undefined
  /** Whether the account has Workers Paid; as before, if undefined. */
  paid?: boolean | undefined
  dryRun: boolean
  /** Path of deployment.json. */
  file: string
  say: (line: string) => void
  /** Checks the deployment afterwards; `npm run doctor` by default. */
  check?: typeof examine
  /** Runs wrangler, which changes things at Cloudflare; a test can replace it. */
  tool?: typeof wrangler
}

/** @returns whether the deployment is healthy, as far as it was checked. @throws {Stop} before anything is changed, or between two steps */
export async function setup(wishes: Wishes): Promise<boolean> {
  const { say, dryRun, file, name, tool = wrangler } = wishes
  const before = readDeployment(file)
  const baseUrl = await checkMedplum(wishes.medplumUrl)
  const admin = await signIn(baseUrl, wishes.credentials)
  const cloudflare = await Cloudflare.open()
  const account = await cloudflare.account(process.env.CLOUDFLARE_ACCOUNT_ID ?? before?.accountId)
  const worker = await cloudflare.worker(account, name)
  const title = `${name}-oauth-kv`
  const namespace = await cloudflare.namespace(account, title)
  const publicUrl = new URL(wishes.publicUrl ?? before?.vars.PUBLIC_URL ?? addressOf(account, name)).origin
  const sameMedplum = before?.vars.MEDPLUM_BASE_URL === baseUrl
  const clientId = wishes.clientId ?? (sameMedplum ? before?.vars.MEDPLUM_CLIENT_ID : undefined)
  const client = await planClient(admin, `${publicUrl}/oauth/callback`, clientId)

  const paid = wishes.paid ?? before?.paid

  let changed = 0
  const step = async <T>(what: string, act: () => Promise<T>): Promise<T | undefined> => {
    changed++
    say(`${dryRun ? 'would ' : ''}${what}`)
    return dryRun ? undefined : await act()
  }
  // First the steps that a read-only Cloudflare login fails at, so that nothing was changed at Medplum either.
  const kv =
    namespace ??
    (await step(`create the KV namespace ${title}`, async () => {
      await tool(['kv', 'namespace', 'create', title], { accountId: account.id })
      const created = await cloudflare.namespace(account, title)
      if (created) return created
      throw new Stop(`Cloudflare does not list the new namespace ${title} yet`, 'Run npm run setup again in a minute.')
    }))
  const id = client.step ? await step(client.step, client.apply) : await client.apply()
  const deployment: Deployment = {
    name,
    accountId: account.id,
    kv: kv ?? 'to be created',
    ...(paid !== undefined && { paid }),
    vars: {
      ...before?.vars,
      PUBLIC_URL: publicUrl,
      MEDPLUM_BASE_URL: baseUrl,
      MEDPLUM_CLIENT_ID: id ?? 'to be created',
    },
  }
  if (JSON.stringify(before) !== JSON.stringify(deployment))
    await step(`write ${file}`, async () => writeDeployment(file, deployment))
  if (!worker || !(await isAsDeployed(worker, deployment)))
    await step(`deploy ${name} to ${account.name}`, async () =>
      tool(['deploy', '--config', await writeConfig(deployment)]),
    )
  if (!worker?.secrets.includes('AUDIT_KEY'))
    await step('set the secret AUDIT_KEY to a new random key', async () =>
      tool(['secret', 'put', 'AUDIT_KEY', '--config', await writeConfig(deployment)], {
        input: randomBytes(32).toString('base64'),
      }),
    )
  if (changed === 0) say('Nothing to change.')
  if (dryRun) return true
  const findings = await (wishes.check ?? examine)(publicUrl)
  say(report(findings))
  say(`\nMCP URL: ${publicUrl}/mcp`)
  return findings.every((one) => one.ok)
}

function addressOf(account: Account, name: string): string {
  return `https://${name}.${account.subdomain}.workers.dev`
}

/** Whether settings and bindings are those of the last deploy. New code is deployed by `npm run deploy`. */
async function isAsDeployed({ bindings }: Deployed, deployment: Deployment): Promise<boolean> {
  const texts = new Map(bindings.map((one) => [one.name, one.text]))
  const kv = bindings.find((one) => one.name === 'OAUTH_KV')?.namespace_id
  const vars = Object.entries(await varsOf(deployment))
  const hasLoader = bindings.some((one) => one.name === 'LOADER')
  if (hasLoader !== (deployment.paid === true)) return false
  return kv === deployment.kv && vars.every(([key, value]) => texts.get(key) === value)
}
