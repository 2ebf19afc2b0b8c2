// Runs the official FHIRPath tests for R4 (public domain) against `select`, if `../shared/fhirpath` has them.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRecord } from '../../src/base/json.ts'

/** Path of the suite, relative to the project. */
export const SUITE = '../shared/fhirpath'

interface SuiteTest {
  name: string
  group: string
  file: string
  expression: string
  /** The expression must fail. */
  invalid: boolean
  /** Only whether the result is true counts. */
  predicate: boolean
  outputs: string[]
}

/** `told`: nothing was found where something, or an error, was due, and the answer says that nothing was found, with a hint. */
export const VERDICTS = ['right', 'refused', 'told', 'lenient', 'error', 'silently different'] as const
type Verdict = (typeof VERDICTS)[number]

/** `valueQuantity`, as JSON names it, is read as `value.ofType(Quantity)`: models write it, and nothing else can be meant. */
const LENIENT = /\bvalueQuantity\b/

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function decoded(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name = '') =>
    hex || decimal ? String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal)) : (ENTITIES[name] ?? whole),
  )
}

export function readSuite(): SuiteTest[] {
  const text = readFileSync(join(SUITE, 'tests-fhir-r4.xml'), 'utf8').replaceAll(/<!--.*?-->/gs, '')
  return [...text.matchAll(/<group name="([^"]*)".*?<\/group>/gs)].flatMap(([group, groupName = '']) =>
    [...group.matchAll(/<test ([^>]*)>(.*?)<\/test>/gs)].map(([, attributes = '', body = '']): SuiteTest => {
      const attribute = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1]
      const [, marks = '', expression = ''] = /<expression([^>]*)>(.*?)<\/expression>/s.exec(body) ?? []
      return {
        name: attribute('name') ?? '',
        group: groupName,
        file: attribute('inputfile') ?? 'patient-example.xml',
        expression: decoded(expression),
        invalid: marks.includes('invalid='),
        predicate: attribute('predicate') === 'true',
        outputs: [...body.matchAll(/<output[^>]*?(?:\/>|>(.*?)<\/output>)/gs)].map(([, value = '']) => decoded(value)),
      }
    }),
  )
}

/** The resource that a test is about. */
function readInput(file: string): unknown {
  const json = join(SUITE, file.replace(/\.xml$/, '.json'))
  return existsSync(json) ? JSON.parse(readFileSync(json, 'utf8')) : fromXml(readFileSync(join(SUITE, file), 'utf8'))
}

const REPEATED = new Set(
  'extension identifier name given prefix suffix telecom address line contact parameter part contains entry link communication generalPractitioner coding'.split(
    ' ',
  ),
)
const TRUE_TYPES = /^(?:true|false)$/

/** FHIR XML as JSON, as far as the inputs need it. */
function fromXml(xml: string): unknown {
  const text = xml.replaceAll(/<!--.*?-->|<\?.*?\?>|<text>.*?<\/text>/gs, '')
  const stack: { name: string; value: Record<string, unknown> }[] = [{ name: '', value: {} }]
  for (const [, close, name = '', attributes = '', empty] of text.matchAll(/<(\/?)([\w:]+)([^>]*?)(\/?)>/g)) {
    if (close) {
      const done = stack.pop()
      if (done) put(stack.at(-1)?.value ?? {}, done.name, done.value)
    } else if (empty) {
      put(stack.at(-1)?.value ?? {}, name, scalar(name, decoded(/value="([^"]*)"/.exec(attributes)?.[1] ?? '')))
    } else {
      const url = /\burl="([^"]*)"/.exec(attributes)?.[1]
      stack.push({ name, value: url === undefined ? {} : { url: decoded(url) } })
    }
  }
  const [[type, resource] = ['', {}]] = Object.entries(stack[0]?.value ?? {})
  return { resourceType: type, ...(resource as object) }
}

function put(parent: Record<string, unknown>, name: string, value: unknown): void {
  const before = parent[name]
  if (REPEATED.has(name) || before !== undefined) {
    parent[name] = [...(Array.isArray(before) ? before : before === undefined ? [] : [before]), value]
  } else parent[name] = value
}

function scalar(name: string, value: string): unknown {
  if (TRUE_TYPES.test(value)) return value === 'true'
  const isNumber = /^(?:value(?:Integer|Decimal|PositiveInt|UnsignedInt)|value|total|offset)$/.test(name)
  return isNumber && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value
}

/** The result of a test; `error` if it failed with a message that isn't made for the model. */
export function judge(
  test: SuiteTest,
  evaluate: (expression: string, input: unknown) => unknown[],
  told: (error: unknown) => boolean,
): { verdict: Verdict; found: string } {
  let found: unknown[]
  try {
    found = evaluate(test.expression, readInput(test.file))
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (test.invalid) return { verdict: 'right', found: message }
    return { verdict: told(error) ? 'refused' : 'error', found: message }
  }
  const shown = found.map(asText)
  const isRight =
    !test.invalid && (test.predicate ? isTrue(found) === (test.outputs[0] === 'true') : isSame(shown, test.outputs))
  const otherwise = found.length === 0 ? 'told' : LENIENT.test(test.expression) ? 'lenient' : 'silently different'
  return { verdict: isRight ? 'right' : otherwise, found: shown.join(', ') }
}

function isTrue(found: unknown[]): boolean {
  return found.length > 0 && found[0] !== false
}

function isSame(found: string[], outputs: string[]): boolean {
  return found.length === outputs.length && found.every((one, index) => sameValue(one, outputs[index] ?? ''))
}

function sameValue(found: string, output: string): boolean {
  if (found === output || found === output.replace(/^@T?/, '')) return true
  return output !== '' && Number(found) === Number(output)
}

function asText(value: unknown): string {
  if (isRecord(value) && typeof value.value === 'number') return `${value.value} '${value.code ?? value.unit ?? '1'}'`
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
