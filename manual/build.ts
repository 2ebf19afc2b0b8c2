// The skills as one file beside the Worker: entries with digests, as clients list them, and texts by address.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { skillEntry } from '@modelcontextprotocol/server/ext/skills'
import type { SkillsFile } from '../src/mcp/server/skills.ts'
import { skillFiles } from './skills.ts'

/** Writes them into a folder of static assets. */
export async function buildSkills(folder: string): Promise<number> {
  const texts: Record<string, string> = {}
  const skills: SkillsFile['skills'] = []
  for (const [name, text] of await skillFiles()) {
    skills.push(await skillEntry(name, { 'SKILL.md': text }))
    texts[`skill://${name}/SKILL.md`] = text
  }
  const made = JSON.stringify({ skills, texts } satisfies SkillsFile)
  await writeFile(join(folder, 'skills.json'), made)
  return made.length
}
