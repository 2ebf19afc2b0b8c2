// `npm run setup` from nothing, by real wrangler against a loopback Cloudflare API, with the sandbox as Medplum; then from what
// is half done.

import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { SANDBOX_PASSWORD } from '../../sandbox/core/people.ts'

import { ACCOUNT, TOKEN } from './cloudflare.ts'
import { ADDRESS, groundOfTests, NAMESPACE } from './ground.ts'
import { quickWrangler } from './quick-wrangler.ts'

const ground = groundOfTests()
const CALLBACK = `${ADDRESS}/oauth/callback`
const NAMESPACE_STEP = `kv namespace create ${NAMESPACE}`
const SECRET_STEP = 'secret put AUDIT_KEY'

it('goes from nothing to a deployment, and a second time changes nothing', async () => {
  expect(await ground.run()).toBe(true)
  const { cloudflare, said } = ground
  expect(cloudflare.unknown).toEqual([])
  expect(ground.deployment).toMatchObject({
    accountId: ACCOUNT.id,
    kv: cloudflare.world.namespaces.get(NAMESPACE),
    vars: { PUBLIC_URL: ADDRESS, MEDPLUM_BASE_URL: ground.sandbox.baseUrl },
  })
  const script = cloudflare.world.scripts.get('medplum-mcp')
  expect([...(script?.secrets ?? [])]).toEqual(['AUDIT_KEY'])
  expect(script?.bindings).toContainEqual({ type: 'plain_text', name: 'PUBLIC_URL', text: ADDRESS })
  expect(said.join('\n')).toContain(`asked: ${ADDRESS}`)
  const key = cloudflare.bodies.map((body) => /"text":"([^"]+)"/.exec(body)?.[1]).find(Boolean) ?? ''
  expect(Buffer.from(key, 'base64')).toHaveLength(32)
  for (const secret of [key, SANDBOX_PASSWORD, TOKEN])
    expect(said.join('\n') + JSON.stringify(ground.deployment)).not.toContain(secret)

  const first = await ground.changes()
  await ground.run()
  expect(await ground.changes()).toEqual(first)
  expect(said).toContain('Nothing to change.')
}, 180_000)

it('binds the loader for programs only on a paid plan, and keeps that', async () => {
  const commands: string[] = []
  const loaders = () =>
    (ground.cloudflare.world.scripts.get('medplum-mcp')?.bindings ?? []).filter(({ type }) => type === 'worker_loader')
  const run = (wishes: { paid?: boolean }) =>
    ground.run({ ...wishes, tool: quickWrangler(ground.cloudflare, commands) })
  await run({})
  expect(loaders()).toEqual([])
  await run({ paid: true })
  expect(loaders()).toEqual([{ type: 'worker_loader', name: 'LOADER' }])
  expect(ground.deployment.paid).toBe(true)
  commands.length = 0
  await run({})
  expect(commands).toEqual([])
  expect(loaders()).toHaveLength(1)
})

it('shows the steps in a dry run and changes nothing', async () => {
  await ground.run({ dryRun: true })
  expect(ground.said.filter((line) => line.startsWith('would '))).toHaveLength(5)
  expect(await ground.changes()).toEqual([])
  expect(existsSync(ground.file)).toBe(false)
})

/** A finished deployment, made quickly. */
async function finished() {
  await ground.run({ tool: quickWrangler(ground.cloudflare, []) })
  const { world } = ground.cloudflare
  return { world, clientId: String(ground.deployment.vars.MEDPLUM_CLIENT_ID) }
}

