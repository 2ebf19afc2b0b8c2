// Each kind of request, at each access level.
import { LEVEL_NAME, LEVELS, type Level } from '../../../src/access/access.ts'
import { ROUTES } from '../../../src/access/risk/routes.ts'
import { criterion, formatQuery } from '../../../src/fhir/query.ts'
import { rpc } from '../world/mcp.ts'
import type { Tokens } from '../world/signing-in.ts'
import { SANDBOX } from '../world/world.ts'

export const LINES = ROUTES.flatMap(({ methods, paths, kind }) =>
  methods.flatMap((method) =>
    paths.map((path) => ({
      method,
      kind,
      path: path
        .replace('(base)', '')
        .replace('{type}', 'Observation')
        .replace('{id}', crypto.randomUUID())
        .replace('{version}', crypto.randomUUID())
        .replace('?upload', '?upload=true')
        // Without criteria it is refused for everybody: it would hit the only record there is.
        .replace(/^Observation$/, method === 'GET' || method === 'POST' ? 'Observation' : 'Observation?identifier=1'),
    })),
  ),
)

/** Answers for what passes: only what passes matters, not what it does. */
export const ANSWERED = {
  path: '^/fhir/R4/(?!metadata)',
  status: 404,
  headers: { 'content-type': 'application/fhir+json' },
  body: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'not-found' }] },
  times: 1_000_000,
}

export const tokens = new Map<Level, Tokens>()

export const accessOf = (level: Level) => tokens.get(level)?.access ?? ''

export const REFUSED = /needs the access level "([\w ]+)"/

/** The level that a text asks for. */
export const askedFor = (text: string) => LEVELS.find((level) => LEVEL_NAME[level] === REFUSED.exec(text)?.[1])

/** The level that the answer asks for; undefined if the request wasn't refused for lack of access. */
export async function refusal(response: Response): Promise<string | undefined> {
  const { result, error } = await rpc(response)
  if (error) throw new Error(`${error.code}: ${error.message}`)
  const text = result?.content[0]?.text ?? ''
  // Some requests are refused for everybody, before anything else.
  return askedFor(text) ?? (/Nothing was sent\.$/.test(text) ? 'nobody' : undefined)
}

/** The first pages of such searches. */
export const FIRST_PAGES = LINES.map(({ path }) => ({
  path: `^/fhir/R4/Basic\\?${escaped(formatQuery([criterion('code', path)]))}&`,
  status: 200,
  headers: { 'content-type': 'application/fhir+json' },
  body: {
    resourceType: 'Bundle',
    type: 'searchset',
    entry: [{ resource: { resourceType: 'Basic', id: '1' } }],
    link: [{ relation: 'next', url: `${SANDBOX}fhir/R4/${path}` }],
  },
  times: 1_000_000,
}))

function escaped(text: string): string {
  return text.replaceAll(/[$.*+?()[\]{}|^]/g, '\\$&')
}
