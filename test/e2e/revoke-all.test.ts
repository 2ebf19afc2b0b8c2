// The operator ends every sign-in at once: deployed with REVOKED_BEFORE, the server knows none of the earlier grants any more.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, SignIn, type Way } from '../../programs/clients.ts'
import { freePort, type RunningWorker, startWorker } from '../../programs/worker.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'
import { SANDBOX_CLIENT_ID } from '../../sandbox/world.ts'

const READ = { method: 'GET', path: 'Patient?_count=1' }
const WAYS: Way[] = ['Streamable HTTP 2026-07-28, SDK 2', 'Streamable HTTP 2025-11-25, SDK 1']

/** Counts how often the person signs in. */
class Counted extends SignIn {
  times = 0
  override async redirectToAuthorization(url: URL) {
    this.times++
    await super.redirectToAuthorization(url)
  }
}

describe('with all sign-ins ended', () => {
  let sandbox: Sandbox
  let worker: RunningWorker | undefined
  let state: string
  let port: number
  const before = WAYS.map((way) => ({ way, signIn: new Counted(SANDBOX_USERS.alice), session: '' }))

  async function deploy(revokedBefore: string): Promise<void> {
    await worker?.stop()
    const medplum = { MEDPLUM_BASE_URL: sandbox.baseUrl, MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID }
    worker = await startWorker({ port, state, vars: { ...medplum, REVOKED_BEFORE: revokedBefore } })
  }

  const base = () => `http://localhost:${port}`
  const token = (form: Record<string, string>) =>
    fetch(`${base()}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })

  beforeAll(async () => {
    port = await freePort()
    state = await mkdtemp(join(tmpdir(), 'medplum-mcp-'))
    sandbox = await startSandbox({ redirectUris: [`${base()}/oauth/callback`] })
    await deploy('')
    for (const one of before) {
      const client = await connect(one.way, base(), one.signIn)
      expect((await client.call('fhir-request', READ)).isError ?? false).toBe(false)
      one.session = client.sessionId ?? ''
      // The session is left open; a client that listens would sign in again by itself.
      await client.leave()
    }
    await deploy(new Date().toISOString())
  }, 120_000)

  afterAll(async () => {
    await worker?.stop()
    await sandbox?.close()
    await rm(state, { recursive: true, force: true })
  })

  test.each(before)('access tokens are refused, in a session or none: $way', async ({ signIn, session }) => {
    const response = await fetch(`${base()}/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${signIn.tokenSet?.access_token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(session !== '' && { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }),
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'fhir-request', arguments: READ },
      }),
    })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('invalid_token')
  })

  test.each(before)('tokens are not renewed: $way', async ({ signIn }) => {
    const client_id = signIn.clientInformation()?.client_id ?? ''
    const refresh_token = signIn.tokenSet?.refresh_token ?? ''
    const response = await token({ grant_type: 'refresh_token', refresh_token, client_id })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'invalid_grant' })
  })

  test.each(before)('the client asks the person to sign in, and that grant works: $way', async ({ way, signIn }) => {
    const client = await connect(way, base(), signIn)
    expect(signIn.times).toBe(2)
    expect((await client.call('fhir-request', READ)).isError ?? false).toBe(false)
    await client.close()
  })

  test('a moment in the future is refused, and says so', async () => {
    await expect(deploy('2999-01-01T00:00:00Z')).rejects.toThrow('REVOKED_BEFORE must not be in the future')
  }, 90_000)
})
