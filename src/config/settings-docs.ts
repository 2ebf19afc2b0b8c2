// What the settings are for, as data: the table of docs/operations.md is written from it (`npm run docs`). The Worker
// doesn't load it; settings.ts and tenants.ts parse the settings.

interface SettingText {
  /** What applies if it is not set; `required` if there is no default. */
  unset: string
  /** In a table's cell. */
  meaning: string
  /** It is set by `wrangler secret put` and is not in a file. */
  isSecret?: true
}

/** In display order. */
export const SETTINGS: Record<string, SettingText> = {
  PUBLIC_URL: {
    unset: 'required',
    meaning: 'the address of this server: an origin, https (http only on localhost)',
  },
  MEDPLUM_BASE_URL: { unset: '`https://api.medplum.com/`', meaning: 'the Medplum server' },
  MEDPLUM_CLIENT_ID: { unset: 'required', meaning: 'the ClientApplication through which people sign in' },
  MEDPLUM_CLIENT_SECRET: { unset: 'none', meaning: "its secret; Medplum doesn't ask for it with PKCE", isSecret: true },
  MEDPLUM_APP_URL: { unset: "hosted Medplum's", meaning: 'the Medplum App, for links to records' },
  ALLOWED_ORIGINS: {
    unset: 'any; on localhost none',
    meaning: "the only web origins that may call `/mcp`, besides the server's own and localhost; separated by commas",
  },
  CLIENT_DOCUMENTS: {
    unset: 'on; off on localhost',
    meaning:
      'whether clients may identify themselves by a metadata document; set it to `off` if the Worker can’t reach the internet',
  },
  SESSION_IDLE_HOURS: { unset: '`24`', meaning: 'a session is deleted after this time without use' },
  UPSTREAM_TIMEOUT_SECONDS: { unset: '`55`', meaning: 'how long a call may wait for Medplum' },
  ANSWER_CHARS: {
    unset: '`60000`',
    meaning: 'maximum characters in an answer, unless a call sets its own maximum; 2000 to 100000',
  },
  TOOLS: { unset: '`default`', meaning: '`directory`: no tool mixes reads and writes' },
  MAX_ACCESS: {
    unset: '`full`',
    meaning: 'the highest access level that a person may grant: `read`, `write`, `full`, `admin`',
  },
  CONFIRM: { unset: '`delete`', meaning: 'what the person must confirm: `delete`, `write` (all changes) or `never`' },
  AI_TAG: { unset: '`on`', meaning: 'whether what is written is labelled as AI-asserted; `on` or `off`' },
  AI_PROVENANCE: { unset: '`off`', meaning: 'whether each create and change gets a Provenance; `on` or `off`' },
  FHIR_AUDIT: {
    unset: '`off`',
    meaning: "whether each change leaves an AuditEvent in the person's project; `on` or `off`",
  },
  AUDIT_KEY: {
    unset: 'none',
    meaning: 'a key of at least 32 characters, which lets logs tell people apart; without it they can’t',
    isSecret: true,
  },
  REVOKED_BEFORE: {
    unset: 'none',
    meaning: 'ends every sign-in made before this moment (`2026-11-26T12:00:00Z`), at once',
  },
  TENANTS: { unset: 'none', meaning: 'more Medplum servers or projects, as a JSON object' },
  TENANT_SECRETS: { unset: 'none', meaning: 'the client secrets of tenants by name, as a JSON object', isSecret: true },
}

/** The table in Markdown. */
export function settingsTable(): string {
  const rows = Object.entries(SETTINGS).map(
    ([name, { unset, meaning, isSecret }]) =>
      `| \`${name}\` | ${unset} | ${meaning}${isSecret ? ' (a secret: `npx wrangler secret put`)' : ''} |`,
  )
  return ['| setting | default | what it is |', '|---|---|---|', ...rows].join('\n')
}
