// The exchanges recorded from a real Medplum, for tests that read them without replaying.
import async from '../../recordings/async.json' with { type: 'json' }
import bundles from '../../recordings/bundles.json' with { type: 'json' }
import errors from '../../recordings/errors.json' with { type: 'json' }
import files from '../../recordings/files.json' with { type: 'json' }
import graphql from '../../recordings/graphql.json' with { type: 'json' }
import oauth from '../../recordings/oauth.json' with { type: 'json' }
import operations from '../../recordings/operations.json' with { type: 'json' }
import readWrite from '../../recordings/read-write.json' with { type: 'json' }
import search from '../../recordings/search.json' with { type: 'json' }

interface Recorded {
  /** File and name of the exchange. */
  name: string
  request: { method: string; path: string; body?: unknown }
  response: { status: number; headers: Record<string, string>; body?: unknown }
}

const FILES = { async, bundles, errors, files, graphql, oauth, operations, 'read-write': readWrite, search }
const FHIR = 'fhir/R4/'

export const recordings: Recorded[] = Object.entries(FILES).flatMap(([file, exchanges]) =>
  (exchanges as unknown as Recorded[]).map((one) => ({ ...one, name: `${file}/${one.name}` })),
)

/** Captured ids are written {{name}}: each name gets its own id. */
function filled<T>(value: T): T {
  const text = JSON.stringify(value).replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const hex = [...name].map((letter) => letter.charCodeAt(0).toString(16)).join('')
    return `${hex.padEnd(8, '0').slice(0, 8)}-0000-4000-8000-${hex.slice(-12).padStart(12, '0')}`
  })
  return JSON.parse(text) as T
}

/** The request as the tool would make it, below the FHIR base; undefined for one outside it. */
export function askedOf({ request }: Recorded): { method: string; path: string; body?: unknown } | undefined {
  if (!request.path.startsWith(FHIR)) return undefined
  const { method, path, body } = filled(request)
  return { method, path: path.slice(FHIR.length), body }
}
