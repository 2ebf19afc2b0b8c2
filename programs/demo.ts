/** `npm run demo`: starts a sandbox and a Worker, on which real MCP clients sign in and work with a Task, over each transport. */

import { parseArgs } from 'node:util'
import { SANDBOX_USERS } from '../sandbox/core/people.ts'
import { startSandbox } from '../sandbox/server.ts'
import { SANDBOX_CLIENT_ID } from '../sandbox/world.ts'
import { type ConnectedClient, connect, SignIn, textOf, WAYS, type Way } from './clients.ts'
import { freePort, startWorker } from './worker.ts'

const { values } = parseArgs({ options: { verbose: { type: 'boolean', default: false } } })

const port = await freePort()
const sandbox = await startSandbox({ redirectUris: [`http://localhost:${port}/oauth/callback`] })
const worker = await startWorker({
  port,
  vars: { MEDPLUM_BASE_URL: sandbox.baseUrl, MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID },
  onOutput: (text) => values.verbose && process.stderr.write(text),
})
let failures = 0
try {
  say(`Medplum sandbox at ${sandbox.baseUrl}, MCP server at ${worker.url}/mcp\n`)
  for (const way of Object.keys(WAYS) as Way[]) {
    say(`${way}`)
    try {
      await task(way)
    } catch (error) {
      failures++
      say(`  FAILED: ${error instanceof Error ? error.message : error}`)
    }
    say('')
  }
} finally {
  await worker.stop()
  await sandbox.close()
}
say(failures === 0 ? 'Everything worked.' : `${failures} of ${Object.keys(WAYS).length} transports failed.`)
process.exitCode = failures === 0 ? 0 : 1

/** The life of a Task: created, read, completed, found by search. */
async function task(way: Way): Promise<void> {
  const { alice } = SANDBOX_USERS
  const signIn = new SignIn(alice)
  const client = await connect(way, worker.url, signIn)
  say(`  signed in as ${alice.email} through ${new Set(signIn.person.visited).size} pages; protocol ${client.protocol}`)
  say(`  tools: ${(await client.toolNames()).join(', ')}`)

  const created = await request(client, 'POST', 'Task', {
    resourceType: 'Task',
    status: 'requested',
    intent: 'order',
    description: `Call the patient about the new appointment (${way})`,
  })
  say(`  created Task/${created.id} (${created.status})`)
  const read = await request(client, 'GET', `Task/${created.id}`)
  say(`  read it: "${read.description}"`)
  const completed = await request(client, 'PATCH', `Task/${created.id}`, [
    { op: 'replace', path: '/status', value: 'completed' },
  ])
  say(`  completed it: ${completed.status}`)
  const found = await request(client, 'GET', `Task?_id=${created.id}&status=completed`)
  const entries = found.entry as { resource: { id: string } }[] | undefined
  if (!entries || entries[0]?.resource.id !== created.id) throw new Error('The completed Task was not found by search')
  say(`  found it by search: ${entries.length} completed Task`)

  const refused = await client.call('fhir-request', { method: 'GET', path: '../../auth/me' })
  if (!refused.isError) throw new Error('A path outside the FHIR base was not refused')
  say(`  a path outside the FHIR base: ${textOf(refused).split('\n')[0]}`)
  await client.close()
  say('  disconnected')
}

async function request(client: ConnectedClient, method: string, path: string, body?: unknown) {
  const result = await client.call('fhir-request', {
    method,
    path,
    format: 'json',
    ...(body !== undefined && { body }),
  })
  const text = textOf(result)
  if (result.isError) throw new Error(text)
  return JSON.parse(text) as Record<string, unknown>
}

function say(line: string): void {
  console.log(line)
}
