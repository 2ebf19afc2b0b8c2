// The manual as skills (SEP-2640): listed with digests, read as resources, the same for everybody.
import { beforeAll, expect, test } from 'vitest'
import { signIn } from '../world/signing-in.ts'
import { askModern } from '../world/surface.ts'
import { alice } from '../world/world.ts'

interface Skill {
  uri: string
  frontmatter: { name: string; description: string }
  resources?: { uri: string; digest: string; size: number }[]
}

let access: string
beforeAll(async () => {
  access = (await signIn(alice)).access
})

test('are declared and listed, each with a text that has its digest and size', async () => {
  const { result: server } = await askModern(access, 'server/discover')
  expect(server?.capabilities).toMatchObject({ extensions: { 'io.modelcontextprotocol/skills': expect.anything() } })
  const { result } = await askModern(access, 'skills/list')
  const skills = result?.skills as unknown as Skill[]
  expect(skills.map(({ frontmatter: { name } }) => name)).toContain('claims')
  expect(skills).toHaveLength(8)
  for (const skill of skills) {
    const [file] = skill.resources ?? []
    expect(file?.uri).toBe(skill.uri)
    const read = await askModern(access, 'resources/read', { uri: skill.uri }, skill.uri)
    const [content] = (read.result?.contents ?? []) as unknown as { text: string; mimeType: string }[]
    const bytes = new TextEncoder().encode(content?.text)
    const hash = Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join('')
    expect([file?.size, file?.digest]).toEqual([bytes.byteLength, `sha256:${hash}`])
    expect(content?.text).toContain(`name: ${skill.frontmatter.name}`)
  }
})

test('a missing one is not found', async () => {
  for (const uri of ['skill://nothing/SKILL.md', 'skill://constructor/SKILL.md', 'skill://claims/../x']) {
    expect((await askModern(access, 'skills/get', { uri }, uri)).error?.code).toBe(-32602)
  }
})
