// The ClientApplication through which people sign in: found or created, and configured for this deployment.
import * as z from 'zod'
import { type Admin, callAs } from './medplum.ts'
import { Stop } from './stop.ts'

const application = z.looseObject({
  resourceType: z.literal('ClientApplication'),
  id: z.string(),
  name: z.string().optional(),
  redirectUris: z.array(z.string()).optional(),
  grantType: z.array(z.string()).optional(),
  pkceOptional: z.boolean().optional(),
  meta: z.looseObject({ versionId: z.string().optional() }).optional(),
})
const bundle = z.object({ entry: z.array(z.object({ resource: application })).optional() })

type Application = z.infer<typeof application>

interface ClientPlan {
  /** What has to be done; undefined if nothing. */
  step: string | undefined
  /** Does it, and returns the client's id. */
  apply(): Promise<string>
}

/**
 * Plans the changes without making any. People sign in with PKCE, so the client needs no secret and no membership of its own.
 *
 * @param clientId of the one to use; otherwise one with this redirect URI or name is found or created
 * @throws {Stop}
 */
export async function planClient(admin: Admin, callback: string, clientId: string | undefined): Promise<ClientPlan> {
  const name = `Medplum MCP (${new URL(callback).host})`
  const found = clientId ? await byId(admin, clientId) : await byName(admin, name)
  if (!found)
    return {
      step: `create the ClientApplication "${name}" in ${admin.projectName}, with the redirect URI ${callback}`,
      apply: () => write(admin, 'POST', { resourceType: 'ClientApplication', name, ...suited({}, callback) }),
    }
  const suitable = suited(found, callback)
  const right =
    found.redirectUris?.includes(callback) && found.grantType?.includes('refresh_token') && !found.pkceOptional
  return {
    step: right
      ? undefined
      : `update the ClientApplication ${found.id}: redirect URI ${callback}, PKCE, refresh tokens`,
    apply: () => (right ? Promise.resolve(found.id) : write(admin, 'PUT', { ...found, ...suitable })),
  }
}

function suited(found: Partial<Application>, callback: string) {
  return {
    redirectUris: [...new Set([...(found.redirectUris ?? []), callback])],
    grantType: [...new Set([...(found.grantType ?? []), 'authorization_code', 'refresh_token'])],
    pkceOptional: false,
  }
}

async function byId(admin: Admin, id: string): Promise<Application> {
  const { status, body } = await fhir(admin, `ClientApplication/${encodeURIComponent(id)}`)
  const found = application.safeParse(body)
  if (status === 200 && found.success) return found.data
  throw new Stop(
    `There is no ClientApplication ${id} in ${admin.projectName}`,
    'Correct MEDPLUM_CLIENT_ID in deployment.json or --client-id, or omit it to create one. Check the project too.',
  )
}

async function byName(admin: Admin, name: string): Promise<Application | undefined> {
  const { status, body } = await fhir(admin, `ClientApplication?name:exact=${encodeURIComponent(name)}&_count=2`)
  const found = bundle.safeParse(body)
  if (status === 200 && found.success) return found.data.entry?.[0]?.resource
  throw new Stop(`Medplum does not list its ClientApplications (${status})`, 'Sign in as a project administrator.')
}

async function write(admin: Admin, method: 'POST' | 'PUT', resource: { id?: string } & Record<string, unknown>) {
  const version = application.safeParse(resource).data?.meta?.versionId
  const { status, body } = await fhir(admin, resource.id ? `ClientApplication/${resource.id}` : 'ClientApplication', {
    method,
    headers: { 'content-type': 'application/fhir+json', ...(version && { 'if-match': `W/"${version}"` }) },
    body: JSON.stringify(resource),
  })
  const written = application.safeParse(body)
  if (status < 300 && written.success) return written.data.id
  throw new Stop(
    `Medplum did not save the ClientApplication (${status})`,
    'Run npm run setup again; it continues where it stopped.',
  )
}

function fhir(admin: Admin, path: string, init: RequestInit = {}) {
  return callAs(admin.accessToken, new URL(`fhir/R4/${path}`, admin.baseUrl), init)
}
