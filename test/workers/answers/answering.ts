// Answers of fhir-request, followed from page to page.
import { afterEach, beforeAll, expect } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { decode } from '../../unit/answer/decode.ts'
import { deployment, type Said, say } from '../world/deployment.ts'
import { medplumToken, type Resource } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { alice, sandbox } from '../world/world.ts'

export const chart = `Patient/${PATIENT_IDS.diabetic}`

const ask = deployment({})

export let access: string

export let medplum: string

export function call(args: Record<string, unknown>, deployed = ask): Promise<Said> {
  return say(deployed, access, 'fhir-request', { method: 'GET', ...args })
}

interface Entry {
  resource: Resource & { meta: { versionId: string } }
}

export interface Bundle {
  type: string
  total?: number
  entry?: Entry[]
  link?: { relation: string; url: string }[]
}

/** The Bundle that an answer shows, without the digest of what it dropped. */
function bundleIn(text: string): Bundle {
  const shown = text.replace(/\n# Dropped \(\d+\)\n[\s\S]*$/, '')
  return (shown.startsWith('{') ? JSON.parse(shown) : decode(shown)) as Bundle
}

const nextOf = ({ link }: Bundle) => link?.find(({ relation }) => relation === 'next')?.url

export const reference = ({ resourceType, id }: { resourceType: string; id: string }) => `${resourceType}/${id}`

export const sorted = (list: readonly string[]) => [...list].sort()

interface Followed {
  /** `Type/id` or, of a history, version ids, of all entries in all answers. */
  found: string[]
  answers: string[]
  bundles: Bundle[]
}

/** Follows `next` to the end, by its path alone unless `again` names arguments to repeat. */
export async function follow(
  args: Record<string, unknown>,
  again: Record<string, unknown> = {},
  name: (resource: Entry['resource']) => string = reference,
): Promise<Followed> {
  const followed: Followed = { found: [], answers: [], bundles: [] }
  const paths = new Set<unknown>()
  for (let path = args.path; path !== undefined; ) {
    expect(paths, 'a path that was followed before').not.toContain(path)
    paths.add(path)
    const { isError, text, all } = await call(followed.answers.length === 0 ? args : { path, ...again })
    expect(isError, text).toBe(false)
    const bundle = bundleIn(text)
    followed.answers.push(all)
    followed.bundles.push(bundle)
    followed.found.push(...(bundle.entry ?? []).map(({ resource }) => name(resource)))
    path = nextOf(bundle)
  }
  return followed
}

/** Hooks for a file of these tests. */
export function setUp(): void {
  beforeAll(async () => {
    access = (await signIn(alice)).access
    medplum = await medplumToken()
  })
  afterEach(() => sandbox.clearFaults())
}
