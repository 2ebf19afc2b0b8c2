/** `npm start`: the server on the embedded sandbox, ready to be added to a client. */
import { startSandbox } from './server.ts'
import { startWorker } from './worker.ts'
import { roleOf, SANDBOX_CLIENT_ID, SANDBOX_USERS } from './world.ts'

const SANDBOX_PORT = 8103
const WORKER_PORT = 8787

// What wrangler prints while it starts says nothing to a newcomer; a failed start prints it all.
let started = false
const sandbox = await startSandbox({ port: SANDBOX_PORT }).catch((error: NodeJS.ErrnoException) => {
  const taken = error.code === 'EADDRINUSE'
  console.error(
    taken
      ? `Port ${SANDBOX_PORT} is taken: stop what listens there, such as another \`npm start\` or a Medplum.`
      : error,
  )
  process.exit(1)
})
const worker = await startWorker({
  port: WORKER_PORT,
  vars: { MEDPLUM_BASE_URL: sandbox.baseUrl, MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID },
  onOutput: (text) => started && process.stderr.write(text),
})
started = true
const url = `${worker.url}/mcp`

console.log(`
Medplum MCP is running on the embedded sandbox (synthetic patients only).

  MCP URL      ${url}
  Home page    ${worker.url}/
  Medplum      ${sandbox.baseUrl} (sandbox)

Sign in with one of these (password ${SANDBOX_USERS.alice.password}):
${Object.values(SANDBOX_USERS)
  .map((user) => `  ${user.email.padEnd(20)} ${roleOf(user)}`)
  .join('\n')}

Add it to a client:
  Claude Code  claude mcp add --transport http medplum ${url}
  VS Code      code --add-mcp '${JSON.stringify({ name: 'medplum', type: 'http', url })}'
  Inspector    npx @modelcontextprotocol/inspector --cli ${url} --transport http --method tools/list

Stop with Ctrl+C.
`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await worker.stop()
    await sandbox.close()
    process.exit(0)
  })
}
