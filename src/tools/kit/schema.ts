// A tool's input schema as clients and models see it.

import type * as z from 'zod'
import type { Tool } from './tool.ts'

/** By tool, for an isolate's life. */
const schemas = new WeakMap<object, z.ZodObject>()

/**
 * The tool's schema as it is advertised, its JSON Schema made once in an isolate's life, and applied to arguments put into
 * its form first.
 */
export function advertised<Input extends z.ZodObject>(tool: Tool<Input>): z.ZodObject {
  const known = schemas.get(tool)
  if (known) return known
  const { input, normalise } = tool
  const standard = input['~standard']
  const validate: typeof standard.validate = normalise
    ? (value, options) => standard.validate(normalise(value), options)
    : standard.validate
  const made = new Map<string, Record<string, unknown>>()
  const jsonSchema: typeof standard.jsonSchema = {
    input: (options) => remembered(made, `input ${options.target}`, () => concise(standard.jsonSchema.input(options))),
    output: (options) => remembered(made, `output ${options.target}`, () => standard.jsonSchema.output(options)),
  }
  const schema = { '~standard': { ...standard, validate, jsonSchema } } as unknown as z.ZodObject
  schemas.set(tool, schema)
  return schema
}

/**
 * Without what every model would read in vain: the dialect, which is the default one (MCP, tools), the bound of all integers,
 * and bounds of texts far beyond what anybody writes.
 */
function concise({ $schema: _dialect, ...schema }: Record<string, unknown>): Record<string, unknown> {
  const isInVain = (key: string, value: unknown) =>
    typeof value === 'number' && (key === 'maxLength' || (key === 'maximum' && value === Number.MAX_SAFE_INTEGER))
  return JSON.parse(JSON.stringify(schema, (key, value: unknown) => (isInVain(key, value) ? undefined : value)))
}

function remembered<T>(made: Map<string, T>, key: string, make: () => T): T {
  const known = made.get(key) ?? make()
  made.set(key, known)
  return known
}
