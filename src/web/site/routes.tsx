// What anyone may read without signing in: the home page in two forms, the discovery documents, the health check.
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import { VERSION } from '../../base/version.ts'
import type { Bindings } from '../../config/settings.ts'
import { settingsAt } from '../../config/tenants.ts'
import { weight } from '../shared/accept.ts'
import { methodNotAllowed } from '../shared/error-pages.tsx'
import { pageResponse, setPageHeaders } from '../shared/layout.tsx'
import { CARD_PATH, CATALOG_PATHS, catalog, DISCOVERY_HEADERS, serverCard } from './discovery.ts'
import { type Guide, guideOf } from './guide.ts'
import { Home } from './home.tsx'
import { markdownOf } from './markdown.ts'
import { Privacy } from './privacy.tsx'

type Ctx = Context<{ Bindings: Bindings }>

export const pages = new Hono<{ Bindings: Bindings }>()
  .get('/', home)
  .all('/', methodNotAllowed('GET, HEAD'))
  .get('/privacy', (c) => pageResponse(<Privacy settings={settingsAt(c.env, c.req.path)} />))
  .all('/privacy', methodNotAllowed('GET, HEAD'))
  .get('/llms.txt', (c) => markdown(c, 'text/plain'))
  .all('/llms.txt', methodNotAllowed('GET, HEAD'))
  .get('/health', (c) => c.json({ status: 'ok', version: VERSION }, 200, { 'cache-control': 'no-store' }))
  .all('/health', methodNotAllowed('GET, HEAD'))

for (const path of [CARD_PATH, ...CATALOG_PATHS]) {
  const document = path === CARD_PATH ? serverCard : catalog
  pages
    .get(path, (c) => document(settingsAt(c.env, c.req.path)))
    .options(path, (c) => c.body(null, 204, DISCOVERY_HEADERS))
    .all(path, methodNotAllowed('GET, HEAD, OPTIONS'))
}

function guideAt(c: Ctx): Guide {
  return guideOf(settingsAt(c.env, c.req.path), c.env.LOADER !== undefined)
}

function home(c: Ctx): Response {
  const accept = c.req.header('accept')
  const wanted = weight(accept, 'text/markdown')
  const response =
    wanted > 0 && wanted >= weight(accept, 'text/html')
      ? markdown(c, 'text/markdown')
      : pageResponse(<Home guide={guideAt(c)} />, { script: true })
  response.headers.set('vary', 'Accept')
  return response
}

function markdown(c: Ctx, type: string): Response {
  const headers = new Headers()
  setPageHeaders(headers)
  headers.set('content-type', `${type}; charset=utf-8`)
  return new Response(markdownOf(guideAt(c), settingsAt(c.env, c.req.path).publicUrl.origin), { headers })
}
