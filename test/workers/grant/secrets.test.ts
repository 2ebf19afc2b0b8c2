// No Medplum token, code, secret or password, and no token of this server, is in clear text in KV, Durable Object storage or
// in any log line: after a full run, all three are dumped and searched.

import { listDurableObjectIds, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, expect, test, vi } from 'vitest'
import { connect, SignIn, WAYS, type Way } from '../../../programs/clients.ts'
import { GET, POST } from '../../calls.ts'
import { fhir, fhirCall, post, startSession } from '../world/mcp.ts'
import { authorization, refresh, register, signIn, type Tokens, token } from '../world/signing-in.ts'
import { alice, ORIGIN, rita, SANDBOX, sam, sandbox, send } from '../world/world.ts'

const PATIENT_NAME = 'Unmistakable-Leakname'

afterAll(() => vi.restoreAllMocks())

/** Everything that this server does, good and bad, once; returns the tokens of this server that were issued meanwhile. */
async function fullRun(): Promise<string[]> {
  const issued: Tokens[] = [await signIn(alice), await signIn(rita), await signIn(sam)]
  const [mine] = issued as [Tokens, ...Tokens[]]
  for (const way of Object.keys(WAYS) as Way[]) {
    const person = new SignIn(alice, send)
    const tokens = await signIn(alice)
    issued.push(tokens)
    person.saveClientInformation({ client_id: tokens.clientId })
    person.saveTokens({ access_token: tokens.access, token_type: 'bearer' })
    const client = await connect(way, ORIGIN, person, send)
    const body = { resourceType: 'Patient', name: [{ family: PATIENT_NAME }] }
    await client.call('fhir-request', POST('Patient', body))
    await client.call('fhir-request', GET(`Patient?family=${PATIENT_NAME}`))
    // Not closed, because an open session's storage is searched.
  }
  const session = await startSession(mine.access)
  await (await post(mine.access, fhirCall(GET(`Patient?family=${PATIENT_NAME}`)), session)).text()
  await refresh(mine)
  await sandbox.expireAccessTokens()
  await fhir(mine.access, GET('Patient?_count=1'))
  for (const fault of [
    { status: 500, body: { msg: 'x' } },
    { status: 400, body: { error: 'invalid_request', error_description: 'Invalid token' } },
    { drop: 'body' },
  ]) {
    const doomed = await signIn(alice)
    issued.push(doomed)
    await sandbox.faults([{ path: '^/oauth2/token', ...fault }])
    await refresh(doomed)
    await sandbox.clearFaults()
  }
  await fhir(mine.access, GET(`../../x?family=${PATIENT_NAME}`))
  await fhir(mine.access, POST('Patient', { resourceType: 'Patient', foo: PATIENT_NAME }))
  await send((await authorization((await register()).client_id)).url)
  await send(`${ORIGIN}/oauth/callback?code=stolen&state=stolen`)
  await token({ token: mine.refresh ?? '', client_id: mine.clientId })
  return issued
    .flatMap(({ access, refresh: kept }) => [access, kept ?? access])
    .flatMap((value) => [value, secretPart(value)])
}

/** The last part of a token of this server; the user and grant ids before it are not secret. */
function secretPart(value: string): string {
  return value.split(':')[2] ?? value
}

async function dumpKv(): Promise<string> {
  let dump = ''
  let cursor: string | undefined
  do {
    const page = await env.OAUTH_KV.list(cursor === undefined ? {} : { cursor })
    for (const { name, metadata } of page.keys) {
      dump += `${name} ${JSON.stringify(metadata)} ${await env.OAUTH_KV.get(name)}\n`
    }
    cursor = page.list_complete ? undefined : page.cursor
  } while (cursor !== undefined)
  return dump
}

async function dumpObjects(): Promise<{ dump: string; objects: number }> {
  const stubs = [
    ...(await listDurableObjectIds(env.GRANT)).map((id) => env.GRANT.get(id)),
    ...(await listDurableObjectIds(env.MCP_SESSION)).map((id) => env.MCP_SESSION.get(id)),
  ]
  let dump = ''
  for (const stub of stubs) {
    dump += await runInDurableObject(stub as DurableObjectStub, async (_, state) => {
      const entries = [...(await state.storage.list())].map(([key, value]) => `${key} ${text(value)}`)
      const { sql } = state.storage
      const tables = sql.exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '_cf_%'",
      )
      for (const { name } of tables.toArray()) {
        for (const row of sql.exec(`SELECT * FROM "${name}"`).toArray())
          entries.push(Object.values(row).map(text).join(' '))
      }
      return entries.join('\n')
    })
  }
  return { dump, objects: stubs.length }
}

/** Bytes as Latin-1, so that any text in them would show. */
function text(value: unknown): string {
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) {
    return [...new Uint8Array(value)].map((byte) => String.fromCharCode(byte)).join('')
  }
  return typeof value === 'string' ? value : JSON.stringify(value)
}

test('no secret is in clear text in KV, objects or logs', async () => {
  let logs = ''
  for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(console, level).mockImplementation((...args) => {
      logs += `${args.map(text).join(' ')}\n`
    })
  }
  const issued = await fullRun()
  const kv = await dumpKv()
  const { dump, objects } = await dumpObjects()
  vi.restoreAllMocks()

  // These must be found, which shows that the search looks in the right places.
  expect(kv).toMatch(/^grant:/m)
  expect(kv).toMatch(/^token:/m)
  expect(objects).toBeGreaterThan(10)
  expect(dump).toContain('medplum-tokens')
  expect(dump).toContain('initialize')
  expect(logs).toContain('oauth_error')

  const secrets = [...(await sandbox.secrets()), ...issued].filter((secret) => secret.length >= 12)
  expect(secrets.length).toBeGreaterThan(40)
  const places = { kv, dump, logs }
  for (const [place, content] of Object.entries(places)) {
    const leaked = secrets.filter((secret) => content.includes(secret))
    expect(leaked, `secrets in clear in ${place}`).toEqual([])
    expect(content, `a patient's name in ${place}`).not.toContain(PATIENT_NAME)
    expect(content, `the vault's key in ${place}`).not.toContain('vaultKey')
  }
  expect(logs).not.toContain(SANDBOX)
})