/** States in which a setup may have stopped, with the commands of wrangler and the writes at Medplum that are still missing. */
const HALF_DONE: [string, () => Promise<unknown>, string[], RegExp[]][] = [
  [
    'the namespace is made, and nothing else',
    async () => ground.cloudflare.world.namespaces.set(NAMESPACE, 'a'.repeat(32)),
    ['deploy', SECRET_STEP],
    [/^POST \/fhir\/R4\/ClientApplication$/],
  ],
  [
    'the ClientApplication lacks the redirect URI, and there is nothing else',
    async () => {
      const { world, clientId } = await finished()
      await ground.client(clientId, (client) => {
        delete client.redirectUris
      })
      world.namespaces.clear()
      world.scripts.clear()
      rmSync(ground.file)
    },
    [NAMESPACE_STEP, 'deploy', SECRET_STEP],
    [/^PUT \/fhir\/R4\/ClientApplication\//],
  ],
  [
    'all is deployed, but the ClientApplication lacks the redirect URI and deployment.json is lost',
    async () => {
      const { clientId } = await finished()
      await ground.client(clientId, (client) => {
        client.redirectUris = ['https://another.example/callback']
      })
      rmSync(ground.file)
    },
    [],
    [/^PUT \/fhir\/R4\/ClientApplication\//],
  ],
  [
    'the ClientApplication and the namespace are made, and nothing is deployed',
    async () => {
      const { world } = await finished()
      world.scripts.clear()
      rmSync(ground.file)
    },
    ['deploy', SECRET_STEP],
    [],
  ],
  [
    'the secret is missing',
    async () => {
      const { world } = await finished()
      world.scripts.get('medplum-mcp')?.secrets.clear()
    },
    [SECRET_STEP],
    [],
  ],
]

it.each(HALF_DONE)('if %s, does only what is missing, once', async (_, arrange, atCloudflare, atMedplum) => {
  await arrange()
  const before = (await ground.medplumChanges()).length
  const commands: string[] = []
  const tool = quickWrangler(ground.cloudflare, commands)
  expect(await ground.run({ tool })).toBe(true)
  expect(commands).toEqual(atCloudflare)
  const written = (await ground.medplumChanges()).slice(before)
  expect(written).toEqual(atMedplum.map((pattern) => expect.stringMatching(pattern)))

  const { deployment, cloudflare } = ground
  expect((await ground.client(deployment.vars.MEDPLUM_CLIENT_ID)).redirectUris).toContain(CALLBACK)
  expect(deployment.kv).toBe(cloudflare.world.namespaces.get(NAMESPACE))
  const script = cloudflare.world.scripts.get('medplum-mcp')
  expect([...(script?.secrets ?? [])]).toEqual(['AUDIT_KEY'])
  for (const name of ['PUBLIC_URL', 'MEDPLUM_BASE_URL', 'MEDPLUM_CLIENT_ID'])
    expect(script?.bindings).toContainEqual({ type: 'plain_text', name, text: deployment.vars[name] })

  const all = await ground.changes()
  expect(await ground.run({ tool })).toBe(true)
  expect(await ground.changes()).toEqual(all)
  expect(ground.said).toContain('Nothing to change.')
  expect(cloudflare.unknown).toEqual([])
})

it.each(['as an object', 'as a text'])('passes the tenants of deployment.json on to the Worker, %s', async (form) => {
  const { world } = await finished()
  const tenants = { acme: { baseUrl: 'https://medplum.acme.example/', clientId: 'a "quoted" id' } }
  const text = JSON.stringify(tenants)
  const TENANTS = form === 'as an object' ? tenants : text
  const { deployment, cloudflare } = ground
  writeFileSync(ground.file, JSON.stringify({ ...deployment, vars: { ...deployment.vars, TENANTS } }))
  const commands: string[] = []
  const tool = quickWrangler(cloudflare, commands)
  await ground.run({ tool })
  expect(commands).toEqual(['deploy'])
  expect(world.scripts.get('medplum-mcp')?.bindings).toContainEqual({ type: 'plain_text', name: 'TENANTS', text })

  const before = readFileSync(ground.file, 'utf8')
  await ground.run({ tool })
  expect(commands).toEqual(['deploy'])
  expect(readFileSync(ground.file, 'utf8')).toBe(before)

  // If the file is rewritten, they are in the form that is easy to change.
  await ground.run({ tool, publicUrl: 'https://mcp.example.com' })
  expect(ground.deployment.vars.TENANTS).toEqual(tenants)
})

it('says so on the command line, with the fix and without the secret', async () => {
  const main = new URL('../../scripts/setup/main.ts', import.meta.url).pathname
  const flags = ['--medplum-url', ground.sandbox.baseUrl, '--email', 'ada@example.com', '--file', ground.file]
  const failed = await promisify(execFile)(process.execPath, [main, ...flags], {
    env: { ...process.env, MEDPLUM_PASSWORD: 'a-wrong-password' },
  }).catch((error: { code: number; stdout: string; stderr: string }) => error)
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('Check the e-mail address') })
  expect(failed.stdout + failed.stderr).not.toContain('a-wrong-password')
}, 120_000)
