// Faults of a deployment, and what the doctor says about each.
import type { Fault, Passing } from './planting.ts'

const SERVER = '/.well-known/oauth-authorization-server'
const RESOURCE = '/.well-known/oauth-protected-resource/mcp'

/** Changes a JSON document in an answer. */
function document(path: string, change: Record<string, unknown>): Fault {
  return {
    answer: (passing) => {
      if (passing.path === path) passing.text = JSON.stringify({ ...JSON.parse(passing.text), ...change })
    },
  }
}

/** Changes the answers of all addresses with this prefix. */
export function answering(path: string, change: (passing: Passing) => void): Fault {
  return { answer: (passing) => passing.path.startsWith(path) && change(passing) }
}

function login(change: (url: URL) => void): Fault {
  return answering('/authorize', (passing) => {
    const [, address = ''] = /content="0; url=([^"]*oauth2\/authorize[^"]*)"/.exec(passing.text) ?? []
    if (address === '') return
    const url = new URL(address.replaceAll('&amp;', '&'))
    change(url)
    passing.text = passing.text.replaceAll(address, url.href.replaceAll('&', '&amp;'))
  })
}

/** What is wrong, the check that finds it, the fix, and the path of the endpoint that is examined. */
export const FAULTS: [string, string, RegExp, Fault, path?: string][] = [
  [
    'a setting is missing',
    'health',
    /Correct that setting/,
    answering('/health', (it) =>
      Object.assign(it, { status: 503, text: 'This server is not configured: Setting PUBLIC_URL is missing' }),
    ),
  ],
  [
    'PUBLIC_URL is another address',
    'health',
    /Set PUBLIC_URL/,
    answering('/health', (it) => Object.assign(it, { status: 403 })),
  ],
  [
    'another Worker answers',
    'health',
    /npm run setup/,
    answering('/health', (it) => Object.assign(it, { text: 'hello' })),
  ],
  [
    'a login stands in front of /mcp',
    'unauthenticated',
    /Cloudflare Access/,
    answering('/mcp', (it) => Object.assign(it, { status: 302 })),
  ],
  [
    'the challenge is stripped',
    'challenge',
    /where to sign in/,
    answering('/mcp', (it) => it.headers.delete('www-authenticate')),
  ],
  [
    'the challenge names another address',
    'challenge',
    /PUBLIC_URL/,
    answering('/mcp', (it) => it.headers.set('www-authenticate', 'Bearer resource_metadata="https://other.example/x"')),
  ],
  [
    'the resource is another',
    'resource-metadata',
    /PUBLIC_URL/,
    document(RESOURCE, { resource: 'https://other.example/mcp' }),
  ],
  [
    'the resource is another, at a tenant',
    'resource-metadata',
    /PUBLIC_URL/,
    document('/.well-known/oauth-protected-resource/t/north/mcp', { resource: 'https://other.example/mcp' }),
    '/t/north',
  ],
  [
    'the challenge is stripped, at a tenant',
    'challenge',
    /where to sign in/,
    answering('/t/north/mcp', (it) => it.headers.delete('www-authenticate')),
    '/t/north/mcp',
  ],
  [
    'the resource document is away',
    'resource-metadata',
    /PUBLIC_URL/,
    answering(RESOURCE, (it) => Object.assign(it, { status: 404 })),
  ],
  [
    'the authorization server is another',
    'authorization-servers',
    /PUBLIC_URL/,
    document(RESOURCE, { authorization_servers: ['https://other.example'] }),
  ],
  ['the issuer is another', 'issuer', /RFC 8414/, document(SERVER, { issuer: 'https://other.example' })],
  [
    'the token endpoint is elsewhere',
    'endpoints',
    /PUBLIC_URL/,
    document(SERVER, { token_endpoint: 'https://other.example/token' }),
  ],
  [
    'PKCE plain is offered',
    'pkce',
    /offers only S256/,
    document(SERVER, { code_challenge_methods_supported: ['S256', 'plain'] }),
  ],
  [
    'registration is not offered',
    'registration',
    /register themselves/,
    document(SERVER, { registration_endpoint: undefined }),
  ],
  [
    'the Host is rewritten',
    'host',
    /DNS rebinding/,
    {
      request: (headers, _path, target) => {
        headers.host = `localhost:${target}`
      },
    },
  ],
  [
    'the Origin is stripped',
    'foreign-origin',
    /ALLOWED_ORIGINS/,
    {
      request: (headers) => {
        delete headers.origin
      },
    },
  ],
  [
    'its own origin is refused',
    'own-origin',
    /PUBLIC_URL/,
    {
      request: (headers, path) => {
        if (path === '/mcp' && headers.origin?.includes('localhost')) headers.origin = 'https://other.example'
      },
    },
  ],
  [
    'the notice is gone',
    'preview-notice',
    /before they connect/,
    answering('/', (it) => {
      it.text = it.text.replace(/preview/gi, 'product')
    }),
  ],
  [
    'registration fails',
    'register',
    /OAUTH_KV/,
    answering('/oauth/register', (it) => Object.assign(it, { status: 500, text: 'no' })),
  ],
  [
    'the consent page may be framed',
    'consent',
    /changes its headers/,
    answering('/authorize', (it) => it.headers.delete('content-security-policy')),
  ],
  ['cookies are dropped', 'medplum', /drop cookies/, answering('/authorize', (it) => it.headers.delete('set-cookie'))],
  [
    'the consent form is answered by a redirect',
    'way-to-login',
    /npm run deploy/,
    answering('/authorize', (it) => {
      const [, address] = /content="0; url=([^"]*)"/.exec(it.text) ?? []
      if (address === undefined) return
      it.status = 302
      it.headers.set('location', address.replaceAll('&amp;', '&'))
    }),
  ],
  [
    'the callback is of another address',
    'callback',
    /PUBLIC_URL/,
    login((url) => url.searchParams.set('redirect_uri', 'http://127.0.0.1:8790/oauth/callback')),
  ],
  [
    'the client lacks the redirect URI',
    'medplum',
    /Add the redirect URI/,
    login((url) => url.searchParams.set('redirect_uri', 'https://other.example/oauth/callback')),
  ],
  [
    'there is no such client',
    'medplum',
    /MEDPLUM_CLIENT_ID/,
    login((url) => url.searchParams.set('client_id', '5a9d0000-0000-4000-8000-00000000ffff')),
  ],
  [
    'Medplum is away',
    'medplum',
    /that the Medplum server is running/,
    login((url) => {
      url.port = '1'
    }),
  ],
]
