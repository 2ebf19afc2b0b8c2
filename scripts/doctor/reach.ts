// Is the deployment there: the address, its name in the DNS, TLS, /health, and the tenant.
import { lookup } from 'node:dns/promises'
import { type Answer, ask } from './ask.ts'
import { brief, type Finding, fault, healthy, verdict } from './finding.ts'
import type { Place } from './place.ts'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

export async function checkReach(place: Place): Promise<Finding[]> {
  const origin = new URL(place.origin)
  if (origin.protocol !== 'https:' && !LOOPBACK.test(origin.hostname))
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
    const certificate = /CERT|SSL|TLS|SELF_SIGNED|ALTNAME/.test(code ?? '')
    return [
      ...found,
      certificate
        ? fault(
            'tls',
            `The certificate is not valid: ${code}`,
            'Wait until Cloudflare has issued one (a few minutes after a domain is added), or check the domain in the dashboard.',
          )
        : fault(
            'reach',
            `No answer: ${code ?? message}`,
            'Check that the Worker is deployed (npx wrangler deployments list) and that nothing between here and Cloudflare blocks it.',
          ),
    ]
  }
  if (origin.protocol === 'https:') found.push(healthy('tls', 'the certificate is valid'))
  return [...found, healthOf(answer), ...(await tenantOf(place))]
}

function healthOf({ status, json, text }: Answer): Finding {
  if (status === 200 && json.status === 'ok') return healthy('health', `version ${json.version}`)
  if (status === 503)
    return fault(
      'health',
      brief(text),
      'Correct the setting that it names, in deployment.json, and run npm run deploy.',
    )
  if (status === 403)
    return fault(
      'health',
      brief(text),
      'Set PUBLIC_URL to the address that is used, and run npm run deploy; or use the address that PUBLIC_URL says.',
    )
  return fault(
    'health',
    `/health answered ${status}`,
    'Another Worker or an old version answers here. Run npm run setup, which deploys this one.',
  )
}

async function tenantOf({ origin, tenant, root }: Place): Promise<Finding[]> {
  if (tenant === undefined) return []
  const { status } = await ask(`${origin}${root}/health`)
  return [
    verdict('tenant', status === 200, {
      right: `there is a tenant ${tenant}`,
      wrong: `${root}/health answered ${status}: there is no tenant ${tenant}`,
      cure: 'Check the spelling, or add it to TENANTS in deployment.json (see docs/deploy.md) and run npm run deploy.',
    }),
  ]
}
