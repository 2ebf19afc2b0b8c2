import { classify } from '../../../src/access/risk/risk.ts'
import { KINDS, type Kind, ROUTES } from '../../../src/access/risk/routes.ts'
import type { Method } from '../../../src/client/request.ts'
import { bundleOf } from '../../calls.ts'

export const rank = (kind: Kind) => KINDS.indexOf(kind)

export const kindOf = (method: string, path: string, body?: unknown) =>
  classify({ method: method as Method, path, body }).kind

export const filled = (path: string) =>
  path
    .replace('{type}', 'Observation')
    .replace('{id}', 'abc-1')
    .replace('{version}', '2')
    .replace('?upload', '?upload=true')

export const entry = (method: unknown, url: unknown, resource?: unknown) => ({ request: { method, url }, resource })

export const batch = (...entries: unknown[]) => bundleOf('batch', entries)

export const LINES = ROUTES.flatMap(({ methods, paths, kind }) =>
  methods.flatMap((method) => paths.map((path) => ({ method, path, kind }))),
)
