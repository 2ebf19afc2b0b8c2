// The guide as Markdown, for models and for terminals.
import type { Guide, Link } from './guide.ts'

/**
 * The guide as Markdown.
 *
 * @param origin the prefix of links on this server
 */
export function markdownOf(guide: Guide, origin: string): string {
  const link = ({ label, href, about }: Link) =>
    `- [${label}](${href.startsWith('/') ? origin : ''}${href})${about ? `: ${about}` : ''}`
  return [
    `# ${guide.title}`,
    ...guide.lead,
    `> **Preview** ${guide.preview}`,
    '## Connect',
    guide.address,
    `\`${guide.mcpUrl}\``,
    lines(guide.buttons.map(link)),
    ...guide.clients.flatMap(({ name, command, steps }) => [
      `### ${name}`,
      command ? `\`\`\`sh\n${command}\n\`\`\`` : '',
      lines(steps.map((step, index) => `${index + 1}. ${step}`)),
    ]),
    '## Tools',
    lines(guide.tools.map(([name, purpose]) => `- \`${name}\`: ${purpose}`)),
    '## More',
    lines(guide.links.map(link)),
  ]
    .filter((block) => block !== '')
    .join('\n\n')
    .concat('\n')
}

function lines(items: string[]): string {
  return items.join('\n')
}
