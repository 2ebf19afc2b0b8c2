// A tool's input schema as clients and models see it.

import type * as z from 'zod'
import type { Tool } from './tool.ts'
import { unknownArguments } from './unknown-arguments.ts'

/** Arguments in the tool's form, and notes on how they were understood. */
export interface Understood<Input extends z.ZodObject = z.ZodObject> {
  args: z.output<Input>
  notes: string[]
}

/** By tool, for the isolate's lifetime. */
const schemas = new WeakMap<object, z.ZodObject>()

/**
 * The tool's schema as it is advertised, with its JSON Schema created once per isolate. It validates to {@link Understood}.
 *
 * It doesn't advertise `additionalProperties: false`, although other arguments are refused: Gemini's API refuses all tools of a request
 * if one has it, and not every host removes it.
 */
export function advertised<Input extends z.ZodObject>(tool: Tool<Input>): z.ZodObject {
  const known = schemas.get(tool)
  if (known) return known
  const standard = tool.input['~standard']
  const validate = (value: unknown) => understand(tool, value)
  const made = new Map<string, Record<string, unknown>>()
  const jsonSchema: typeof standard.jsonSchema = {
    input: (options) => remembered(made, `input ${options.target}`, () => concise(standard.jsonSchema.input(options))),
    output: (options) => remembered(made, `output ${options.target}`, () => standard.jsonSchema.output(options)),
  }
  const schema = { '~standard': { ...standard, validate, jsonSchema } } as unknown as z.ZodObject
  schemas.set(tool, schema)
  return schema
}

/** The arguments of a call, or what is wrong with them. */
export function understand<Input extends z.ZodObject>(
  { name, input, normalise }: Tool<Input>,
  given: unknown,
): { value: Understood<Input> } | { issues: readonly { message: string }[] } {
  const notes: string[] = []
  const args = normalise ? normalise(given, (note) => notes.push(note)) : given
  const unknown = unknownArguments(name, args, Object.keys(input.shape))
  if (unknown !== undefined) return { issues: [{ message: unknown }] }
  const { data, error } = input.safeParse(args)
  return error ? { issues: error.issues } : { value: { args: data as z.output<Input>, notes } }
}

/**
 * A JSON Schema without parts that are useless to a model: the dialect, which is the default one (MCP, tools), the bounds of all
 * integers, and bounds of texts that nobody reaches.
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
