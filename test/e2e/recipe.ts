/** A recipe as data: calls with placeholders, the values to keep from each answer, and checks of the answer. */
import { evalFhirPath } from '@medplum/core'
import type { ConnectedClient, ToolResult } from '../../programs/clients.ts'
import { LEVELS, type Level, refusalOf } from '../../src/access/access.ts'
import { classify, type RiskRequest } from '../../src/access/risk/risk.ts'
import { decode } from '../unit/answer/decode.ts'

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

export interface Use {
  title: string
  why: string
  steps: Step[]
}

export interface Step {
  say: string
  /** Who calls; alice, a practitioner, unless said otherwise. */
  as?: Person
  /** Arguments of fhir-request. `{name}` stands for a kept value; a text that is nothing else may stand for any JSON. */
  call: { [name: string]: Json }
  /** FHIRPath into a JSON answer, or a pattern whose first group is in the text of any other. */
  keep?: Record<string, string | RegExp>
  /** What the document shows of a JSON answer, written like a GraphQL selection; all of it if absent. */
  shows?: string
  /** The client asks for progress notifications. */
  progress?: true
  check(answer: Answer): void
}

export type Person = 'alice' | 'ada'

export interface Answer {
  result: ToolResult
  /** The first block of text; of quoted content, that content. */
  text: string
  /** The same as a value, from JSON or the compact form; undefined if it is neither. */
  json: unknown
  progress: { progress: number; message?: string | undefined }[]
  /** The access level that the call needs. */
  level: Level
}

/** Values kept so far, by name. */
export type Kept = Map<string, unknown>

/** Carries out one step and keeps what later ones need. */
export async function take(step: Step, client: ConnectedClient, kept: Kept): Promise<Answer> {
  const progress: Answer['progress'] = []
  const options = step.progress && { onprogress: (one: Answer['progress'][number]) => progress.push(one) }
  const args = filled(step.call, kept) as Record<string, unknown>
  const result = await client.call('fhir-request', args, options)
  const text = unquoted(result.content[0]?.text ?? '')
  if (result.isError) throw new Error(`${JSON.stringify(step.call)}: ${text}`)
  const answer = { result, text, json: parsed(text) ?? decoded(text), progress, level: levelFor(args) }
  step.check(answer)
  for (const [name, where] of Object.entries(step.keep ?? {})) {
    const value = where instanceof RegExp ? found(where, result) : evalFhirPath(where, answer.json)[0]
    if (value === undefined) throw new Error(`Nothing to keep as {${name}} at ${where} of ${text}`)
    kept.set(name, value)
  }
  return answer
}

/** The lowest level that allows a call of fhir-request, as the server judges it. */
function levelFor({ patch, text, body = patch ?? text, ...args }: Record<string, unknown>): Level {
  const risk = classify({ ...args, body } as RiskRequest)
  return LEVELS.find((level) => !refusalOf(risk, { level })) ?? 'admin'
}

/** The same value with every placeholder replaced. */
function filled(template: Json, kept: Kept): unknown {
  if (Array.isArray(template)) return template.map((one) => filled(one, kept))
  if (typeof template === 'object' && template !== null) {
    return Object.fromEntries(Object.entries(template).map(([name, one]) => [name, filled(one, kept)]))
  }
  if (typeof template !== 'string') return template
  const value = (name: string) => {
    if (!kept.has(name)) throw new Error(`No {${name}} was kept`)
    return kept.get(name)
  }
  const whole = /^\{(\w+)\}$/.exec(template)?.[1]
  return whole ? value(whole) : template.replace(/\{(\w+)\}/g, (_, name: string) => String(value(name)))
}

function found(pattern: RegExp, { content }: ToolResult): unknown {
  const group = pattern.exec(content.map((block) => block.text ?? '').join('\n'))?.[1]
  return group === undefined ? undefined : parsed(group)
}

/** Quoted record content without the lines around it. */
function unquoted(text: string): string {
  return /quoted record content up to the line (\S+):\n([\s\S]*)\n\1$/.exec(text)?.[2] ?? text
}

function decoded(text: string): unknown {
  try {
    return decode(text)
  } catch {
    return undefined
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
