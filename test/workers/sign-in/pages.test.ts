// What anyone may read without signing in: the home page and its Markdown, the discovery documents, the small files.
import { describe, expect, test } from 'vitest'
import { VERSION } from '../../../src/base/version.ts'
import { assets } from '../../../src/web/site/assets.ts'
import { pages } from '../../../src/web/site/routes.tsx'
import { BROWSER, expectPageHeaders, get, under, unescaped } from '../world/browsing.ts'
import { deployment } from '../world/deployment.ts'
import { INITIALIZE, post, rpc } from '../world/mcp.ts'
import { signIn } from '../world/signing-in.ts'
import { ORIGIN, RESOURCE, send } from '../world/world.ts'

describe('the home page', () => {
  test('says what this is, that it is a preview, and the address, to browsers and to clients that accept anything', async () => {
    for (const accept of [BROWSER, '*/*', undefined]) {
      const response = await get('/', accept)
      expect(response.status).toBe(200)
      expectPageHeaders(response)
      expect(response.headers.get('vary')).toBe('Accept')
      const html = await response.text()
      expect(html).toMatch(/^<!doctype html><html lang="en">/)
      expect(html).toContain('synthetic, de-identified or test data only')
      expect(html).toContain('Not for protected health information (PHI); no uptime guarantee')
      expect(html).toContain(RESOURCE)
      expect(html).toContain('href="/connections"')
    }
  })

  test('has one-click links that Cursor and VS Code can read', async () => {
    const html = unescaped(await (await get('/', BROWSER)).text())
    const links = [...html.matchAll(/href="(https:[^"]+)"/g)].map(([, href]) => new URL(href ?? ''))
    const [cursor, code] = links
    expect(links).toHaveLength(2)
    expect(`${cursor?.origin}${cursor?.pathname}`).toBe('https://cursor.com/en/install-mcp')
    expect(cursor?.searchParams.get('name')).toBe('medplum')
    expect(JSON.parse(atob(cursor?.searchParams.get('config') ?? ''))).toEqual({ url: RESOURCE })
    expect(`${code?.origin}${code?.pathname}`).toBe('https://vscode.dev/redirect/mcp/install')
    expect(code?.searchParams.get('name')).toBe('medplum')
    expect(JSON.parse(code?.searchParams.get('config') ?? '')).toEqual({ type: 'http', url: RESOURCE })
  })

  test('runs its one script, and has no inline script', async () => {
    const response = await get('/', BROWSER)
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self';")
    const html = await response.text()
    expect(html.match(/<script\b[^>]*>/g)).toEqual(['<script src="/copy.js" defer="">'])
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/)
    expect((await get('/copy.js')).headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  })

  test.each(['default', 'directory'])('names the tools with TOOLS=%s, and no others', async (TOOLS) => {
    const { access } = await signIn()
    const { result } = await deployment({ TOOLS })(access, 'tools/list')
    const html = await (await under({ TOOLS }, '/', { headers: { accept: BROWSER } })).text()
    const tools = (result as unknown as { tools: { name: string }[] }).tools.map(({ name }) => name)
    const named = [...html.matchAll(/<dt><code>(.+?)<\/code><\/dt>/g)].map(([, name]) => name)
    expect(named.toSorted()).toEqual(tools.toSorted())
  })

  test('says that hosts elsewhere cannot reach an address of this computer, and only of such', async () => {
    const local = 'It works only on this computer'
    expect(await (await get('/', BROWSER)).text()).toContain(local)
    const origin = 'https://mcp.example.com'
    const response = await under({ PUBLIC_URL: origin }, '/', {}, origin)
    const html = await response.text()
    expect(html).toContain(`${origin}/mcp`)
    expect(html).not.toContain(local)
  })
})

describe('as Markdown', () => {
  test.each([
    ['text/markdown', true],
    ['text/markdown, text/html;q=0.9, */*;q=0.1', true],
    ['text/markdown, text/html, */*', true],
    ['TEXT/Markdown; charset=utf-8', true],
    ['text/html, text/markdown;q=0.5', false],
    ['text/markdown;q=0, */*', false],
    ['text/markdown;q=nonsense, text/html', false],
    ['text/markdownish', false],
    ['', false],
  ])('Accept: %s', async (accept, markdown) => {
    const response = await get('/', accept)
    expect(response.headers.get('content-type')).toBe(`text/${markdown ? 'markdown' : 'html'}; charset=utf-8`)
    expect(response.headers.get('vary')).toBe('Accept')
  })

  test('says what the page says', async () => {
    const markdown = await (await get('/', 'text/markdown')).text()
    const html = unescaped(await (await get('/', BROWSER)).text()).replace(/<[^>]+>/g, '')
    const plain = markdown
      .replace(/^```.*$/gm, '')
      .replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')
      .replace(/^(#+|>|-|\d\.) /gm, '')
      .replace(/[`*]/g, '')
    const sentences = plain.split('\n').filter((line) => line !== '')
    expect(sentences.length).toBeGreaterThan(25)
    for (const sentence of sentences) for (const part of sentence.split(': ')) expect(html).toContain(part)
  })

  test('has absolute links only, each well formed', async () => {
    const markdown = await (await get('/', 'text/markdown')).text()
    const links = [...markdown.matchAll(/\]\(([^)]*)\)/g)].map(([, href]) => new URL(href ?? ''))
    expect(links.map(({ host }) => host)).toEqual([
      'cursor.com',
      'vscode.dev',
      new URL(ORIGIN).host,
      new URL(ORIGIN).host,
      new URL(ORIGIN).host,
    ])
  })

  test('also at /llms.txt, as text that a browser displays', async () => {
    const response = await get('/llms.txt')
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await response.text()).toBe(await (await get('/', 'text/markdown')).text())
  })
})

