// Checks discovery: the challenge, the resource's metadata (RFC 9728) and the authorization server's metadata (RFC 8414).
import { type Answer, ask } from './ask.ts'
import { type Endpoint, metadataUrlOf } from './endpoint.ts'
import { type Finding, healthy, verdict } from './finding.ts'

const PROXY_FIX =
  'Something in front of the Worker changes its answers: remove the rule (Cloudflare dashboard, Rules), or deploy again.'

export async function checkDiscovery(endpoint: Endpoint): Promise<Finding[]> {
  const { origin, resource } = endpoint
  const metadataUrl = metadataUrlOf(endpoint)
  const [refused, protectedResource, server] = await Promise.all([
    ask(resource, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
    ask(metadataUrl),
    ask(`${origin}/.well-known/oauth-authorization-server`),
  ])
  return [
    ...challenge(refused, metadataUrl),
    ...resourceMetadata(protectedResource, resource, origin),
    ...serverMetadata(server, origin),
  ]
}

function challenge({ status, headers }: Answer, metadataUrl: string): Finding[] {
  const header = headers.get('www-authenticate') ?? ''
  return [
    verdict('unauthenticated', status === 401, {
      right: 'a call without a token gets 401',
      wrong: `a call without a token gets ${status}, not 401`,
      fix: 'Remove whatever is in front of /mcp (Cloudflare Access, a WAF rule, a cache); the Worker itself asks for a token.',
    }),
    verdict('challenge', /^Bearer /i.test(header) && header.includes(`resource_metadata="${metadataUrl}"`), {
      right: 'the challenge names the resource metadata',
      wrong: header
        ? `the challenge does not name ${metadataUrl}: ${header}`
        : 'the 401 has no WWW-Authenticate header',
      fix: `Without it clients don't know where to sign in. Check PUBLIC_URL. ${PROXY_FIX}`,
    }),
  ]
}

function resourceMetadata({ status, json }: Answer, resource: string, issuer: string): Finding[] {
  const servers = Array.isArray(json.authorization_servers) ? json.authorization_servers : []
  return [
    verdict('resource-metadata', status === 200 && json.resource === resource, {
      right: `the resource is ${resource}`,
      wrong: status === 200 ? `the resource is ${json.resource}, not ${resource}` : `the document answered ${status}`,
      fix: `Clients refuse a resource with another address. Set PUBLIC_URL to ${issuer} and run npm run deploy.`,
    }),
    verdict('authorization-servers', servers.length === 1 && servers[0] === issuer, {
      right: 'the resource names its authorization server',
      wrong: `the resource names ${servers.join(', ') || 'no authorization server'}, not ${issuer}`,
      fix: `Set PUBLIC_URL to ${issuer} and run npm run deploy.`,
    }),
  ]
}

function serverMetadata({ status, json }: Answer, issuer: string): Finding[] {
  const methods = Array.isArray(json.code_challenge_methods_supported) ? json.code_challenge_methods_supported : []
  const endpoints = ['authorization_endpoint', 'token_endpoint'].filter(
    (name) => !String(json[name] ?? '').startsWith(`${issuer}/`),
  )
  return [
    verdict('issuer', status === 200 && json.issuer === issuer, {
      right: `the issuer is ${issuer}`,
      wrong: status === 200 ? `the issuer is ${json.issuer}, not ${issuer}` : `the document answered ${status}`,
      fix: `Clients refuse another issuer (RFC 8414 section 3.3). Set PUBLIC_URL to ${issuer} and run npm run deploy.`,
    }),
    verdict('endpoints', endpoints.length === 0, {
      right: 'the endpoints have this origin',
      wrong: `another origin: ${endpoints.join(', ')}`,
      fix: `Set PUBLIC_URL to ${issuer} and run npm run deploy. ${PROXY_FIX}`,
    }),
    verdict('pkce', methods.length === 1 && methods[0] === 'S256', {
      right: 'PKCE with S256 only',
      wrong: `PKCE methods: ${methods.join(', ') || 'none'}`,
      fix: `Deploy this version: it offers only S256. ${PROXY_FIX}`,
    }),
    verdict('registration', json.registration_endpoint === `${issuer}/oauth/register`, {
      right: 'dynamic client registration is offered',
      wrong: `the registration endpoint is ${json.registration_endpoint ?? 'not named'}`,
      fix: `Claude and Cursor register themselves there. ${PROXY_FIX}`,
    }),
    healthy(
      'cimd',
      json.client_id_metadata_document_supported === true
        ? 'client ID metadata documents are offered'
        : 'client ID metadata documents are not offered (CLIENT_DOCUMENTS): clients register themselves',
    ),
  ]
}
