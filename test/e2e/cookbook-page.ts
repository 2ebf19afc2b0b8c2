/** Writes docs/cookbook.md from the recipes and their real answers. */
import { type FieldNode, Kind, parse, type SelectionSetNode } from 'graphql'
import type { ToolResult } from '../../programs/clients.ts'
import type { Level } from '../../src/access/access.ts'
import { LEVEL_TEXT } from '../../src/web/shared/levels.ts'
import type { Answer, Json, Kept, Step, Use } from './recipe.ts'

const WIDTH = 110
/** How many elements of a list, and characters of a text, are shown. */
const SHOWN = { elements: 2, characters: 240 }
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g

export function page(chapters: string[], uses: Use[]): string {
  const contents = uses.map(
    ({ title }) =>
      `- [${title}](#${title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-')})`,
  )
  return `${[INTRODUCTION, contents.join('\n'), ...chapters].join('\n\n')}\n`
}

const INTRODUCTION = `# Cookbook

<!-- Written by test/e2e/cookbook.test.ts; change test/e2e/cookbook.ts and run: npx vitest run test/e2e/cookbook.test.ts -u -->

Common tasks as calls of \`fhir-request\`. Each call is shown with its arguments and a real answer of the sandbox (\`npm start\`), shortened.
The test \`test/e2e/cookbook.test.ts\` makes the same calls with real MCP clients over each transport, and fails if an answer differs from
this page. Answers come in the compact form ([answers.md](answers.md)); here they are shown as the equivalent JSON.

\`{patient}\` and the like stand for values of earlier answers, obtained as listed under "Keep": with a
[FHIRPath](https://hl7.org/fhir/R4/fhirpath.html) expression or a pattern. Ids that are not used later are shown as \`…\`. Unless stated
otherwise, the practitioner alice@example.com is signed in. Each recipe names the access level that it needs, which you choose on the consent
page when you connect. With \`npm start\` that page offers all levels; a deployment offers Admin only with \`MAX_ACCESS=admin\`. All people are
fictional.`

/** @param level the access level that all of it needs */
export function chapter({ title, why, steps }: Use, told: string[], level: Level): string {
  const access = `Access level: **${LEVEL_TEXT[level].name}**.`
  return [`## ${title}`, why, access, ...steps.map((step, at) => `${step.say}\n\n${told[at]}`)].join('\n\n')
}

/** One call and its answer. */
export function tell(step: Step, answer: Answer, kept: Kept): string {
  const who = step.as ? ` (signed in as ${step.as}@example.com)` : ''
  const blocks = answer.result.content.map((block, at) => shownBlock(step, answer, block, at === 0))
  const [first] = answer.progress
  const keep = Object.entries(step.keep ?? {}).map(([name, where]) => `- \`{${name}}\`: \`${where}\``)
  return [
    `\`fhir-request\`${who}:`,
    fence('json', pretty(step.call)),
    ...listings(step.call).flatMap(([path, text]) => [`where \`${path}\` is, line by line:`, fence('text', text)]),
    ...(first ? ['Progress notifications while it runs, the first of them:', fence('json', pretty(first))] : []),
    'answers',
    ...blocks.map((block) => nameless(block, kept)),
    ...(keep.length > 0 ? [`Keep\n\n${keep.join('\n')}`] : []),
  ].join('\n\n')
}

function shownBlock(step: Step, answer: Answer, block: ToolResult['content'][number], first: boolean): string {
  if (block.text === undefined) return fence('json', pretty(shortened(block)))
  if (!first || answer.json === undefined) return fence('text', cut(block.text.replaceAll('\r', '\n').trimEnd()))
  return fence('json', pretty(shortened(step.shows ? selected(answer.json, step.shows) : answer.json)))
}

/** Arguments of several lines, which JSON makes hard to read, by their paths. */
function listings(value: Json, path: string[] = []): [path: string, text: string][] {
  if (typeof value === 'string') return /[\r\n]/.test(value) ? [[path.join('.'), value.replaceAll('\r', '\n')]] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, one]) => listings(one, [...path, name]))
}

function selected(value: unknown, selection: string): unknown {
  const [operation] = parse(selection).definitions
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`Not a selection: ${selection}`)
  return select(value, operation.selectionSet)
}

function select(value: unknown, set: SelectionSetNode | undefined): unknown {
  if (!set || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one) => select(one, set))
  const fields = set.selections.filter((one): one is FieldNode => one.kind === Kind.FIELD)
  const own = new Map<string, unknown>(Object.entries(value))
  return Object.fromEntries(
    fields
      .filter(({ name }) => own.has(name.value))
      .map(({ name, selectionSet }) => [name.value, select(own.get(name.value), selectionSet)]),
  )
}

function shortened(value: unknown): unknown {
  if (typeof value === 'string') return cut(value)
  if (typeof value !== 'object' || value === null) return value
  if (!Array.isArray(value)) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shortened(one)]))
  const left = value.length - SHOWN.elements
  return [...value.slice(0, SHOWN.elements).map(shortened), ...(left > 0 ? [`… ${left} more`] : [])]
}

function cut(text: string): string {
  return text.length <= SHOWN.characters * 1.5
    ? text
    : `${text.slice(0, SHOWN.characters)}… (${text.length} characters)`
}

/** Ids by the names under which they were kept; other ids, and in HL7 times and control ids, hidden: they differ between runs. */
function nameless(text: string, kept: Kept): string {
  const names = new Map([...kept].map(([name, value]) => [value, `{${name}}`]))
  return text
    .replace(UUID, (id) => names.get(id) ?? '…')
    .replace(/end-of-content-[0-9a-f]{8}/g, 'end-of-content-…')
    .replace(/(?<=\|)(20\d{12}[.\d+-]*|1\d{12})(?=\|)/g, '…')
}

/** JSON with short values on one line. */
function pretty(value: unknown, indent = ''): string {
  const flat = JSON.stringify(value, null, 1).replace(/\n */g, ' ')
  const line = JSON.stringify(value).length + indent.length > WIDTH ? undefined : flat
  if (line !== undefined || typeof value !== 'object' || value === null) return line ?? JSON.stringify(value)
  const inner = `${indent}  `
  const entries = Array.isArray(value)
    ? value.map((one) => pretty(one, inner))
    : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${pretty(one, inner)}`)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  return `${open}\n${entries.map((one) => inner + one).join(',\n')}\n${indent}${close}`
}

function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``
}
