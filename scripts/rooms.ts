// The rooms (folders) of src/: what each is for, what must never be in it, and which others it may import. All may import `base`.
// test/unit/docs/rooms.test.ts checks the imports against this; `npm run docs` writes the table in docs/architecture.md from it.

interface Room {
  is: string
  never?: string
  knows: readonly string[]
}

/** By folder below src/; `''` is src/ itself. */
export const ROOMS: Record<string, Room> = {
  '': {
    is: 'The composition root: HTTP surface, Durable Objects, nightly purge',
    knows: [
      'config',
      'mcp',
      'mcp/server',
      'mcp/session',
      'oauth',
      'oauth/clients',
      'oauth/grant',
      'web/confirm',
      'web/connections',
      'web/shared',
      'web/sign-in',
      'web/site',
    ],
  },
  mcp: {
    is: 'Which protocol era a request belongs to; plain calls of 2026-07-28; step-up',
    never: 'what a tool does',
    knows: ['access', 'config', 'mcp/server', 'mcp/session', 'oauth', 'tools'],
  },
  'mcp/session': {
    is: 'The Durable Object of an MCP session, and how it answers: JSON, event stream, HTTP+SSE',
    never: 'a stored caller or token',
    knows: ['config', 'mcp/server', 'oauth'],
  },
  'mcp/server': {
    is: 'The server factory: tools, prompts, resources, pace, notes of calls',
    knows: [
      'access/risk',
      'advice/replies',
      'audit',
      'call',
      'client',
      'config',
      'fhir',
      'oauth',
      'oauth/grant',
      'text',
      'tools',
      'tools/fetch',
      'tools/kit',
      'tools/perform',
      'tools/search',
      'tools/show',
    ],
  },
  'web/sign-in': {
    is: 'The consent page, and the way to Medplum’s login and back',
    never: 'a Medplum token in a page, URL or log',
    knows: ['access/narrow', 'audit', 'config', 'fhir', 'oauth', 'oauth/clients', 'web/shared'],
  },
  'web/connections': {
    is: 'The page of a person’s connected clients',
    knows: ['access', 'access/risk', 'config', 'oauth', 'oauth/clients', 'oauth/grant', 'web/shared'],
  },
  'web/confirm': {
    is: 'The page on which a person confirms a change',
    knows: ['config', 'oauth', 'web/shared'],
  },
  'web/site': {
    is: 'Pages for everyone, discovery documents, files',
    never: 'anything about a person',
    knows: ['config', 'web/shared'],
  },
  'web/shared': {
    is: 'Layout, style, error pages, a person’s sign-in to the pages',
    knows: ['access', 'config', 'oauth'],
  },
  oauth: {
    is: 'The authorization server, Medplum as its identity provider, what a connection may do now',
    never: 'HTML',
    knows: ['access', 'access/narrow', 'call', 'client', 'config'],
  },
  'oauth/clients': { is: 'What a client registers: its name, its redirect URIs', knows: [] },
  'oauth/grant': {
    is: 'The Durable Object of a grant: Medplum’s tokens, renewal, revocation, confirmations, last calls',
    never: 'a token in clear text',
    knows: ['access', 'audit', 'config', 'oauth', 'oauth/clients'],
  },
  tools: {
    is: 'The FHIR tools and `whoami`, one file each',
    never: 'MCP, OAuth, settings',
    knows: [
      'access',
      'access/narrow',
      'access/risk',
      'advice/replies',
      'answer',
      'answer/compact',
      'answer/digest',
      'audit',
      'client',
      'compute',
      'fhir',
      'text',
      'tools/digest',
      'tools/kit',
      'tools/perform',
      'tools/request',
    ],
  },
  'tools/digest': {
    is: 'What a digest reads, groups and compares, and its presentation',
    knows: [
      'advice/replies',
      'answer/compact',
      'answer/digest',
      'answer/select',
      'client',
      'fhir',
      'text',
      'tools/kit',
      'tools/perform',
      'tools/request',
    ],
  },
  'tools/search': {
    is: 'The tool `search`: plain words to a few searches',
    knows: ['call', 'fhir', 'text', 'tools/kit', 'tools/perform'],
  },
  'tools/show': {
    is: 'The tool `show`: what a view draws, and the same in words',
    never: 'markup',
    knows: [
      'answer/compact',
      'answer/digest',
      'answer/select',
      'audit',
      'client',
      'fhir',
      'text',
      'tools/kit',
      'tools/perform',
      'tools/request',
    ],
  },
  'tools/fetch': {
    is: 'The tool `fetch`: a record and its files as text',
    knows: ['answer/compact', 'client', 'text', 'tools/kit', 'tools/perform', 'tools/search'],
  },
  'tools/perform': {
    is: 'One request from arguments to answer: understood, allowed, asked, sent, presented',
    knows: [
      'access/risk',
      'advice/replies',
      'advice/requests',
      'answer',
      'audit',
      'client',
      'fhir',
      'marks',
      'secrets',
      'text',
      'tools/confirm',
      'tools/kit',
      'tools/request',
    ],
  },
  'tools/confirm': {
    is: 'What a request would change: the question to the person, and the dry run',
    never: 'a change',
    knows: ['access/risk', 'call', 'client', 'fhir', 'secrets', 'text', 'tools/kit', 'tools/request'],
  },
  'tools/request': {
    is: 'From arguments to the request that is sent: composed once, checked, classified',
    never: 'anything sent',
    knows: [
      'access/risk',
      'advice/requests',
      'answer/select',
      'client',
      'fhir',
      'marks',
      'secrets',
      'text',
      'tools/kit',
    ],
  },
  'tools/kit': {
    is: 'What a tool is, what it works with, and how its result becomes MCP’s',
    never: 'what only one tool needs',
    knows: ['access', 'access/risk', 'audit', 'call', 'client', 'fhir', 'marks'],
  },
  compute: {
    is: 'Programs in their own isolate: which JavaScript they have, and how their source is made to count steps',
    never: 'FHIR, a network, what another call left',
    knows: ['compute/isolate'],
  },
  'compute/isolate': {
    is: 'The language around a program in its isolate, every part of which counts its steps',
    never: 'a value from another file: each function goes there as text and takes what it needs as arguments',
    knows: [],
  },
  answer: {
    is: 'Answers within their budget: whole entries are dropped, JSON is never cut',
    never: 'a request',
    knows: ['answer/compact', 'answer/digest', 'answer/select'],
  },
  'answer/compact': { is: 'The compact form of any JSON', knows: [] },
  'answer/select': { is: 'FHIRPath columns', knows: ['answer/compact'] },
  'answer/digest': { is: 'Many records, counted', knows: ['fhir'] },
  text: { is: 'Records and files as text', knows: ['answer/compact', 'secrets'] },
  'advice/replies': {
    is: 'Answers that say less than they seem to; advice on errors',
    never: 'a request',
    knows: ['access/risk', 'advice/requests', 'fhir'],
  },
  'advice/requests': {
    is: 'Requests that Medplum would misread: refused, rewritten or sent with a warning',
    knows: ['fhir'],
  },
  marks: { is: 'The label of AI work, Provenance, AuditEvent', knows: ['client'] },
  call: {
    is: 'Interfaces: who calls, and what a person agrees to',
    never: 'an implementation',
    knows: ['access', 'client'],
  },
  audit: {
    is: 'The log of calls and OAuth decisions: an allow-list of fields',
    never: 'a token, an id, a patient datum',
    knows: ['access', 'access/risk', 'config', 'fhir'],
  },
  access: {
    is: 'The guard of the FHIR client: levels, narrowing, pace',
    knows: ['access/narrow', 'access/risk', 'client'],
  },
  'access/risk': { is: 'What a request would do, according to a table of Medplum’s routes', knows: ['client', 'fhir'] },
  'access/narrow': { is: 'Connections narrowed to types or to one patient', knows: ['client', 'fhir'] },
  config: { is: 'Settings and tenants, parsed once', knows: ['access'] },
  client: {
    is: 'The only way to Medplum’s FHIR API: requests, answers, retries, jobs, pages',
    never: 'a redirect followed, a POST repeated',
    knows: ['fhir', 'secrets'],
  },
  secrets: { is: 'What must not be shown', knows: ['fhir'] },
  fhir: {
    is: 'FHIR as a language: paths, queries, types, dates, patches, differences',
    never: 'anything sent',
    knows: [],
  },
  base: { is: 'JSON, text, errors, time limits, sealing', never: 'FHIR, OAuth, MCP', knows: [] },
}

/** The rooms as a table, each above those that it imports. */
export function roomsTable(): string {
  const rows = Object.entries(ROOMS).map(
    ([name, { is, never = '', knows }]) =>
      `| \`src/${name}${name && '/'}\` | ${is} | ${never} | ${knows.map((one) => `\`${one}\``).join(' ')} |`,
  )
  return ['| room | what is there | never there | knows, besides `base` |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  )
}
