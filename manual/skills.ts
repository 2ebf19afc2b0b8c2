// The manual as skills (SEP-2640). A skill's name and description are here; the rest comes from chapters of docs/cookbook.md, whose calls
// test/e2e/cookbook.test.ts runs, and from the prompts for the same work.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type PromptName, workOf } from '../src/mcp/server/prompts.ts'

interface SkillSource {
  name: string
  /** What it does and when to use it: the only part that a model sees before it reads the skill. */
  description: string
  prompts: readonly PromptName[]
  /** Titles of chapters. */
  chapters: readonly string[]
}

export const SKILLS: readonly SkillSource[] = [
  {
    name: 'find-people-and-codes',
    description:
      'Finds patients in Medplum by name, by condition or by what refers to them, and finds their conditions and results by code. For questions that begin with who, or with a code.',
    prompts: [],
    chapters: ['Find patients and read their records'],
  },
  {
    name: 'read-a-chart',
    description:
      'Reads and summarizes the chart of one Medplum patient: problems, allergies, medications, results, visits and tasks, with searches or one GraphQL query.',
    prompts: ['summarize-patient'],
    chapters: ['Ask for just the fields you need, with GraphQL'],
  },
  {
    name: 'record-vitals-and-results',
    description:
      'Records vital signs and laboratory results in Medplum as Observations with codes, units and ranges, and corrects one that was entered in error.',
    prompts: [],
    chapters: ['Record vital signs and a result'],
  },
  {
    name: 'tasks-and-scheduling',
    description: 'Creates and completes tasks, finds free time and books appointments in Medplum.',
    prompts: ['schedule-appointment'],
    chapters: ['Plan a visit: a Task, an Appointment, and the Task done'],
  },
  {
    name: 'claims',
    description: 'Composes, checks and submits claims in Medplum, from a patient’s coverage and encounter.',
    prompts: ['submit-claim'],
    chapters: ['Submit a Claim'],
  },
  {
    name: 'bots-and-agents',
    description: 'Writes, deploys and runs Medplum bots, and sends HL7 v2 messages through agents.',
    prompts: ['write-and-deploy-bot', 'push-hl7-message'],
    chapters: ['Write, deploy and run a Bot', 'Send an HL7 v2 message through an Agent'],
  },
  {
    name: 'documents',
    description: 'Finds the documents of a Medplum patient and opens their files, such as PDFs.',
    prompts: [],
    chapters: ["Open a document's PDF"],
  },
  {
    name: 'bulk-work',
    description: 'Exports many Medplum records in bulk, in the background, and reads parts of large files.',
    prompts: [],
    chapters: ['Export in bulk, and read a part of a file'],
  },
]

const INTRODUCTION =
  'Calls are those of the tool `fhir-request`. If a server has `fhir-read`, `fhir-write`, `fhir-delete` and `fhir-operate` instead, each takes the same arguments, except that some have no `method`. `{name}` stands for a value of an earlier answer, taken as described under "Keep".'

/** The SKILL.md of each skill, by its name. */
export async function skillFiles(): Promise<Map<string, string>> {
  const chapters = chaptersOf(
    await readFile(fileURLToPath(new URL('../docs/cookbook.md', import.meta.url).href), 'utf8'),
  )
  return new Map(
    SKILLS.map(({ name, description, prompts, chapters: titles }) => {
      // No error if a chapter is missing: the server that writes the cookbook needs the skills first. test/unit/docs/skills.test.ts checks it.
      const told = titles.flatMap((title) => (chapters.has(title) ? [`## ${title}\n\n${chapters.get(title)}`] : []))
      const head = `---\nname: ${name}\ndescription: ${JSON.stringify(description)}\n---\n\n# ${name.replaceAll('-', ' ')}`
      return [name, `${[head, INTRODUCTION, ...prompts.map(workOf), ...told].join('\n\n')}\n`]
    }),
  )
}

/** The chapters by title, with steps and calls but without the answers, which are records of the sandbox. */
export function chaptersOf(cookbook: string): Map<string, string> {
  const chapters = cookbook.split(/^## /m).slice(1)
  return new Map(
    chapters.map((chapter) => {
      const [title = '', ...lines] = chapter.trimEnd().split('\n')
      return [title, withoutAnswers(blocksOf(lines)).join('\n\n')]
    }),
  )
}

/** Paragraphs, lists and whole fenced blocks. */
function blocksOf(lines: readonly string[]): string[] {
  const blocks: string[][] = [[]]
  let fence: string | undefined
  for (const line of lines) {
    const mark = /^(`{3,})/.exec(line)?.[1]
    if (line === '' && fence === undefined) blocks.push([])
    else blocks.at(-1)?.push(line)
    if (mark !== undefined) fence = fence === undefined ? mark : line === fence ? undefined : fence
  }
  return blocks.map((block) => block.join('\n')).filter((block) => block !== '')
}

function withoutAnswers(blocks: readonly string[]): string[] {
  let answering = false
  return blocks.filter((block) => {
    if (block === 'answers' || block.startsWith('Progress notifications')) {
      answering = true
      return false
    }
    if (answering && block.startsWith('```')) return false
    answering = false
    return true
  })
}
