// The environment for tests of setup: a sandbox as Medplum and a fake Cloudflare, both reset before each test.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest'
import { SANDBOX_PASSWORD } from '../../sandbox/core/people.ts'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'

import { signIn } from '../../scripts/setup/medplum.ts'
import { setup, type Wishes } from '../../scripts/setup/setup.ts'
import { startCloudflare, TOKEN } from './cloudflare.ts'

export const ADDRESS = 'https://medplum-mcp.clinic.workers.dev'
export const NAMESPACE = 'medplum-mcp-oauth-kv'

export const person = (email: string, password = SANDBOX_PASSWORD) => ({ kind: 'person' as const, email, password })

class Ground {
  sandbox!: Sandbox
  cloudflare!: Awaited<ReturnType<typeof startCloudflare>>
  /** Empty at first. */
  folder = ''
  said: string[] = []

  /** Path of deployment.json. */
  get file(): string {
    return join(this.folder, 'deployment.json')
  }

  get deployment() {
    return JSON.parse(readFileSync(this.file, 'utf8'))
  }

  run(wishes: Partial<Wishes> = {}): Promise<boolean> {
    return setup({
      medplumUrl: this.sandbox.baseUrl,
      credentials: person('ada@example.com'),
      name: 'medplum-mcp',
      dryRun: false,
      file: this.file,
      say: (line) => this.said.push(line),
      check: async (address) => [{ check: 'asked', ok: true, found: address }],
      ...wishes,
    })
  }

  /** Writes at Cloudflare and at Medplum so far, other than logins. */
  async changes(): Promise<string[]> {
    return [...this.cloudflare.changes, ...(await this.medplumChanges())]
  }

  async medplumChanges(): Promise<string[]> {
    const { requests } = await (await this.control('log')).json()
    return (requests as { method: string; path: string }[])
      .filter(({ method, path }) => method !== 'GET' && !/^\/(auth|oauth2|_sandbox)\//.test(path))
      .map(({ method, path }) => `${method} ${path}`)
  }

  /** Calls one of the sandbox's test controls. */
  control(path: string, method = 'GET', body?: unknown): Promise<Response> {
    return fetch(`${this.sandbox.baseUrl}_sandbox/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }

  /** The ClientApplication as it is, after the change if there is one. */
  async client(id: string, change?: (client: Record<string, unknown>) => void): Promise<Record<string, unknown>> {
    const { accessToken } = await signIn(this.sandbox.baseUrl, person('ada@example.com'))
    const url = `${this.sandbox.baseUrl}fhir/R4/ClientApplication/${id}`
    const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/fhir+json' }
    const client = (await (await fetch(url, { headers })).json()) as Record<string, unknown>
    if (!change) return client
    change(client)
    const saved = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(client) })
    expect(saved.status).toBe(200)
    return client
  }
}

/** Starts and stops with the tests of the file that calls it. */
export function groundOfTests(): Ground {
  const ground = new Ground()
  beforeAll(async () => {
    ground.sandbox = await startSandbox({ control: true })
  })
  beforeEach(async () => {
    await ground.control('reset', 'POST')
    ground.cloudflare = await startCloudflare()
    ground.folder = mkdtempSync(join(tmpdir(), 'medplum-mcp-setup-'))
    ground.said = []
    vi.stubEnv('CLOUDFLARE_API_BASE_URL', ground.cloudflare.url)
    vi.stubEnv('CLOUDFLARE_API_TOKEN', TOKEN)
    vi.stubEnv('CLOUDFLARE_ACCOUNT_ID', undefined)
    vi.stubEnv('XDG_CONFIG_HOME', ground.folder)
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    rmSync(ground.folder, { recursive: true, force: true })
    await ground.cloudflare.close()
  })
  afterAll(() => ground.sandbox.close())
  return ground
}
