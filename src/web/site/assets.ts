// The files of the pages, and those that browsers and crawlers request by themselves. They say nothing about a deployment and are served
// under any host name, so that even the page that refuses a host has its style.

import { Hono } from 'hono/tiny'
import { ICON_PATH } from '../../base/version.ts'
import type { Bindings } from '../../config/settings.ts'
import { methodNotAllowed } from '../shared/error-pages.tsx'
import { STYLE, STYLE_PATH } from '../shared/style.ts'

export const COPY_SCRIPT_PATH = '/copy.js'

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#5b3cc4"/><path d="M13 9v14M6 16h14m6 0h0" stroke="#fff" stroke-width="4" stroke-linecap="round"/></svg>'

/** Adds copy buttons; the page itself has none, because they would do nothing without a script. */
const COPY_SCRIPT = `const said = document.body.appendChild(document.createElement('p'))
said.className = 'said'
said.role = 'status'
for (const box of document.querySelectorAll('.copy')) {
  const text = box.firstElementChild
  const button = box.appendChild(document.createElement('button'))
  button.type = 'button'
  button.textContent = 'Copy'
  button.ariaLabel = 'Copy ' + text.textContent
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(text.textContent)
      said.textContent = button.textContent = 'Copied'
    } catch {
      getSelection().selectAllChildren(text)
      said.textContent = button.textContent = 'Selected'
    }
    setTimeout(() => { said.textContent = ''; button.textContent = 'Copy' }, 2000)
  }
}
`

const FILES: Record<string, [type: string, body: string]> = {
  [STYLE_PATH]: ['text/css', STYLE],
  [COPY_SCRIPT_PATH]: ['text/javascript', COPY_SCRIPT],
  [ICON_PATH]: ['image/svg+xml', ICON],
  '/favicon.ico': ['image/svg+xml', ICON],
  '/robots.txt': ['text/plain', 'User-agent: *\nAllow: /$\nDisallow: /\n'],
}

export const assets = new Hono<{ Bindings: Bindings }>()
for (const [path, [type, body]] of Object.entries(FILES)) {
  assets.get(path, (c) =>
    c.body(body, 200, {
      'content-type': `${type}; charset=utf-8`,
      'cache-control': 'max-age=3600',
      'x-content-type-options': 'nosniff',
    }),
  )
  assets.all(path, methodNotAllowed('GET, HEAD'))
}
