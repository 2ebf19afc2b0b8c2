// docs/architecture.md against the code: the places that "How do I…" names, each stored key, and how long people are told that it lasts.
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { BROWSER_DAYS, MINUTES } from '../../../src/base/lives.ts'

const document = readFileSync('docs/architecture.md', 'utf8')
const sectionOf = (title: string) => document.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? ''
const section = sectionOf('What is stored where')

describe('How do I…', () => {
  const files = globSync('{src,test,scripts,sandbox,views,manual,evals,docs}/**/*.{ts,tsx,md,mjs}', {
    exclude: ['**/node_modules/**'],
  })
  const source = files.filter((file) => !file.endsWith('.md')).map((file) => readFileSync(file, 'utf8'))
  const words = [...sectionOf('How do I…').matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)

  test('names only files and folders that exist', () => {
    const paths = words.filter((word) => /^[\w.*<>/-]+(?:\.tsx?|\.md|\/)$/.test(word) && !word.includes('<'))
    expect(paths.length).toBeGreaterThan(100)
    const isThere = (path: string) => {
      const place = new RegExp(
        `(?:^|/)${path.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}${path.endsWith('/') ? '' : '$'}`,
      )
      return files.some((file) => place.test(file))
    }
    expect(paths.filter((path) => !['README.md', 'CHANGELOG.md'].includes(path) && !isThere(path))).toEqual([])
  })

  test('names only constants that exist', () => {
    const names = words.filter(
      (word) => /^[A-Z][A-Z_]{2,}$/.test(word) && !['README', 'POST', 'SCREENSHOTS'].includes(word),
    )
    expect(names.length).toBeGreaterThan(10)
    expect(names.filter((name) => !source.some((text) => text.includes(name)))).toEqual([])
  })
})
/** How long each key lasts, by place and key. */
const told = new Map<string, string>(
  [...section.matchAll(/^\| (\S.*?) *\| (.+?) *\|.*\| *(.*?) *\|$/gm)].flatMap(([, place = '', keys = '', life = '']) =>
    [...keys.matchAll(/`([^`]+)`/g)].map(([, key = '']) => [`${place.replaceAll('`', '')} ${key}`, life] as const),
  ),
)

/** A key is a text or a constant that holds one; a prefix has an id after it. */
const WRITES =
  /\b(OAUTH_KV|storage(?:\.kv)?|kv)\.put(?:<[\w[\]]+>)?\(\s*(?:'([\w:-]+)'|([A-Z_]+)|([\w#.]+))(?: *(\+))?/g

/** The keys that the code writes. `key` is one that was found before, or the OAuth library's on its way through `ConsistentKv`. */
function written(): string[] {
  return globSync('src/**/*.{ts,tsx}').flatMap((file) => {
    const source = readFileSync(file, 'utf8')
    const value = (name = '') => new RegExp(`const ${name} = '([^']+)'`).exec(source)?.[1]
    return [...source.matchAll(WRITES)].flatMap(([call, store, text, constant, other, isPrefix]) => {
      if (other === 'key') return []
      const key = text ?? value(constant)
      if (key === undefined)
        throw new Error(`${file}: ${call}…: name the key by a constant, so that it can be documented`)
      const place = store === 'OAUTH_KV' ? 'KV' : file.startsWith('src/mcp/session/') ? 'McpSession' : 'Grant'
      return `${place} ${key}${isPrefix ? '*' : ''}`
    })
  })
}

/** Written by the OAuth library. */
const OF_LIBRARY = ['KV client:*', 'KV grant:*', 'KV token:*', 'KV transaction:*']

test('has each key that is written, and no others', () => {
  const documented = [...told.keys()].filter((key) => /^(?:KV|Grant|McpSession) /.test(key) && !/ event$/.test(key))
  expect([...new Set([...written(), ...OF_LIBRARY])].toSorted()).toEqual(documented.toSorted())
})

const LIVES: Record<keyof typeof MINUTES, string[]> = {
  question: ['Grant burnt:*', 'Grant proposal:*'],
  signIn: ['KV transaction:*', 'the browser __Host-login-*', 'the browser __Host-consent-*', 'Grant medplum-tokens'],
  pages: ['KV session:*', 'the browser __Host-session'],
  stream: ['McpSession event'],
}

describe.each(Object.entries(LIVES))('%s', (name, keys) => {
  test.each(keys)('%s lasts as long as the code says', (key) => {
    expect(told.get(key)).toMatch(new RegExp(`\\b${MINUTES[name as keyof typeof MINUTES]} minutes\\b`))
  })
})

test('the mark of a browser lasts as long as the code says', () => {
  expect(told.get('the browser __Host-browser')).toBe(`${BROWSER_DAYS} days`)
})
