// Checks that other hosts and browser origins are refused, and the home page.
import { ask } from './ask.ts'
import type { Endpoint } from './endpoint.ts'
import { type Finding, verdict } from './finding.ts'

const FOREIGN = 'attacker.example'

export async function checkGuards({ origin, root, resource }: Endpoint): Promise<Finding[]> {
  const call = (from: string) =>
    ask(resource, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: from },
      body: '{}',
    })
  const [host, foreign, own, home] = await Promise.all([
    ask(`${origin}${root}/health`, { headers: { host: FOREIGN } }),
    call(`https://${FOREIGN}`),
    call(origin),
    ask(`${origin}${root || '/'}`, { headers: { accept: 'text/html' } }),
  ])
  // PUBLIC_URL is http only on loopback.
  const isLocal = origin.startsWith('http:')
  return [
    verdict('host', host.status >= 400 && host.status < 500, {
      right: 'another Host is refused',
      wrong: `a request for the host ${FOREIGN} gets ${host.status}`,
      fix: 'A proxy in front rewrites the Host header: pass it through unchanged, or DNS rebinding is possible.',
    }),
    isLocal
      ? verdict('foreign-origin', foreign.status === 403, {
          right: 'a foreign web page is refused',
          wrong: `a call from the origin https://${FOREIGN} gets ${foreign.status}, not 403`,
          fix: 'Remove the origin from ALLOWED_ORIGINS, or the rule that strips the Origin header.',
        })
      : verdict('foreign-origin', foreign.status === 403 || foreign.headers.has('access-control-allow-origin'), {
          right: foreign.status === 403 ? 'only web pages of ALLOWED_ORIGINS may call' : 'web pages may call',
          wrong: `a web page can't read the answer to its call, which has the status ${foreign.status}`,
          fix: 'Pass the headers Access-Control-* through unchanged.',
        }),
    verdict('own-origin', own.status === 401, {
      right: 'its own origin may ask',
      wrong: `a call from its own origin gets ${own.status}, not 401`,
      fix: `Set PUBLIC_URL to ${origin} and run npm run deploy.`,
    }),
    verdict('preview-notice', home.status === 200 && /preview/i.test(home.text) && /synthetic/i.test(home.text), {
      right: 'the home page says that this is a preview',
      wrong: 'the home page does not say that this is a preview for synthetic data',
      fix: 'Serve the home page of the Worker unchanged; people must see the notice before they connect.',
    }),
  ]
}
