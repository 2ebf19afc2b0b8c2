// Builds the skills as one file for the Worker: the entries that clients list, with digests, and the texts by address.
import { skillEntry } from '@modelcontextprotocol/server/ext/skills'
import type { SkillsFile } from '../src/mcp/server/skills.ts'
import { skillFiles } from './skills.ts'

/** @returns the file's text */
export async function skillsFile(): Promise<string> {
  const texts: Record<string, string> = {}
  const skills: SkillsFile['skills'] = []
  for (const [name, text] of await skillFiles()) {
    skills.push(await skillEntry(name, { 'SKILL.md': text }))
    texts[`skill://${name}/SKILL.md`] = text
  }
  return JSON.stringify({ skills, texts } satisfies SkillsFile)
}
