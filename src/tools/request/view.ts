// How much of an answer to show, and in which form, according to the call's arguments.

import * as z from 'zod'
import { compileSelect, SelectError } from '../../answer/select/select.ts'
import { type Columns, columnsOf } from '../../answer/select/select-table.ts'
import { UserError } from '../../base/told-error.ts'
import { criterion, formatPlace, parsePlace } from '../../fhir/query.ts'
import { boundedText, MAX_ADDRESS } from '../kit/bounded.ts'

/** The most characters that an answer may have: hosts drop or cut larger ones. */
const MAX_CHARS = 100_000
const MIN_CHARS = 2_000
/** Maximum number of resources that `all` reads. */
export const MAX_ALL = 2_000

/** The arguments of every tool that answers with records. */
export const VIEW_INPUT = {
  select: z
    .array(boundedText(MAX_ADDRESS))
    .optional()
    .describe('FHIRPath columns to return instead of whole resources, e.g. ["id","code.text","valueQuantity.value"]'),
  all: z.boolean().optional().describe(`Reads all pages of a search, history or chart, up to ${MAX_ALL} resources`),
  format: z.enum(['compact', 'json']).optional().describe('json: plain FHIR JSON instead of the compact form'),
  maxChars: z
    .number()
    .int()
    .min(MIN_CHARS)
    .max(MAX_CHARS)
    .optional()
    .describe('Maximum length of the answer, in characters'),
}

export interface ViewArguments {
  select?: string[] | undefined
  all?: boolean | undefined
  format?: 'compact' | 'json' | undefined
  maxChars?: number | undefined
}

/** How an answer is shown. */
export interface View {
  format: 'compact' | 'json'
  columns?: Columns
  maxChars: number
  all: boolean
  /** Number of matches in earlier answers. */
  from: number
}

/**
 * What the arguments ask to be shown.
 *
 * @param path a GET's path as given: `next` of an earlier answer may carry parameters of this server, which Medplum never sees
 * @param usual maximum characters of an answer, unless the call sets its own
 * @throws {UserError} that names what is wrong with the arguments
 */
export function viewOf(args: ViewArguments, path: string, usual: number): { view: View; path: string } {
  const maxChars = args.maxChars ?? usual
  const own = ownParameters(path)
  const columns = args.select && args.select.length > 0 ? columnsFor(args.select, maxChars) : undefined
  return {
    path: own.path,
    view: {
      format: args.format ?? 'compact',
      ...(columns && { columns }),
      maxChars,
      all: args.all === true || own.all,
      from: own.from,
    },
  }
}

function columnsFor(expressions: string[], maxChars: number): Columns {
  try {
    return columnsOf(compileSelect(expressions), maxChars / 3)
  } catch (error) {
    if (error instanceof SelectError) throw new UserError(`${error.message}\nNothing was sent.`)
    throw error
  }
}

const SKIP = '_skip'
const ALL = '_all'

/** The path without the parameters that `next` of an earlier answer may carry; the rest stays unchanged. */
function ownParameters(path: string): { path: string; from: number; all: boolean } {
  const mark = path.indexOf('?')
  const parameters = mark < 0 ? [] : path.slice(mark + 1).split('&')
  const value = (name: string) => parameters.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1)
  const [skip, all] = [value(SKIP), value(ALL)]
  if (skip === undefined && all === undefined) return { path, from: 0, all: false }
  if (skip !== undefined && !/^\d{1,9}$/.test(skip)) {
    throw new UserError(
      `\`${SKIP}\` must be a number of entries. Use \`next\` exactly as an answer gave it. Nothing was sent.`,
    )
  }
  const kept = parameters.filter((one) => !one.startsWith(`${SKIP}=`) && !one.startsWith(`${ALL}=`)).join('&')
  return { path: path.slice(0, mark) + (kept && `?${kept}`), from: Number(skip ?? 0), all: all === 'true' }
}

/** The path that continues after this many matches of the same answer. */
export function skipping(path: string, matches: number, all: boolean): string {
  const { segments, parameters } = parsePlace(path)
  const own = [...(all ? [criterion(ALL, 'true')] : []), criterion(SKIP, String(matches))]
  return formatPlace({ segments, parameters: [...parameters, ...own] })
}
