// The text of the home page, as data: for the page that people see and the Markdown that models read.
import type { Settings } from '../../config/settings.ts'
import { PREVIEW } from '../shared/layout.tsx'

/** A link; its `href` begins with `/` if it is on this server. */
export interface Link {
  label: string
  href: string
  /** What it leads to. */
  about?: string
}

/** How one client is connected. Text may hold `code` in backticks. */
interface ClientSteps {
  name: string
  /** A command for a terminal, which comes before the steps. */
  command?: string
  steps: string[]
}

export interface Guide {
  title: string
  lead: string[]
  preview: string
  /** What the address is for, and where it can't be reached from. */
  address: string
  mcpUrl: string
  buttons: Link[]
  clients: ClientSteps[]
  tools: [name: string, purpose: string][]
  links: Link[]
}

/** The tools of each set, in the order in which a person gets to know them. */
const READING: Guide['tools'] = [
  ['fhir-digest', 'an overview of many records: what they are, how many, and from when'],
  ['show', 'draws a trend, a timeline, a summary or a table, if the client renders views'],
  ['search', 'finds records by plain words, such as a name or birth date'],
  ['fetch', 'one record that `search` found, as text'],
  ['whoami', 'who is signed in, to which project, and with what access'],
]
const TOOLS: Record<Settings['tools'], Guide['tools']> = {
  default: [
    ['fhir-request', 'any FHIR R4 request: read, search, create, change, delete, batches, files, operations, bots'],
    ['fhir-read', 'reading and searching only, so that a client can allow it without asking'],
    ...READING,
  ],
  directory: [
    ['fhir-read', 'reads and searches'],
    ['fhir-write', 'creates and changes records'],
    ['fhir-delete', 'deletes records'],
    ['fhir-operate', 'runs operations and bots'],
    ...READING,
  ],
}

const COMPUTE: Guide['tools'][number] = ['fhir-compute', 'runs a small program over the records, which can only read']

/**
 * The guide of a deployment.
 *
 * @param computes whether it can run programs
 */
export function guideOf(
  { tenant, root, resource: mcpUrl, medplum, publicUrl, tools }: Settings,
  computes: boolean,
): Guide {
  // Clients tell several servers apart by it.
  const name = tenant === undefined ? 'medplum' : `medplum-${tenant}`
  const local =
    publicUrl.protocol === 'http:' ? ' It works only on this computer: Claude and ChatGPT need a public address.' : ''
  return {
    title: tenant === undefined ? 'Medplum for AI assistants' : `Medplum for AI assistants: ${tenant}`,
    lead: [
      `A remote MCP server: your assistant reads, searches and changes the FHIR R4 records at \`${medplum.baseUrl.host}\`, as you and with your access.`,
      'Add its address to your client and sign in to Medplum.',
    ],
    preview: PREVIEW,
    address: `This is the address to add.${local}`,
    mcpUrl,
    buttons: [
      {
        label: 'Add to Cursor',
        href: `https://cursor.com/en/install-mcp?name=${name}&config=${encodeURIComponent(btoa(JSON.stringify({ url: mcpUrl })))}`,
      },
      {
        label: 'Add to VS Code',
        href: `https://vscode.dev/redirect/mcp/install?name=${name}&config=${encodeURIComponent(JSON.stringify({ type: 'http', url: mcpUrl }))}`,
      },
    ],
    clients: [
      {
        name: 'Claude (claude.ai, Desktop)',
        steps: [
          'Open Settings › Connectors › Add custom connector. On Team and Enterprise plans, an owner must do this first.',
          'Enter the name `Medplum` and the address above, and choose Add.',
          'Choose Connect and sign in.',
        ],
      },
      {
        name: 'Claude Code',
        command: `claude mcp add --transport http ${name} ${mcpUrl}`,
        steps: [`In Claude Code, enter \`/mcp\`, choose ${name} and sign in.`],
      },
      {
        name: 'ChatGPT',
        steps: [
          'Open Settings › Apps › Advanced settings and turn on Developer mode.',
          'Choose Create app, enter the name `Medplum` and the address above, and choose OAuth.',
          'Sign in. In a chat, add Medplum from the + menu.',
        ],
      },
      {
        name: 'Gemini CLI',
        command: `gemini mcp add -s user --transport http ${name} ${mcpUrl}`,
        steps: [`In Gemini CLI, enter \`/mcp auth ${name}\` and sign in.`],
      },
      {
        name: 'MCP Inspector',
        // With a version, because npx on Node 20 would choose one that can't sign in.
        command: `npx -y @modelcontextprotocol/inspector@2.12.0 --cli ${mcpUrl} --transport http --method tools/list`,
        steps: ['Run it in a terminal: it prints the address of the sign-in page.'],
      },
      {
        name: 'Clients that support only local servers',
        command: `npx -y mcp-remote ${mcpUrl} --transport http-only`,
        steps: ['Have the client run this command. All other clients use the address above (Streamable HTTP, OAuth).'],
      },
    ],
    tools: [...TOOLS[tools], ...(computes ? [COMPUTE] : [])],
    links: [
      {
        label: 'Your connections',
        href: `${root}/connections`,
        about: 'see which applications have access, and reduce or end it',
      },
      { label: 'Privacy', href: `${root}/privacy`, about: 'what we store about you, and for how long' },
      { label: 'This page as Markdown', href: `${root}/llms.txt` },
    ],
  }
}
