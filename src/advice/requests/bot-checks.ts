// The code of bots: Medplum stores and deploys whatever it is given, and errors only show when a bot runs.

import { isRecord, records, scalarText } from '../../base/json.ts'
import type { Asked, Place } from '../../fhir/query.ts'
import type { Checked } from './checked.ts'

/** A line that begins with a module statement; `import(…)` is not one. */
const OF_MODULES =
  /^[ \t]*(?:(import)(?:[ \t]*[{*"']|[ \t]+[\w$])|(export)(?:[ \t]*[{*]|[ \t]+(?:default|async|function|class|const|let|var)\b))/m

/** A parameter with a type, or a declaration of types. */
const TYPED = /\([ \t]*\w+[ \t]*\??:[ \t]*[A-Za-z{[]|^[ \t]*(?:interface[ \t]+\w+[ \t]*\{|type[ \t]+\w+[ \t]*=)/m

export function deployed({ body }: Asked): Partial<Checked> {
  const { code, filename } = isRecord(body) ? body : {}
  if (typeof code !== 'string' || /\.mjs$/.test(scalarText(filename))) return {}
  const word = OF_MODULES.exec(code)?.slice(1).find(Boolean)
  if (word !== undefined) {
    return {
      refusals: [
        `\`code\` has an \`${word}\` statement. Medplum would deploy it, and each run would fail: it takes plain JavaScript as CommonJS. Write \`const { … } = require('@medplum/core');\` for imports, and \`exports.handler = async function (medplum, event) { … };\` for the handler.`,
      ],
    }
  }
  if (TYPED.test(code)) {
    return {
      refusals: [
        '`code` is TypeScript. Medplum would deploy it unchanged, and each run would fail: it takes plain JavaScript. Leave out the types, as in `exports.handler = async function (medplum, event) { … };`.',
      ],
    }
  }
  if (!/\bexports\b/.test(code) || !/\bhandler\b/.test(code)) {
    return {
      refusals: [
        '`code` sets no `exports.handler`. Medplum would deploy it, and each run would fail. Write `exports.handler = async function (medplum, event) { … };`.',
      ],
    }
  }
  if (/\bmodule\.exports[ \t]*=/.test(code) && !/\bexports\.handler\b/.test(code)) {
    return {
      warnings: [
        '`code` sets `module.exports`. Bots that run in the server (runtimeVersion vmcontext) need `exports.handler = …`, or each run fails.',
      ],
    }
  }
  const end = code.trimEnd().at(-1)
  const isOpen = end === '}' ? /\bexports\.handler\s*=\s*(?:async\s+)?function\b/.test(code) : end !== ';'
  return isOpen
    ? {
        warnings: [
          '`code` does not end with `;`. Where bots run in the server (runtimeVersion vmcontext), Medplum appends code that would then be read as a call of the last expression, and each run fails. Deploy it again with `;` at the end.',
        ],
      }
    : {}
}

/** `Bot/$init` with code creates a bot that runs, so the same checks apply. */
export function initialised({ body, ...asked }: Asked): Partial<Checked> {
  const given = records(body, 'parameter').find(({ name }) => name === 'executableCode')?.valueAttachment
  const { data, title } = [given, isRecord(body) ? body.executableCode : undefined].find(isRecord) ?? {}
  const code = decoded(scalarText(data))
  if (code === undefined) return {}
  const { refusals = [], warnings = [] } = deployed({ ...asked, body: { code, filename: title } })
  const named = (text: string) => text.replace('`code`', '`executableCode`')
  return { refusals: refusals.map(named), warnings: warnings.map(named) }
}

function decoded(base64: string): string | undefined {
  try {
    return base64 === ''
      ? undefined
      : new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)))
  } catch {
    return undefined
  }
}

const CODE = /^\/?(?:code|sourceCode|executableCode)(?:\/|$)/

export function botWritten({ method, body }: Asked, { segments }: Place): Partial<Checked> {
  const names = Array.isArray(body)
    ? records({ body }, 'body').map(({ path }) => String(path))
    : Object.keys(isRecord(body) ? body : {})
  const isCode =
    segments.length === 2 && names.some((name) => /^\/?code$/.test(name) || (method === 'PATCH' && CODE.test(name)))
  return isCode
    ? {
        warnings: [
          `The bot still runs the code that was deployed last. To change it, POST Bot/${segments[1]}/$deploy with {"code":"…"}.`,
        ],
      }
    : botCreated({ method, path: '', body }, { segments, parameters: [] })
}

function botCreated({ method, body }: Asked, { segments }: Place): Partial<Checked> {
  if (method !== 'POST' || segments.length !== 1 || !isRecord(body)) return {}
  return {
    warnings: [
      'A Bot made by POST Bot has no ProjectMembership: Subscriptions to it fail silently, although $execute works. POST Bot/$init with {"name":"…"} creates one with a membership, and with its code if you add {"executableCode":{"contentType":"text/javascript","title":"index.js","data":BASE64}}; a project admin may call it.',
    ],
  }
}