describe('discovery before anyone connects', () => {
  test('the server card needs no token, and any origin may read it', async () => {
    for (const origin of [undefined, 'https://anyone.example']) {
      const response = await get('/mcp/server-card', undefined, { headers: { ...(origin && { origin }) } })
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('application/mcp-server-card+json')
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
      expect(response.headers.get('cache-control')).toBe('public, max-age=3600')
    }
    const preflight = await get('/mcp/server-card', undefined, { method: 'OPTIONS' })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET')
  })

  test('the card has the form of the draft, and never lists tools', async () => {
    const card = (await (await get('/mcp/server-card')).json()) as Record<string, unknown>
    expect(card.$schema).toBe('https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json')
    expect(card.name).toBe('localhost/medplum-mcp')
    expect(card.remotes).toEqual([{ type: 'streamable-http', url: RESOURCE }])
    expect(String(card.description).length).toBeLessThanOrEqual(100)
    expect(card).not.toHaveProperty('tools')
    const origin = 'https://mcp.example.com'
    const other = await (await under({ PUBLIC_URL: origin }, '/mcp/server-card', {}, origin)).json()
    expect(other).toMatchObject({ name: 'com.example.mcp/medplum-mcp', remotes: [{ url: `${origin}/mcp` }] })
  })

  test('the card says what the server says of itself', async () => {
    const { title, version, description, websiteUrl, icons } = (await (await get('/mcp/server-card')).json()) as Record<
      string,
      string
    >
    const { result } = await rpc(await post((await signIn()).access, INITIALIZE))
    expect(result?.serverInfo).toMatchObject({ name: 'medplum-mcp', title, version, description, websiteUrl, icons })
  })

  test.each(['/.well-known/ai-catalog.json', '/.well-known/mcp/catalog.json'])('%s leads to the card', async (path) => {
    const response = await get(path)
    expect(response.headers.get('content-type')).toBe('application/ai-catalog+json')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    const { specVersion, entries } = (await response.json()) as { specVersion: string; entries: { url: string }[] }
    expect(specVersion).toBe('1.0')
    expect(entries).toEqual([
      {
        identifier: 'urn:air:localhost:mcp:medplum-mcp',
        displayName: 'Medplum',
        type: 'application/mcp-server-card+json',
        url: `${ORIGIN}/mcp/server-card`,
      },
    ])
    expect((await send(entries[0]?.url ?? '')).status).toBe(200)
  })

  test('everything else below /mcp still needs a token', async () => {
    for (const path of ['/mcp', '/mcp/server-cards', '/mcp/server-card/x', '/mcp/stream']) {
      expect((await get(path)).status).toBe(401)
    }
  })
})

describe('small files', () => {
  test('crawlers are kept to the home page', async () => {
    const response = await get('/robots.txt')
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await response.text()).toBe('User-agent: *\nAllow: /$\nDisallow: /\n')
  })

  test.each(['/favicon.svg', '/favicon.ico'])('%s is the mark', async (path) => {
    const response = await get(path)
    expect(response.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    const svg = await response.text()
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/)
    expect(svg).not.toMatch(/script|href|url\(/)
  })

  test('/health asks no other server and is not cached', async () => {
    const response = await under({ MEDPLUM_BASE_URL: 'https://unreachable.invalid/' }, '/health')
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toEqual({ status: 'ok', version: VERSION })
  })
})

const READABLE = [...pages.routes, ...assets.routes].filter(({ method }) => method === 'GET').map(({ path }) => path)

test('all of them are known', () => {
  expect(READABLE).toEqual(expect.arrayContaining(['/', '/privacy', '/style.css', '/mcp/server-card']))
})

test.each(READABLE)('%s answers HEAD like GET, and other methods with 405', async (path) => {
  const [full, head] = [await get(path), await get(path, undefined, { method: 'HEAD' })]
  expect(full.status).toBe(200)
  expect(head.status).toBe(200)
  expect((await full.text()).length).toBeGreaterThan(0)
  expect(await head.text()).toBe('')
  for (const name of ['content-type', 'cache-control', 'content-security-policy', 'vary']) {
    expect(head.headers.get(name)).toBe(full.headers.get(name))
  }
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const response = await get(path, undefined, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toMatch(/^GET, HEAD(, OPTIONS)?$/)
    await response.text()
  }
})
