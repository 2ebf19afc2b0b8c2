// The documents against the code: the files, commands and sections that they name; settings, log events, columns, limits; and server.json
// against the registry's rules.
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { unstable_readConfig as readConfig } from 'wrangler'
import { DOCUMENTS, withTables } from '../../../scripts/docs.ts'
import { VERSION } from '../../../src/base/version.ts'
import { type Bindings, parseSettings } from '../../../src/config/settings.ts'
import { SETTINGS } from '../../../src/config/settings-docs.ts'
import { LIMIT_PERIOD_S } from '../../../src/mcp/server/pace.ts'

const operations = readFileSync('docs/operations.md', 'utf8')
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => readFileSync(`src/${name}`, 'utf8'))

describe('what documents name', () => {
  const files = globSync('**/*.*', { exclude: (name) => name === 'node_modules' || name === 'dist' })
  const documents = files.filter((name) => name.endsWith('.md'))
  const read = (name: string) => readFileSync(name, 'utf8')
  const { scripts } = JSON.parse(read('package.json')) as { scripts: object }
  /** Made by setup, or at another server. */
  const ELSEWHERE = ['deployment.json', 'wrangler.production.json', '.well-known/smart-styles.json']

  test.each(documents)('%s: files', (name) => {
    const named = [...read(name).matchAll(/`([\w./*-]+\.(?:tsx?|mjs|json|toml|md|css|html))`/g)].map(
      ([, file = '']) => file,
    )
    const isThere = (file: string) => {
      const pattern = new RegExp(`(?:^|/)${file.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`)
      return ELSEWHERE.includes(file) || files.some((one) => pattern.test(one))
    }
    expect(named.filter((file) => !isThere(file))).toEqual([])
  })

  test.each(documents)('%s: commands', (name) => {
    const named = [...read(name).matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script)
    expect(named.filter((script) => !Object.hasOwn(scripts, script))).toEqual([])
  })

  test.each(documents)('%s: links', (name) => {
    const links = [...read(name).matchAll(/\]\(([\w./-]*)(?:#([\w-]+))?\)/g)]
    const isThere = (file: string, section: string | undefined) => {
      const to = file === '' ? name : join(dirname(name), file)
      if (!files.includes(to)) return false
      const headings = read(to).matchAll(/^#+ (.*)$/gm)
      const slugs = [...headings].map(([, words = '']) =>
        words
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      )
      return section === undefined || slugs.includes(section)
    }
    expect(links.filter(([, file = '', section]) => !isThere(file, section)).map(([link]) => link)).toEqual([])
  })
})

describe('settings', () => {
  test.each(Object.entries(DOCUMENTS))('%s has the tables that the code makes', (name, tables) => {
    const text = readFileSync(name, 'utf8')
    expect(withTables(text, tables)).toBe(text)
  })

  test('a document without the markers is refused', () => {
    expect(() => withTables('# A document', { settings: () => '' })).toThrow('missing')
  })

  test('include all of wrangler.toml, and all others are secrets', () => {
    const vars = Object.keys(readConfig({ config: 'wrangler.toml' }).vars)
    const names = Object.entries(SETTINGS)
    expect(
      names
        .filter(([, { isSecret }]) => !isSecret)
        .map(([name]) => name)
        .sort(),
    ).toEqual(vars.sort())
  })

  test('include the secrets that the Worker knows', () => {
    const [, bindings = ''] =
      /interface Bindings extends Env \{([^}]*)\}/.exec(readFileSync('src/config/settings.ts', 'utf8')) ?? []
    const known = [...bindings.matchAll(/(\w+)\?: string/g)].map(([, name]) => name)
    const secrets = Object.entries(SETTINGS).filter(([, { isSecret }]) => isSecret)
    expect(secrets.map(([name]) => name).sort()).toEqual(known.sort())
  })

  test('each is read', () => {
    const read = ['settings', 'tenants'].map((name) => readFileSync(`src/config/${name}.ts`, 'utf8')).join('')
    expect(Object.keys(SETTINGS).filter((name) => !read.includes(`env.${name}`))).toEqual([])
  })

  test('defaults are the values in wrangler.toml', () => {
    const { vars } = readConfig({ config: 'wrangler.toml' })
    for (const [name, { unset }] of Object.entries(SETTINGS)) {
      const value = vars[name]
      if (value !== undefined && value !== '') expect(unset, name).toBe(`\`${value}\``)
      else expect(unset, name).not.toContain('`')
    }
  })

  test('that are not set are parsed as those of wrangler.toml', () => {
    const { vars } = readConfig({ config: 'wrangler.toml' })
    const required = Object.entries(SETTINGS).filter(
      ([name, { unset }]) => unset === 'required' || name === 'MEDPLUM_BASE_URL',
    )
    const example = { PUBLIC_URL: 'https://mcp.example.com', MEDPLUM_CLIENT_ID: 'client' }
    const given = { ...Object.fromEntries(required.map(([name]) => [name, vars[name]])), ...example }
    expect(parseSettings(given as unknown as Bindings)).toEqual(
      parseSettings({ ...vars, ...example } as unknown as Bindings),
    )
  })
})

test('docs/security.md has each rate limit, as wrangler.toml has it', () => {
  const security = readFileSync('docs/security.md', 'utf8')
  const told = [...security.matchAll(/^\| `(LIMIT_\w+)` .*\| (\d+) *\|$/gm)].map(([, name, limit]) => [
    name,
    Number(limit),
  ])
  const ratelimits: { name: string; simple: { limit: number; period: number } }[] = readConfig({
    config: 'wrangler.toml',
  }).ratelimits
  expect(told).toEqual(ratelimits.map(({ name, simple }) => [name, simple.limit]))
  for (const { simple } of ratelimits) expect(simple.period).toBe(LIMIT_PERIOD_S)
})

test('the table has each event of the log, and no others', () => {
  const written = new Set(sources.flatMap((text) => [...text.matchAll(/event: '([a-z_]+)'/g)].map(([, name]) => name)))
  const told = [...operations.matchAll(/^\| `([a-z_]+)` \| (?:log|warn|error)/gm)].map(([, name]) => name)
  expect(told.sort()).toEqual([...written].sort())
})

test('the queries ask for columns that the audit has', () => {
  const security = readFileSync('docs/security.md', 'utf8')
  const columns = new Map(
    [...security.matchAll(/^\| `(\w+)`\s+\|.*\| ((?:blob|double)\d+)\s*\|$/gm)].map(([, field, column]) => [
      column,
      field,
    ]),
  )
  const queries = operations.slice(operations.indexOf('```sql'), operations.lastIndexOf('```'))
  const asked = [...queries.matchAll(/\b((?:blob|double)\d+)(?: AS (\w+))?/g)]
  expect(asked.length).toBeGreaterThan(15)
  for (const [, column] of asked) expect(columns.has(column), column).toBe(true)
  // A column that is shown under the name of a field is that field.
  const fields = new Set(security.match(/^\| `\w+`/gm)?.map((cell) => cell.slice(3, -1)))
  for (const [, column, name] of asked) {
    if (name !== undefined && fields.has(name) && column !== 'blob2') expect(columns.get(column)).toBe(name)
  }
})

test('docs/security.md has each field of the audit, in the column where it is written', () => {
  const security = readFileSync('docs/security.md', 'utf8')
  const told = [...security.matchAll(/^\| `(\w+)`\s+\|.*\| ((?:blob|double)\d+)\s*\|$/gm)].map(([, ...row]) => row)
  const audit = readFileSync('src/audit/audit.ts', 'utf8')
  const written = [...audit.matchAll(/const (texts|numbers) = \[(.*)\]/g)].flatMap(([, kind, list = '']) =>
    list.split(', ').flatMap((fields, index) => {
      const column = `${kind === 'texts' ? 'blob' : 'double'}${index + 1}`
      return fields.split(' ?? ').map((field) => [field.replace('line.', ''), column])
    }),
  )
  expect(written.length).toBeGreaterThan(10)
  expect(told.sort()).toEqual(written.sort())
})

describe('server.json (MCP registry, schema of 2025-12-11)', () => {
  interface Entry {
    $schema: string
    name: string
    title: string
    description: string
    version: string
    remotes: { type: string; url: string; variables?: Record<string, object> }[]
  }
  const entry: Entry = JSON.parse(readFileSync('server.json', 'utf8'))

  test('has what the registry asks for, within its limits', () => {
    expect(entry.$schema).toBe('https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json')
    expect(entry.name).toMatch(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/)
    expect(entry.name.length).toBeLessThanOrEqual(200)
    expect(entry.title.length).toBeLessThanOrEqual(100)
    expect(entry.description.length).toBeLessThanOrEqual(100)
    expect(entry.version).toBe(VERSION)
  })

  test('every variable of an address is described', () => {
    for (const { type, url, variables = {} } of entry.remotes) {
      expect(type).toBe('streamable-http')
      expect([...url.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)).toEqual(Object.keys(variables))
    }
  })
})

test('the changelog begins with this version', () => {
  expect(readFileSync('CHANGELOG.md', 'utf8').match(/^## \[?(\d+\.\d+\.\d+)/m)?.[1]).toBe(VERSION)
})
