// Creates what a run needs in a project, with the rights of its administrator: people, clients, a policy. All of it, and everything that
// those people write, is deleted at the end.
import { randomBytes, randomUUID } from 'node:crypto'
import type { WithId } from '@medplum/core'
import type {
  AccessPolicy,
  Bundle,
  CapabilityStatement,
  ClientApplication,
  Project,
  ProjectMembership,
  Resource,
} from '@medplum/fhirtypes'
import type { Credentials } from '../../programs/person.ts'
import { CLAIM_SETTING } from '../../sandbox/systems.ts'
import { checkMedplum, signIn } from '../../scripts/setup/medplum.ts'
import { type Send, sendAs, signedIn } from '../sandbox/client.ts'
import type { Options } from './options.ts'
import { must } from './report.ts'

/** The system of the tag on records of all runs; its code identifies the run. */
export const TAG_SYSTEM = 'https://medplum-mcp.example.com/test-run'

/** The domain of the people's e-mail addresses. */
const DOMAIN = 'medplum-mcp.example.com'

/** The people a run invites: an administrator, a practitioner, and one who can only read. */
const PEOPLE = { dana: ['Dana', 'Recorder'], alice: ['Alice', 'Tester'], rita: ['Rita', 'Readonly'] } as const
type Who = keyof typeof PEOPLE

interface Member extends Credentials {
  projectId: string
  membershipId: string
  userId: string
  profileId: string
  send: Send
}

export class Ground {
  readonly url: string
  readonly run = randomUUID().slice(0, 8)
  readonly project: { id: string; name: string; features: readonly string[] }
  readonly #admin: Send
  readonly #call: (method: string, path: string, body?: unknown) => Promise<unknown>
  /** `Type/id` of what the administrator made, in this order. */
  readonly #made: string[] = []
  readonly #members: string[] = []
  readonly #undo: (() => Promise<unknown>)[] = []
  /** `Type/id` of people, clients and bots of this run. */
  readonly #authors = new Set<string>()
  readonly #binaries = new Set<string>()
  #since = ''
  people: Record<Who, Member> = {} as Record<Who, Member>
  policyId = ''

