/** The suite's authorization scenarios: the suite prints the address that a person opens, and waits to be called back. */

import { Person } from '../../programs/person.ts'
import { freePort } from '../../programs/worker.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'

import { runSuite, type SuiteRun } from './suite.ts'

/**
 * Registers a client, runs the scenarios, and signs in through the real pages when the suite asks for it.
 *
 * @param issuer origin of the server
 */
export async function runAuthorization(issuer: string, signal: AbortSignal): Promise<SuiteRun> {
  const port = await freePort()
  const redirectUri = `http://127.0.0.1:${port}/callback`
  const clientId = await register(issuer, redirectUri)
  let walk: Promise<void> | undefined
  const run = await runSuite(
    ['authorization', '--url', issuer, '--client-id', clientId, '--resource', `${issuer}/mcp`, '--port', String(port)],
    signal,
    (output) => {
      const address = /^(https?:\S+[?&]response_type=code\S*)\s/m.exec(output)?.[1]
      if (address) walk ??= signIn(address, redirectUri)
    },
  )
  await walk
  return run
}

/** Calls the suite back even if the authorization was refused: the suite then reports the failure better than an error here. */
async function signIn(address: string, redirectUri: string): Promise<void> {
  const callback = await new Person()
    .signIn(address, redirectUri, SANDBOX_USERS.alice)
    .catch(
      (error: Error) =>
        `${redirectUri}?${new URLSearchParams({ error: 'sign_in_failed', error_description: error.message })}`,
    )
  await fetch(callback)
}

/** Dynamic client registration (RFC 7591), found by the server's metadata (RFC 8414). */
async function register(issuer: string, redirectUri: string): Promise<string> {
  const metadata = await json(await fetch(`${issuer}/.well-known/oauth-authorization-server`))
  const client = await json(
    await fetch(String(metadata.registration_endpoint), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'Conformance suite',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      }),
    }),
  )
  return String(client.client_id)
}

async function json(response: Response): Promise<Record<string, unknown>> {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Record<string, unknown>
}
