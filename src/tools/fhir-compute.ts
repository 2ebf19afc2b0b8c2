// Runs a model's program over a person's records, for questions that a search can't answer.

import * as z from 'zod'
import { writeAnswer } from '../answer/answer.ts'
import { type Loader, runProgram } from '../compute/run.ts'
import { ProgramReads } from './compute-reads.ts'
import { boundedText } from './kit/bounded.ts'
import { defineTool, type Tool } from './kit/tool.ts'
import { withNotes } from './perform/present.ts'

/** Maximum characters of a program, which must be parsed. */
const MAX_PROGRAM = 20_000
/** Time kept free to show the result. */
const RESERVE_MS = 2_000
/** Characters kept free for notes. */
const RESERVE = 2_000

/** Created once per isolate, like its schema. */
const made = new WeakMap<Loader, Tool>()

/** The tool, if isolates can be created here. */
export function fhirCompute(loader: Loader): Tool {
  const known = made.get(loader) ?? define(loader)
  made.set(loader, known)
  return known
}

const INPUT = z.object({
  code: boundedText(MAX_PROGRAM).describe(
    'JavaScript, e.g. const all = await fhir.search("Claim?status=active"); return all.reduce((sum, one) => sum + one.total.value, 0)',
  ),
})

function define(loader: Loader): Tool<typeof INPUT> {
  return defineTool({
    name: 'fhir-compute',
    title: 'Compute over FHIR records',
    description: [
      'Runs a program over FHIR records and returns its result: exact sums, joins, differences and rankings, without the records themselves. Changes nothing.',
      'It has `await fhir.search(path)` (all pages, as an array of resources), `fhir.get(path)` and `fhir.count(path)`; no network, imports or console.',
    ].join('\n'),
    input: INPUT,
    hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
    async run({ code }, context) {
      const { fhir, signal, event, answerChars } = context
      event.kind = 'read'
      const reads = new ProgramReads(context)
      const timeoutMs = Math.max(1, fhir.remainingMs - RESERVE_MS)
      try {
        const value = await runProgram(bare(code), (kind, path) => reads.read(kind, path), {
          loader,
          timeoutMs,
          signal,
        })
        const { text, notes } = writeAnswer(value, { format: 'compact', maxChars: answerChars - RESERVE })
        // The compact form of an empty object is an empty text.
        return withNotes([{ type: 'text', text: text || '{}' }], [...notes, ...reads.notes])
      } finally {
        event.requests = reads.told
      }
    },
  })
}

/** Models put code between fences. */
function bare(code: string): string {
  const lines = code.trim().split('\n')
  const isFenced = lines.length > 2 && lines.at(0)?.startsWith('```') && lines.at(-1) === '```'
  return isFenced ? lines.slice(1, -1).join('\n') : code
}
