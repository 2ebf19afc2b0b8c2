// The tool `show`: draws records for the person in hosts that render views (MCP Apps), and gives the same in words for all others.
import type { ContentBlock } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { isRecord } from '../../base/json.ts'
import { UserError } from '../../base/told-error.ts'
import { boundedText, MAX_ADDRESS, MAX_NAME } from '../kit/bounded.ts'
import { defineTool, type ToolContext } from '../kit/tool.ts'
import { withNotes } from '../perform/present.ts'
import { normalise } from '../request/arguments.ts'
import { bound } from './bound.ts'
import type { Shown } from './shown.ts'
import { summary } from './summary.ts'
import { table } from './table.ts'
import { timeline } from './timeline.ts'
import { trend } from './trend.ts'
import { type Drawn, shortNotes, wordsText } from './words.ts'

/** The address of the view: one HTML resource for all four. */
export const VIEW_URI = 'ui://medplum-mcp/show.html'

/** The share of an answer that notes may use: one part in this many. */
const NOTES = 3
const VIEWS = ['trend', 'timeline', 'summary', 'table'] as const
/** Which arguments each view has, besides `view`. */
const TAKES: Readonly<Record<(typeof VIEWS)[number], readonly string[]>> = {
  trend: ['patient', 'codes', 'since', 'medications'],
  timeline: ['patient'],
  summary: ['patient'],
  table: ['path', 'select'],
}

export const show = defineTool({
  name: 'show',
  title: 'Show records as a view',
  description:
    'Draws records for a person who asks to see them, where the host renders views, and says the same in words.',
  input: z.object({
    view: z.enum(VIEWS).describe('What to draw'),
    patient: boundedText(MAX_NAME).optional().describe('Patient/ID; not for table'),
    codes: z.array(boundedText(MAX_NAME)).optional().describe('trend: codes of results, e.g. ["4548-4"]'),
    since: boundedText(MAX_NAME).optional().describe('trend: first date'),
    medications: z.boolean().optional().describe('trend: medications below'),
    path: boundedText(MAX_ADDRESS).optional().describe('table: a search'),
    select: z.array(boundedText(MAX_ADDRESS)).optional().describe('table: FHIRPath columns'),
  }),
  normalise(args) {
    const given = normalise(args)
    return isRecord(given) && typeof given.codes === 'string' ? { ...given, codes: given.codes.split(',') } : given
  },
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  view: VIEW_URI,
  async run(args, context) {
    context.event.kind = 'read'
    refuseOthers(args)
    const drawn = await DRAW[args.view](args, context)
    const { appUrl } = context.caller.medplum
    const whole: Shown = { ...drawn.structured, ...(appUrl && { app: appUrl.href }) }
    const structured = bound(whole)
    const most = Math.floor(context.answerChars / NOTES)
    const notes = shortNotes([...drawn.notes, ...(structured === whole ? [] : [NOT_WHOLE])], most)
    const room = context.answerChars - notes.reduce((sum, note) => sum + note.length + 'Note: \n'.length, 0)
    const content: ContentBlock[] =
      'content' in drawn ? drawn.content : [{ type: 'text', text: wordsText(drawn.words, room) }]
    return { content: withNotes(content, notes), structured: { ...structured } }
  },
})

const NOT_WHOLE = 'This is too much for the view, so it shows only the latest of each list.'

type Arguments = Parameters<typeof show.run>[0]

const DRAW: Readonly<Record<(typeof VIEWS)[number], (args: Arguments, context: ToolContext) => Promise<Drawn>>> = {
  trend,
  timeline,
  summary,
  table,
}

/** Refuses arguments of another view, which would otherwise be silently ignored. */
function refuseOthers({ view, ...args }: Arguments): void {
  const foreign = Object.entries(args).filter(([name, value]) => value !== undefined && !TAKES[view].includes(name))
  if (foreign.length === 0) return
  const names = foreign.map(([name]) => `\`${name}\``).join(', ')
  throw new UserError(
    `${view} has no ${names}; it has ${TAKES[view].map((name) => `\`${name}\``).join(', ')}. Nothing was sent.`,
  )
}
