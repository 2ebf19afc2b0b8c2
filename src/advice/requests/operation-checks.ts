// Operations that Medplum answers with success although they did nothing, or something other than intended.

import { isRecord, records, scalarText } from '../../base/json.ts'
import type { Asked, Place } from '../../fhir/query.ts'

interface Found {
  refusals: string[]
  warnings: string[]
}

type Check = (asked: Asked, place: Place) => Partial<Found>

/** By the operation's name, for types that have it; writes are listed by type. */
const CHECKS: readonly (readonly [type: RegExp, operation: string | undefined, check: Check])[] = [
  [/^Agent$/, '$push', pushed],
  [/^Bot$/, '$deploy', deployed],
  [/^Bot$/, '$init', initialised],
  [/^Bot$/, undefined, botWritten],
  [/^[^$]/, '$validate', validated],
  [/^\$validate$/, '$validate', validatedNowhere],
]

/** Findings about an operation, or a create by POST, before it is sent. */
export function operationFindings(asked: Asked, place: Place): Found {
  const [type = ''] = place.segments
  const last = place.segments.at(-1)
  const operation = last?.startsWith('$') ? last : undefined
  const found = CHECKS.filter(([types, name]) => types.test(type) && name === operation).map(([, , check]) =>
    check(asked, place),
  )
  return {
    refusals: found.flatMap(({ refusals = [] }) => refusals),
    warnings: found.flatMap(({ warnings = [] }) => warnings),
  }
}

/** `Agent/$push` reads only texts from Parameters. Anything else would be ignored, and with it the request to wait. */
function pushed({ body }: Asked): Partial<Found> {
  const unseen = records(body, 'parameter').filter(({ valueString }) => valueString === undefined)
  if (unseen.length === 0) return {}
  return {
    refusals: [
      `For Agent/$push, Medplum reads only valueString from Parameters and would ignore ${unseen.map(({ name }) => String(name)).join(', ')}. Send the body as plain JSON: {"destination":"Device/ID","contentType":"x-application/hl7-v2+er7","body":"MSH|…","waitForResponse":true}.`,
    ],
  }
}

// ── Bots ──

/** A line that begins with a module statement; `import(…)` is not one. */
const OF_MODULES =
  /^[ \t]*(?:(import)(?:[ \t]*[{*"']|[ \t]+[\w$])|(export)(?:[ \t]*[{*]|[ \t]+(?:default|async|function|class|const|let|var)\b))/m

/** A parameter with a type, or a declaration of types. */
const TYPED = /\([ \t]*\w+[ \t]*\??:[ \t]*[A-Za-z{[]|^[ \t]*(?:interface[ \t]+\w+[ \t]*\{|type[ \t]+\w+[ \t]*=)/m

/** Medplum deploys any text; errors only show when the bot runs. */
function deployed({ body }: Asked): Partial<Found> {
  const { code, filename } = isRecord(body) ? body : {}
  if (typeof code !== 'string' || /\.mjs$/.test(scalarText(filename))) return {}
  const word = OF_MODULES.exec(code)?.slice(1).find(Boolean)
  if (word !== undefined) {
    return {
      refusals: [
        `\`code\` has an \`${word}\` statement. Medplum would deploy it and fail at each run: it takes plain JavaScript as CommonJS. Write \`const { … } = require('@medplum/core');\` for imports, and \`exports.handler = async function (medplum, event) { … };\` for the handler.`,
      ],
    }
  }
  if (TYPED.test(code)) {
    return {
      refusals: [
        '`code` is TypeScript. Medplum would deploy it as it is and fail at each run: it takes plain JavaScript. Leave out the types, as in `exports.handler = async function (medplum, event) { … };`.',
      ],
    }
  }
  if (!/\bexports\b/.test(code) || !/\bhandler\b/.test(code)) {
    return {
      refusals: [
        '`code` sets no `exports.handler`. Medplum would deploy it and fail at each run. Write `exports.handler = async function (medplum, event) { … };`.',
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
          '`code` does not end with `;`. Where bots run in the server (runtimeVersion vmcontext), what Medplum puts behind it then counts as a call of what it ends with, and each run fails. Deploy it again with `;` at the end.',
        ],
      }
    : {}
}

/** `Bot/$init` with code makes a bot that runs: what is wrong with that shows as late. */
function initialised({ body, ...asked }: Asked): Partial<Found> {
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

function botWritten({ method, body }: Asked, { segments }: Place): Partial<Found> {
  const names = Array.isArray(body)
    ? records({ body }, 'body').map(({ path }) => String(path))
    : Object.keys(isRecord(body) ? body : {})
  const isCode =
    segments.length === 2 && names.some((name) => /^\/?code$/.test(name) || (method === 'PATCH' && CODE.test(name)))
  return isCode
    ? {
        warnings: [
          `The bot goes on running the code that was deployed last. To change it, POST Bot/${segments[1]}/$deploy with {"code":"…"}.`,
        ],
      }
    : botCreated({ method, path: '', body }, { segments, parameters: [] })
}

function botCreated({ method, body }: Asked, { segments }: Place): Partial<Found> {
  if (method !== 'POST' || segments.length !== 1 || !isRecord(body)) return {}
  return {
    warnings: [
      'A Bot made by POST Bot has no ProjectMembership: Subscriptions to it fail without a word, although $execute works. POST Bot/$init with {"name":"…"} makes one that has, with {"executableCode":{"contentType":"text/javascript","title":"index.js","data":BASE64}} besides also its code; a project admin may call it.',
    ],
  }
}

// ── Validation ──

function validatedNowhere({ body }: Asked): Partial<Found> {
  const type = scalarText(isRecord(body) ? body.resourceType : '') || 'Patient'
  return { refusals: [`$validate stands behind a type: POST ${type}/$validate.`] }
}

/** Medplum validates the body by its own type and profiles; it reads no parameter. */
function validated({ body }: Asked, { segments, parameters }: Place): Partial<Found> {
  const [type = ''] = segments
  const profile =
    parameters.find(({ key }) => key === 'profile')?.value ??
    records(body, 'parameter').flatMap(({ name, ...value }) => (name === 'profile' ? Object.values(value) : []))[0]
  const how = `Send the ${type} itself as the body${profile === undefined ? '' : `, with "meta":{"profile":[${JSON.stringify(profile)}]}`}.`
  const given = isRecord(body) ? body.resourceType : undefined
  if (given === 'Parameters' && type !== 'Parameters') {
    return { refusals: [`Medplum would check the Parameters, not the ${type} by its profile in them. ${how}`] }
  }
  if (profile !== undefined) return { refusals: [`Medplum ignores \`profile\` on $validate. ${how}`] }
  if (typeof given === 'string' && given !== type) {
    return {
      refusals: [
        `Medplum would check the body as the ${given} that it is, and not that it is a ${type}. Send a ${type}, or POST ${given}/$validate.`,
      ],
    }
  }
  return {}
}
