// The results of a search, as a table of the requested columns.
import { compileSelect } from '../../answer/select/select.ts'
import { typeOfTarget } from '../../audit/audit.ts'
import { isRecord } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import { nextPage, totalOf } from '../../fhir/paging.ts'
import { criterion, formatPlace, parsePlace } from '../../fhir/query.ts'
import { valueText } from '../../text/datatype-text.ts'
import type { ToolContext } from '../kit/tool.ts'
import { present } from '../perform/present.ts'
import { readPrepared } from '../perform/reading.ts'
import { skipping, viewOf } from '../request/view.ts'
import { foundIn, referenceOf, shortText } from './records.ts'
import type { Table } from './shown.ts'
import type { Drawn } from './words.ts'

const PAGE = 50
const MAX_ROWS = 200
/** Maximum characters of the rows, so that the whole view stays within what hosts accept. */
const MAX_CHARS = 80_000
/** Default columns, which most types have. */
const COLUMNS = [
  'id',
  'name.text | name.given.first() | code.text | code.coding.display.first()',
  'status',
  'meta.lastUpdated',
]

export async function table(
  { path: given, select }: { path?: string | undefined; select?: string[] | undefined },
  context: ToolContext,
): Promise<Drawn> {
  if (given === undefined || given.trim() === '') {
    throw new UserError('`path` must be a search, such as Task?status=requested, for a table. Nothing was sent.')
  }
  const columns = (select && select.length > 0 ? select : COLUMNS).map((column) => column.trim())
  const { view, path } = viewOf({ select: columns }, given.replace(/^GET +/i, ''), context.answerChars)
  const { prepared, response } = await readPrepared(withCount(path), context)
  context.event.type = typeOfTarget(prepared.risk.targets[0]) ?? 'other'
  const { body } = response
  if (!isRecord(body) || body.resourceType !== 'Bundle') {
    throw new UserError(
      '`path` must be a search, such as Task?status=requested: one record is not a table. Use fetch for it.',
    )
  }
  const { expressions, row } = compileSelect(columns)
  const { found, included } = foundIn({ status: 200, body })
  const page = found.slice(view.from, view.from + MAX_ROWS)
  const rows = fitting(page.map((resource) => ({ id: referenceOf(resource), cells: row(resource).cells.map(cellOf) })))
  const after = view.from + rows.length
  const following = nextPage(prepared.request.path, body)
  const next = after < found.length ? skipping(prepared.request.path, after, false) : following
  const total = totalOf(body) ?? (following === undefined && !isLater(prepared.request.path) ? found.length : undefined)
  const structured: Table = {
    ...{ view: 'table', path: prepared.request.path, columns: [...expressions], rows },
    ...(total !== undefined && { total }),
    ...(next !== undefined && { next }),
  }
  const notes = included > 0 ? [`${included} included records are not in the table that the view shows.`] : []
  return { structured, notes, content: present(prepared, response, view) }
}

/** As many of the first rows as fit into a view; at least one. */
function fitting(rows: Table['rows']): Table['rows'] {
  let size = 0
  const over = rows.findIndex((row) => {
    size += JSON.stringify(row).length
    return size > MAX_CHARS
  })
  return over < 0 ? rows : rows.slice(0, Math.max(1, over))
}

/** The path with a page size that a person can look over, unless it already has one. */
function withCount(path: string): string {
  const place = parsePlace(path)
  const isCounted = place.parameters.some(({ key }) => key === '_count')
  return isCounted
    ? path
    : formatPlace({ ...place, parameters: [...place.parameters, criterion('_count', String(PAGE))] })
}

function isLater(path: string): boolean {
  return parsePlace(path).parameters.some(({ key }) => key === '_offset' || key === '_cursor')
}

function cellOf(value: unknown): string | number | boolean | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value === 'string') return shortText(value)
  const list = Array.isArray(value) ? value : [value]
  return shortText(
    list
      .map((one) => (typeof one === 'string' || typeof one === 'number' ? String(one) : valueText(one, '')))
      .join(', '),
  )
}
