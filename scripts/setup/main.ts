// `npm run setup`: asks for everything that no flag gives, and deploys. Secrets come from the environment or a hidden prompt, never from
// a flag.
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { DEPLOYMENT_FILE, readDeployment } from './deployment.ts'
import type { Credentials } from './medplum.ts'
import { setup } from './setup.ts'
import { orStop, Stop } from './stop.ts'

const { values } = parseArgs({
  options: {
    'medplum-url': { type: 'string' },
    email: { type: 'string' },
    project: { type: 'string' },
    'admin-client': { type: 'string' },
    'client-id': { type: 'string' },
    'public-url': { type: 'string' },
    name: { type: 'string' },
    paid: { type: 'boolean' },
    file: { type: 'string', default: DEPLOYMENT_FILE },
    'dry-run': { type: 'boolean', default: false },
  },
})

/** @param instead the flag or environment variable that gives the same */
async function ask(question: string, instead: string, { fallback = '', hidden = false } = {}): Promise<string> {
  if (!process.stdin.isTTY) throw new Stop(`${question} is missing`, `Nobody can be asked here: give ${instead}.`)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: hidden ? silent : process.stdout, terminal: true })
  const words = `${question}${fallback ? ` [${fallback}]` : ''}: `
  if (hidden) process.stdout.write(words)
  const answer = (await lines.question(words)).trim()
  lines.close()
  if (hidden) process.stdout.write('\n')
  return answer || fallback
}

async function credentials(): Promise<Credentials> {
  const clientId = values['admin-client']
  if (clientId) {
    const clientSecret =
      process.env.MEDPLUM_ADMIN_SECRET ?? (await ask('Client secret', 'MEDPLUM_ADMIN_SECRET', { hidden: true }))
    return { kind: 'client', clientId, clientSecret }
  }
  const email = values.email ?? (await ask('E-mail address of a project administrator', '--email or --admin-client'))
  const password = process.env.MEDPLUM_PASSWORD ?? (await ask('Password', 'MEDPLUM_PASSWORD', { hidden: true }))
  return { kind: 'person', email, password, project: values.project }
}

await orStop(async () => {
  const before = readDeployment(values.file)
  const medplumUrl =
    values['medplum-url'] ??
    before?.vars.MEDPLUM_BASE_URL ??
    (await ask('Medplum base URL', '--medplum-url', { fallback: 'https://api.medplum.com/' }))
  const healthy = await setup({
    medplumUrl,
    credentials: await credentials(),
    name: values.name ?? before?.name ?? 'medplum-mcp',
    publicUrl: values['public-url'],
    paid: values.paid,
    clientId: values['client-id'],
    dryRun: values['dry-run'],
    file: values.file,
    say: (line) => console.log(line),
  })
  if (!healthy) process.exitCode = 1
})
