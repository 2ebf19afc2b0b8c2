// The settings of one deployment: `deployment.json`, which git ignores. It overrides wrangler.toml at each deploy, so
// that neither a second setup nor `git pull` conflicts with it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import * as z from 'zod'
import { Stop } from './stop.ts'

const ROOT = new URL('../../', import.meta.url)
const BASE = new URL('wrangler.toml', ROOT)

const shape = z.object({
  /** Name of the Worker. */
  name: z.string(),
  accountId: z.string(),
  /** Id of the KV namespace. */
  kv: z.string(),
  /** Whether the account has Workers Paid: programs need isolates (`worker_loaders`). */
  paid: z.boolean().optional(),
  /** Settings that differ from wrangler.toml, without secrets. A JSON setting may be an object. */
  vars: z.record(
    z.string(),
    z.union([z.string(), z.record(z.string(), z.unknown()).transform((object) => JSON.stringify(object))]),
  ),
})

export type Deployment = z.infer<typeof shape>

/** @param file path of deployment.json. @throws {Stop} when it isn't one */
export function readDeployment(file: string): Deployment | undefined {
  if (!existsSync(file)) return undefined
  try {
    return shape.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new Stop(`${file} is malformed`, 'Correct it, or delete it and run npm run setup again.')
  }
}

export function writeDeployment(file: string, deployment: Deployment): void {
  const vars = Object.fromEntries(
    Object.entries(deployment.vars).map(([name, value]) => [name, value.startsWith('{') ? JSON.parse(value) : value]),
  )
  writeFileSync(file, `${JSON.stringify({ ...deployment, vars }, null, 2)}\n`)
}

export const DEPLOYMENT_FILE = new URL('deployment.json', ROOT).pathname

/** wrangler.toml, read by wrangler itself. It takes a second to load, and not every run gets this far. */
async function baseConfig() {
  const { experimental_readRawConfig } = await import('wrangler')
  return experimental_readRawConfig({ config: BASE.pathname }).rawConfig
}

/** All settings of a deployment, by name. */
export async function varsOf({ vars }: Deployment): Promise<Record<string, string>> {
  const rawConfig = await baseConfig()
  return { ...z.record(z.string(), z.string()).parse(rawConfig.vars ?? {}), ...vars }
}

/** Writes the configuration that wrangler gets, beside wrangler.toml because its paths are relative. @returns its path */
export async function writeConfig(deployment: Deployment): Promise<string> {
  const path = new URL('wrangler.production.json', ROOT).pathname
  const config = {
    ...(await baseConfig()),
    name: deployment.name,
    account_id: deployment.accountId,
    vars: await varsOf(deployment),
    kv_namespaces: [{ binding: 'OAUTH_KV', id: deployment.kv }],
    ...(deployment.paid && { worker_loaders: [{ binding: 'LOADER' }] }),
  }
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`)
  return path
}
