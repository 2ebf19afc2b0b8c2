// The manual as skills over MCP (SEP-2640): manual/ builds them from the cookbook and the prompts, as a static asset of the Worker.
import { type McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server'
import { DIRECTORY_MIME_TYPE, type Skill, SkillsExtension } from '@modelcontextprotocol/server/ext/skills'

/** The content of the asset. */
export interface SkillsFile {
  skills: Skill[]
  /** By address. */
  texts: Record<string, string>
}

/** The Worker's static assets. */
interface Assets {
  fetch(url: string): Promise<Response>
}

const MARKDOWN = 'text/markdown'

/** Registers the skills. They are the same for everybody. */
export function registerSkills(server: McpServer, assets: Assets, publicTtlMs: number): void {
  const file = async (): Promise<SkillsFile> => {
    const answer = await assets.fetch('https://assets.invalid/skills.json')
    if (answer.ok) return (await answer.json()) as SkillsFile
    await answer.body?.cancel()
    throw new ProtocolError(
      ProtocolErrorCode.InternalError,
      'This deployment has no skills, because they were not built. Its operator can fix this by deploying again.',
    )
  }
  new SkillsExtension({
    cacheHint: { ttlMs: publicTtlMs, cacheScope: 'public' },
    source: {
      list: async () => ({ skills: (await file()).skills }),
      get: async (uri) => (await file()).skills.find((skill) => skill.uri === uri),
      async read(uri) {
        const { texts } = await file()
        return Object.hasOwn(texts, uri) ? { text: texts[uri] ?? '', mimeType: MARKDOWN } : undefined
      },
      async readDirectory(uri) {
        const { skills } = await file()
        const root = uri.replace(/\/$/, '')
        if (root === 'skill:') {
          return {
            resources: skills.map(({ uri: of, frontmatter: { name } }) => ({
              uri: of.slice(0, -'/SKILL.md'.length),
              name,
              mimeType: DIRECTORY_MIME_TYPE,
            })),
          }
        }
        const skill = skills.find(({ uri: of }) => of === `${root}/SKILL.md`)
        return skill && { resources: [{ uri: skill.uri, name: 'SKILL.md', mimeType: MARKDOWN }] }
      },
    },
  }).attach(server)
}
