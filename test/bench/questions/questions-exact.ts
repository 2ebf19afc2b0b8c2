// Sums, means, groups, the latest of each, and set differences: 60 questions that one call of fhir-digest answers exactly. The right
// answers are computed here from the records, by code that shares nothing with the server.
import type { Resource } from '@medplum/fhirtypes'
import { chance } from '../../../sandbox/clinic/random.ts'
import type { Send } from '../../sandbox/client.ts'
import { LATEST } from './exact-latest.ts'
import { SUMS } from './exact-sums.ts'
import type { Asked, Exact, Records } from './exact-truth.ts'
import { type Asker, type Row, Stuck } from './questions-answer.ts'

export type { Exact }

/** Number of questions of each kind. */
const OF_A_KIND = 10

/** Asks a question. @returns what is wrong with the answer, if anything */
export async function putExactly(asker: Asker, { args, rows }: Exact): Promise<string[]> {
  const found = await asker.digestWith(args).catch((error: unknown) => {
    if (error instanceof Stuck) return error.message
    throw error
  })
  if (typeof found === 'string') return [found]
  const left = [...found]
  const missing = rows.filter((cells) => {
    const at = left.findIndex((row) => Object.entries(cells).every(([path, wanted]) => cellOf(row, path) === wanted))
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
  return [
    ...missing.slice(0, 3).map((cells) => `a row ${JSON.stringify(cells)}`),
    ...(left.length > 0
      ? [`no more than ${rows.length} rows, but found ${left.length} more: ${JSON.stringify(left[0])}`]
      : []),
  ]
}

function cellOf(row: Row, path: string): unknown {
  if (path in row) return row[path] ?? undefined
  const at = path.lastIndexOf('.')
  const parent = at < 0 ? undefined : cellOf(row, path.slice(0, at))
  return (parent as Row | undefined)?.[path.slice(at + 1)]
}

// ── Truth ──

const TYPES = [
  ...['Claim', 'ExplanationOfBenefit', 'Observation', 'Encounter', 'Condition', 'Task', 'Appointment'],
  ...['MedicationRequest', 'Immunization', 'Patient', 'AllergyIntolerance', 'Coverage'],
]

export async function exactQuestions(send: Send): Promise<Exact[]> {
  const records: Records = new Map()
  for (const type of TYPES) records.set(type, await allOf(send, type))
  const drawn = (['sum', 'mean', 'group', 'latest each', 'set difference', 'across types'] as const).map((kind) => {
    const candidates = FORMS[kind](records).map((one) => ({ kind, ...one }))
    const usable = candidates.filter(({ rows }) => rows.length > 0)
    if (usable.length < OF_A_KIND) throw new Error(`Only ${usable.length} questions of the kind "${kind}"`)
    return chance(`exact/${kind}`).shuffle(usable).slice(0, OF_A_KIND)
  })
  return drawn.flat()
}

async function allOf(send: Send, type: string): Promise<Resource[]> {
  const found: Resource[] = []
  interface Page {
    entry?: { resource: Resource }[]
    link?: { relation: string; url: string }[]
  }
  for (let path: string | undefined = `${type}?_sort=_id&_count=1000`; path !== undefined; ) {
    const { body }: { body: Page } = await send<Page>('GET', path)
    found.push(...(body.entry ?? []).map(({ resource }) => resource))
    path = body.link?.find(({ relation }) => relation === 'next')?.url
  }
  return found
}

const FORMS: Readonly<Record<Exact['kind'], (records: Records) => Asked[]>> = { ...SUMS, ...LATEST }
