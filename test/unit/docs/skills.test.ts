// The skills contain the whole cookbook, its calls word for word, but none of the sandbox's answers.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { chaptersOf, SKILLS, skillFiles } from '../../../manual/skills.ts'
import { PROMPTS } from '../../../src/mcp/server/prompts.ts'
import { USES } from '../../e2e/cookbook.ts'

const cookbook = await readFile(join(import.meta.dirname, '../../../docs/cookbook.md'), 'utf8')
const files = await skillFiles()

test('every chapter is in one skill, and every skill has its chapters', () => {
  const titles = SKILLS.flatMap(({ chapters }) => chapters)
  expect(titles.toSorted()).toEqual(USES.map(({ title }) => title).toSorted())
  expect([...chaptersOf(cookbook).keys()].toSorted()).toEqual(titles.toSorted())
})

test('every prompt is in one skill', () => {
  expect(SKILLS.flatMap(({ prompts }) => prompts).toSorted()).toEqual(PROMPTS.map(({ name }) => name).toSorted())
})

describe.each(SKILLS)('$name', ({ name, description, chapters }) => {
  const text = files.get(name) ?? ''

  test('is short, and says when it is for', () => {
    expect(name).toMatch(/^[a-z0-9-]{1,64}$/)
    expect(description.length).toBeLessThan(300)
    expect(description).toContain('Medplum')
    expect(text.length).toBeLessThan(10_000)
  })

  test('has every call of its chapters as in the cookbook, without the answers', () => {
    const steps = USES.filter(({ title }) => chapters.includes(title)).flatMap((use) => use.steps)
    const calls = [...text.matchAll(/```json\n([\s\S]*?)\n```/g)].map(
      ([, json = '']) => JSON.parse(json) as { method?: string },
    )
    expect(calls.map(({ method }) => method)).toEqual(steps.map(({ call }) => call.method))
    for (const [, json = ''] of text.matchAll(/```json\n([\s\S]*?)\n```/g)) expect(cookbook).toContain(json)
    expect(text).not.toMatch(/^answers$/m)
  })
})
