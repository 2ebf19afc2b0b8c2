// README.md against the code: tools, arguments, how clients are connected, how many were tried.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Bindings, parseSettings } from '../../../src/config/settings.ts'
import { guideOf } from '../../../src/web/site/guide.ts'

const readme = readFileSync('README.md', 'utf8')

const LOCAL = {
  PUBLIC_URL: 'http://localhost:8790',
  MEDPLUM_BASE_URL: 'http://localhost:8103/',
  MEDPLUM_CLIENT_ID: 'client',
} as Bindings

test.each(['default', 'directory'] as const)('README.md names each tool of TOOLS=%s', (TOOLS) => {
  const { tools } = guideOf(parseSettings({ ...LOCAL, TOOLS }), true)
  expect(tools.map(([name]) => name).filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
})

test('README.md adds the local server to clients as its home page does', () => {
  const { buttons, clients } = guideOf(parseSettings(LOCAL), true)
  for (const { label, href } of buttons) expect(readme).toContain(`[${label}](${href})`)
  for (const { name, command } of clients) {
    // Clients that connect only to local servers need no row in the README's table.
    if (!name.startsWith('Clients that'))
      expect(readme).toContain(command ? `| ${name} | \`${command}\`` : `| ${name.split(' ')[0]} `)
  }
})

test('README.md explains each argument of fhir-request', () => {
  const { inputSchema } = JSON.parse(readFileSync('test/workers/surface/__toolsnaps__/fhir-request.json', 'utf8')) as {
    inputSchema: { properties: object }
  }
  const table = /^\| argument of `fhir-request` .*\n(?:\|.*\n)+/m.exec(readme)?.[0] ?? ''
  const names = Object.keys(inputSchema.properties)
  expect(names.filter((name) => !table.includes(`\`${name}\``))).toEqual([])
  const told = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) => cell.match(/\w+/g) ?? [])
  expect(told.filter((name) => !names.includes(name))).toEqual([])
})

/** The rows of those that were tried, of a document that a run writes. */
function triedIn(document: string): number {
  const rows = readFileSync(document, 'utf8').match(/^\| (?!client|host)\w.*$/gm) ?? []
  return rows.filter((row) => !row.includes('not tested')).length
}

test('README.md says how many clients and hosts were tried', () => {
  const [, clients] = /Tested with (\d+) third-party clients/.exec(readme) ?? []
  const [, hosts = ''] = /and (\w+) host applications/.exec(readme) ?? []
  expect(Number(clients)).toBe(triedIn('docs/clients.md'))
  const numbers = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten']
  expect(hosts).toBe(numbers[triedIn('docs/hosts.md')])
})

test('every adapter of a client is played', () => {
  const adapters = readdirSync('test/clients').filter(
    (name) => name.endsWith('.ts') && readFileSync(`test/clients/${name}`, 'utf8').includes('export const adapters'),
  )
  const main = readFileSync('test/clients/main.ts', 'utf8')
  expect(adapters.length).toBeGreaterThan(5)
  expect(adapters.filter((name) => !main.includes(`'${name.replace('.ts', '')}'`))).toEqual([])
})