  private constructor(url: string, token: string, project: Ground['project']) {
    this.url = url
    this.project = project
    this.#admin = sendAs({ baseUrl: url }, token)
    this.#call = async (method, path, body) => {
      const response = await fetch(new URL(path, url), {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      must(response.ok, `${method} ${path} answered ${response.status}: ${text}`)
      return JSON.parse(text) as unknown
    }
  }

  /** Signs the administrator in. Nothing is created yet. */
  static async enter({ url, email, password, project }: Options): Promise<Ground> {
    const baseUrl = await checkMedplum(url)
    const { accessToken } = await signIn(baseUrl, { kind: 'person', email, password, project })
    const response = await fetch(`${baseUrl}auth/me`, { headers: { authorization: `Bearer ${accessToken}` } })
    const me = (await response.json()) as { project: Project & { id: string } }
    const { id, name = '', features = [] } = me.project
    return new Ground(baseUrl, accessToken, { id, name, features })
  }

  /** The number of patients that the project had before. */
  async patients(): Promise<number> {
    const { body } = await this.#admin('GET', 'Patient?_summary=count')
    return Number(body.total)
  }

  /** Makes the people. */
  async populate(): Promise<void> {
    const policy = await this.create<AccessPolicy>({
      resourceType: 'AccessPolicy',
      name: `Read only, test run ${this.run}`,
      resource: [{ resourceType: '*', readonly: true }],
    })
    this.#begin(policy.meta?.lastUpdated)
    this.policyId = policy.id
    this.people = {
      dana: await this.#invite('dana', { admin: true }),
      alice: await this.#invite('alice', {}),
      rita: await this.#invite('rita', { accessPolicy: { reference: `AccessPolicy/${policy.id}` } }),
    }
  }

  async #invite(who: Who, rights: Partial<ProjectMembership>): Promise<Member> {
    const [firstName, lastName] = PEOPLE[who]
    const email = `${who}-${this.run}@${DOMAIN}`
    const password = randomBytes(18).toString('base64url')
    const membership = (await this.#call('POST', `admin/projects/${this.project.id}/invite`, {
      resourceType: 'Practitioner',
      scope: 'project',
      sendEmail: false,
      membership: rights,
      ...{ firstName, lastName, email, password },
    })) as ProjectMembership
    this.#members.push(membership.id ?? '')
    const profile = membership.profile.reference ?? ''
    this.#made.push(profile)
    this.#authors.add(profile)
    const idOf = (reference: string | undefined) => reference?.split('/')[1] ?? ''
    const membershipId = membership.id ?? ''
    return {
      email,
      password,
      projectId: this.project.id,
      membershipId,
      userId: idOf(membership.user.reference),
      profileId: idOf(membership.profile.reference),
      send: await signedIn({ baseUrl: this.url }, { email, password, projectId: this.project.id }),
    }
  }

  /** Finds what earlier runs left behind, so that it is deleted, too. */
  async adopt(): Promise<void> {
    const all = async <T extends Resource>(search: string) => {
      const { body } = await this.#admin<Bundle<WithId<T>>>('GET', search)
      return (body.entry ?? []).flatMap(({ resource }) => resource ?? [])
    }
    const members = await all<ProjectMembership>('ProjectMembership?_count=1000')
    const policies = await all<AccessPolicy>('AccessPolicy?name=Read only, test run&_count=1000')
    const clients = await all<ClientApplication>('ClientApplication?_count=1000')
    const left = [...policies, ...clients.filter(({ description }) => description?.startsWith('Test run '))]
    for (const { id, user, profile, meta } of members) {
      if (!user.display?.endsWith(`@${DOMAIN}`) || profile.reference === undefined) continue
      this.#members.push(id)
      this.#made.push(profile.reference)
      this.#authors.add(profile.reference)
      this.#begin(meta?.lastUpdated)
    }
    for (const { resourceType, id, meta } of left) {
      this.#made.push(`${resourceType}/${id}`)
      this.#authors.add(`${resourceType}/${id}`)
      this.#begin(meta?.lastUpdated)
    }
    this.#undo.push(() => this.#write(CLAIM_SETTING, []))
  }

  /** Nothing of this run is older. */
  #begin(time = ''): void {
    if (!this.#since || time < this.#since) this.#since = time
  }

  /** A ClientApplication with its own membership, so that it can also act for itself. */
  async client(name: string, settings: Partial<ClientApplication> = {}): Promise<WithId<ClientApplication>> {
    const client = (await this.#call('POST', `admin/projects/${this.project.id}/client`, {
      name,
      description: `Test run ${this.run}`,
      ...settings,
    })) as WithId<ClientApplication>
    const reference = `ClientApplication/${client.id}`
    this.#made.push(reference)
    this.#authors.add(reference)
    return client
  }

  /** Creates a resource as the administrator. */
  async create<T extends Resource>(resource: T): Promise<WithId<T>> {
    const { status, body } = await this.#admin<WithId<T>>('POST', resource.resourceType, resource)
    must(status === 201, `Creating ${resource.resourceType} answered ${status}: ${JSON.stringify(body)}`)
    this.#made.push(`${resource.resourceType}/${body.id}`)
    return body
  }

  /** Adds settings to the project until the end of the run, only if none of them exists. */
  async setting(settings: NonNullable<Project['setting']>): Promise<boolean> {
    const path = `Project/${this.project.id}`
    const { body: project } = await this.#admin<Project>('GET', path)
    const names = new Set(settings.map(({ name }) => name))
    if (project.setting?.some(({ name }) => names.has(name))) return false
    if (!(await this.#write([], settings))) return false
    this.#undo.push(() => this.#write(settings, []))
    return true
  }

  /** Replaces settings of the project that have this value. */
  async #write(out: typeof CLAIM_SETTING, more: typeof CLAIM_SETTING): Promise<boolean> {
    const path = `Project/${this.project.id}`
    const { body: now } = await this.#admin<Project>('GET', path)
    const gone = new Set(out.map(({ name, valueString }) => `${name} ${valueString}`))
    const kept = now.setting?.filter(({ name, valueString }) => !gone.has(`${name} ${valueString}`)) ?? []
    const { status } = await this.#admin('PUT', path, { ...now, setting: [...kept, ...more] })
    return status === 200
  }

  /** A file that no search finds. */
  remember(binaryId: string): void {
    this.#binaries.add(binaryId)
  }

  /**
   * Deletes what the people of this run have written so far.
   *
   * @param only of these types; without it, of all
   */
  async sweep(only?: ReadonlySet<string>): Promise<void> {
    if (!this.#since) return
    const { body: metadata } = await this.#admin<CapabilityStatement>('GET', 'metadata')
    const all = metadata.rest?.[0]?.resource?.map(({ type }): string => type) ?? []
    const types = all.filter((type) => type !== 'Binary' && (only?.has(type) ?? true))
    // Bots come first: what they wrote is looked for next.
    for (const type of ['Bot', ...types.filter((type) => type !== 'Bot')]) {
      for (;;) {
        const found = await this.#written(type)
        if (found.length === 0) break
        if (type === 'Bot') for (const bot of found) this.#authors.add(bot)
        await this.#remove(found)
      }
    }
    await this.#remove([...this.#binaries].map((id) => `Binary/${id}`))
    this.#binaries.clear()
  }

  /** The records of a type that people of this run wrote. */
  async #written(type: string): Promise<string[]> {
    const found: string[] = []
    let path: string | undefined = `${type}?_lastUpdated=ge${this.#since}&_count=500&_sort=_lastUpdated`
    while (path !== undefined) {
      const { status, body }: { status: number; body: Bundle } = await this.#admin('GET', path, undefined, {
        'x-medplum': 'extended',
      })
      if (status !== 200) return found
      for (const { resource } of body.entry ?? []) {
        const author = resource?.meta?.author?.reference
        if (!resource || author === undefined || !this.#authors.has(author)) continue
        found.push(`${type}/${resource.id}`)
        for (const [, id = ''] of JSON.stringify(resource).matchAll(/\bBinary\/([0-9a-f-]{36})/g)) this.remember(id)
      }
      path = body.link?.find(({ relation }) => relation === 'next')?.url
    }
    return found
  }

  async #remove(references: string[]): Promise<void> {
    for (let i = 0; i < references.length; i += 100) {
      const entry = references.slice(i, i + 100).map((url) => ({ request: { method: 'DELETE', url } }))
      const { status, body } = await this.#admin<Bundle>('POST', '', { resourceType: 'Bundle', type: 'batch', entry })
      const failed = body.entry?.filter((one) => !/^2|^404|^410/.test(one.response?.status ?? '')) ?? []
      must(status === 200 && failed.length === 0, `Could not delete: ${JSON.stringify(failed.slice(0, 3))}`)
    }
  }

  /** Ends the memberships of clients and bots: those are written by the server itself. */
  async #dismiss(): Promise<void> {
    const { body } = await this.#admin<Bundle<ProjectMembership>>('GET', 'ProjectMembership?_count=1000')
    const ours = (body.entry ?? []).filter(({ resource }) => this.#authors.has(resource?.user.reference ?? ''))
    await this.#remove(ours.map(({ resource }) => `ProjectMembership/${resource?.id}`))
  }

  /** Deletes everything. */
  async leave(): Promise<void> {
    const problems: string[] = []
    const tried = (work: () => Promise<unknown>) =>
      work().catch((error: unknown) => problems.push(error instanceof Error ? error.message : String(error)))
    for (const undo of this.#undo) await tried(undo)
    await tried(() => this.sweep())
    for (const id of this.#members) {
      await tried(() => this.#call('DELETE', `admin/projects/${this.project.id}/members/${id}`))
    }
    await tried(() => this.#dismiss())
    await tried(() => this.#remove([...this.#made].reverse()))
    must(problems.length === 0, `Not everything was deleted: ${problems.join('; ')}`)
  }
}
