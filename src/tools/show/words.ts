// The content of a view in words, for hosts that render no views, and for the model.
import type { ContentBlock } from '@modelcontextprotocol/server'
import { writeTable } from '../../answer/compact/table.ts'
import { quoted } from '../../base/text.ts'
import type { Person, Shown } from './shown.ts'

/** A view in words. */
export type Drawn = { structured: Shown; notes: string[] } & ({ words: Words } | { content: ContentBlock[] })

interface Words {
  /** Lines before the tables. */
  head: string[]
  /** If they don't all fit, rows are left out from the end of the longest table. */
  tables: { title: string; rows: Record<string, unknown>[] }[]
}

export function nameFor({ id, name, birthDate, gender, identifier, ...person }: Person): string {
  const { deceased, died, inactive, replacedBy, mainRecord } = person
  const more = [
    name && quoted(name),
    birthDate && `born ${birthDate}`,
    gender && quoted(gender),
    identifier && quoted(identifier),
    deceased && `deceased${died ? ` ${died}` : ''}`,
    inactive && 'record not in use',
    replacedBy && `replaced by ${quoted(replacedBy)}`,
    mainRecord && `main record ${quoted(mainRecord)}`,
  ].filter(Boolean)
  return `${more.join(', ')} (Patient/${id})`.trim()
}

/** As much as fits, in whole lines and rows, and how much is left out. */
export function wordsText({ head, tables }: Words, maxChars: number): string {
  const told = beginning(head, maxChars / 2)
  const kept = tables.map(({ rows }) => rows.length)
  for (;;) {
    const blocks = tables.flatMap(({ title, rows }, at) => {
      const shown = rows.slice(0, kept[at])
      const table = shown.length === 0 ? [] : [writeTable(title, shown, false)]
      const left =
        shown.length < rows.length ? [`left out of ${title}: ${rows.length - shown.length} of ${rows.length}`] : []
      return rows.length === 0 ? [] : [[...table, ...left].join('\n')]
    })
    const text = [told, ...blocks].join('\n\n')
    const most = Math.max(...kept, 0)
    if (text.length <= maxChars) return text
    if (most === 0) return `${told}\n\nleft out: ${tables.length} tables`
    kept[kept.indexOf(most)] = Math.floor(most * Math.min(0.9, maxChars / text.length))
  }
}

/** The first lines, as far as they fit, and how many follow. */
function beginning(lines: readonly string[], maxChars: number): string {
  let size = 0
  const fitting = lines.findIndex((line) => {
    size += line.length + 1
    return size > maxChars
  })
  if (fitting < 0) return lines.join('\n')
  return [...lines.slice(0, Math.max(1, fitting)), `left out: ${lines.length - Math.max(1, fitting)} lines`].join('\n')
}

/** As many notes as fit, and how many don't. */
export function shortNotes(notes: readonly string[], maxChars: number): string[] {
  let size = 0
  const over = notes.findIndex((note) => {
    size += note.length + 1
    return size > maxChars
  })
  return over < 0 ? [...notes] : [...notes.slice(0, over), `${notes.length - over} more notes are left out.`]
}
