// Checks that the deployment can be reached: its address, DNS name, TLS, /health, and tenant.
import { lookup } from 'node:dns/promises'
import { isLoopback } from '../../src/base/loopback.ts'
import { type Answer, ask } from './ask.ts'
import type { Endpoint } from './endpoint.ts'
import { brief, type Finding, fault, healthy, verdict } from './finding.ts'

export async function checkReach(endpoint: Endpoint): Promise<Finding[]> {
  const origin = new URL(endpoint.origin)
  if (origin.protocol !== 'https:' && !isLoopback(origin.hostname))
    return [
      fault(
        'tls',
        `${origin.origin} is not https`,
        'Use the https address; clients refuse plain http except on this machine.',
      ),
    ]
  const { hostname } = origin
  try {
    await lookup(hostname.replace(/^\[|\]$/g, ''))
  } catch {
    return [
      fault(
        'dns',
        `${hostname} has no address in the DNS`,
        'Check the spelling. A workers.dev name appears a minute after the first deploy; a custom domain must be added to the Worker (Settings, Domains & Routes).',
      ),
    ]
  }
  const found = [healthy('dns', `${hostname} resolves`)]
  let answer: Answer
  try {
    answer = await ask(new URL('/health', origin))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return [...found, TLS_CODES.test(code ?? '') ? certificateFault(code ?? '') : unreached(code ?? message)]
  }
  if (origin.protocol === 'https:') found.push(healthy('tls', 'the certificate is valid'))
  return [...found, healthOf(answer), ...(await tenantOf(endpoint))]
}

/** Node's error codes for a failed handshake and an invalid certificate. */
const TLS_CODES = /CERT|SSL|TLS|SELF_SIGNED|ALTNAME|HOSTNAME_MISMATCH|UNABLE_TO_VERIFY|EPROTO/

function certificateFault(code: string): Finding {
  return fault('tls', `no valid certificate is presented: ${code}`, certificateFix(code))
}

function certificateFix(code: string): string {
  if (/EXPIRED|NOT_YET_VALID/.test(code))
    return 'Renew it where it was issued; Cloudflare renews its own. If its dates are valid, correct the clock of this machine.'
  if (/ALTNAME|HOSTNAME_MISMATCH/.test(code))
    return 'Use the address in the certificate, or add the domain to the Worker (Settings, Domains & Routes).'
  if (/SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(code))
    return 'It comes from something other than Cloudflare. If that is the proxy of your own network, name its certificate in NODE_EXTRA_CA_CERTS and run this again. If it is the deployment, give it a certificate from a public authority: clients reject this one.'
  return 'Wait until Cloudflare has issued one (a few minutes after a domain is added), or check the domain in the dashboard.'
}

function unreached(words: string): Finding {
  return fault(
    'reach',
    `No answer: ${words}`,
    'Check that the Worker is deployed (npx wrangler deployments list) and that nothing between here and Cloudflare blocks it.',
  )
}

function healthOf({ status, json, text }: Answer): Finding {
  if (status === 200 && json.status === 'ok') return healthy('health', `version ${json.version}`)
  if (status === 503)
    return fault('health', brief(text), 'Correct that setting in deployment.json, and run npm run deploy.')
  if (status === 403)
    return fault(
      'health',
      brief(text),
      'Set PUBLIC_URL to the address in use and run npm run deploy, or use the address in PUBLIC_URL.',
    )
  return fault(
    'health',
    `/health answered ${status}`,
    'Another Worker or an old version answers here. Run npm run setup, which deploys this one.',
  )
}

async function tenantOf({ origin, tenant, root }: Endpoint): Promise<Finding[]> {
  if (tenant === undefined) return []
  const { status } = await ask(`${origin}${root}/health`)
  return [
    verdict('tenant', status === 200, {
      right: `there is a tenant ${tenant}`,
      wrong: `${root}/health answered ${status}: there is no tenant ${tenant}`,
      fix: 'Check the spelling, or add it to TENANTS in deployment.json (see docs/deploy.md) and run npm run deploy.',
    }),
  ]
}
