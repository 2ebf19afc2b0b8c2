// What a host shows to a model before any call, treated as an API: every tool's definition is in __toolsnaps__, and
// the rules of hosts and directories hold for all of them, in both sets (`npx vitest -u` writes the snapshots again).

import { InMemoryTransport, McpServer } from '@modelcontextprotocol/server'
import { encode } from 'gpt-tokenizer'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { register } from '../../../src/tools/kit/register.ts'
import { type CallSupport, defineTool } from '../../../src/tools/kit/tool.ts'
import { CHANGING_TOOLS } from '../../../src/tools/risk-of-call.ts'
import { type Ask, deployment } from '../world/deployment.ts'
import { INITIALIZE } from '../world/mcp.ts'
import { signIn } from '../world/signing-in.ts'

interface Property {
  type?: string
  description?: string
  items?: Property
}

interface Definition {
  name: string
  title?: string
  description: string
  inputSchema: { type: string; properties: Record<string, Property>; required?: string[] }
  annotations?: Record<string, unknown>
}

let access: string
beforeAll(async () => {
  access = (await signIn()).access
})

async function listed(ask: Ask): Promise<Definition[]> {
  const { result } = await ask(access, 'tools/list')
  return result?.tools as unknown as Definition[]
}

const SETS = {
  default: {
    ask: deployment({ TOOLS: 'default' }),
    names: 'fhir-request fhir-read fhir-digest show search fetch whoami fhir-compute',
    most: 2500,
  },
  directory: {
    ask: deployment({ TOOLS: 'directory' }),
    names: 'fhir-read fhir-digest show search fetch whoami fhir-write fhir-delete fhir-operate fhir-compute',
    most: 2750,
  },
}

/** The part of a definition that hosts put into a model's context. */
function tokensOf({ name, description, inputSchema }: Definition): number {
  return encode(JSON.stringify({ name, description, inputSchema })).length
}

/** Words that direct a reader instead of describing a thing; directories of connectors count them as injection. */
const COMMAND =
  /\b(always|never|must|should|shall|please|you|your|do not|don't|make sure|be sure|remember|ensure|prefer|important|before (using|calling)|first call|instead of calling)\b/i
/** Imperatives at the beginning of a sentence or line. */
const IMPERATIVE =
  /(?:^|[.]\s+|\n)(Use|Call|Ask|Give|Send|Read|Return|Run|Do|Try|Check|Provide|Set|Pass|Find|Get|Follow|Let|Look|Take|Choose|Put|Add|Include|Leave|Create)\b/

describe.each(Object.entries(SETS))('the %s set', (_set, { ask, names, most }) => {
  let tools: Definition[]
  beforeAll(async () => {
    tools = await listed(ask)
  })

  test('has these tools in this order, every time', async () => {
    for (const list of [tools, await listed(ask), await listed(ask)])
      expect(list.map(({ name }) => name).join(' ')).toBe(names)
    expect(await listed(ask)).toEqual(tools)
  })

  test('has the agreed definitions', async () => {
    for (const tool of tools)
      await expect(`${JSON.stringify(tool, null, 2)}\n`).toMatchFileSnapshot(`__toolsnaps__/${tool.name}.json`)
  })

  test('asks for more access before a call of any tool that may do more than read', () => {
    const changing = tools.filter(({ annotations }) => !annotations?.readOnlyHint).map(({ name }) => name)
    expect(CHANGING_TOOLS.map(({ name }) => name)).toEqual(expect.arrayContaining(changing))
  })

  test('stays within its tokens, instructions included', async () => {
    const { result } = await ask(access, 'initialize', INITIALIZE.params)
    const { instructions } = result as unknown as { instructions: string }
    const costs = [
      ['instructions', encode(instructions).length] as const,
      ...tools.map((tool) => [tool.name, tokensOf(tool)] as const),
    ]
    expect(
      costs.reduce((sum, [, cost]) => sum + cost, 0),
      JSON.stringify(costs),
    ).toBeLessThanOrEqual(most)
  })

  test('has names that all clients accept', () => {
    for (const { name, inputSchema } of tools) {
      expect(name).toMatch(/^[a-z0-9-]{1,40}$/)
      for (const property of Object.keys(inputSchema.properties)) expect(property).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    }
  })

  test('says how every tool is called and what it does to records', () => {
    for (const { name, title, annotations } of tools) {
      expect(title, name).toMatch(/^[A-Z].{3,40}$/)
      expect(annotations, name).toEqual({
        ...{ title, readOnlyHint: expect.any(Boolean), destructiveHint: expect.any(Boolean) },
        ...{ idempotentHint: expect.any(Boolean), openWorldHint: false },
      })
      // The specification reads the other two only if a tool isn't read-only.
      if (annotations?.readOnlyHint) expect(annotations, name).toMatchObject({ destructiveHint: false })
    }
  })

  test('describes, without giving orders', () => {
    const texts = tools.flatMap(({ name, description, inputSchema }) => [
      [name, description] as const,
      ...Object.entries(inputSchema.properties).map(([key, one]) => [`${name}.${key}`, one.description ?? ''] as const),
    ])
    for (const [where, text] of texts) {
      expect(text.length, where).toBeGreaterThan(10)
      expect(text.length, where).toBeLessThan(1000)
      expect(text, where).not.toMatch(COMMAND)
      expect(text, where).not.toMatch(IMPERATIVE)
    }
  })

  test('has flat schemas, each property with one type and a description', () => {
    for (const { name, inputSchema } of tools) {
      expect(JSON.stringify(inputSchema), name).not.toMatch(
        /"(anyOf|oneOf|allOf|not|\$ref|\$defs|\$schema|additionalProperties|default)":/,
      )
      expect(inputSchema.type).toBe('object')
      for (const [key, property] of Object.entries(inputSchema.properties)) {
        const where = `${name}.${key}`
        // Gemini CLI leaves out tools with a property without a type; a list of types is refused by the models of two vendors.
        expect(property.type, where).toMatch(/^(string|integer|boolean|array|object)$/)
        if (property.type === 'array') expect(property.items?.type, where).toMatch(/^(string|object)$/)
        expect(property.description, where).toMatch(/\S/)
      }
      for (const key of inputSchema.required ?? []) expect(inputSchema.properties).toHaveProperty(key)
      // Arguments that headers repeat (SEP-2243) would have to be compared with them, which src/mcp/plain-calls.ts doesn't.
      expect(JSON.stringify(inputSchema), name).not.toContain('x-mcp-header')
    }
  })
})

test('a tool in both sets is the same in both', async () => {
  const [all, directory] = await Promise.all([listed(SETS.default.ask), listed(SETS.directory.ask)])
  const both = all.filter(({ name }) => directory.some((one) => one.name === name))
  expect(both.length).toBe(7)
  for (const tool of both) expect(directory).toContainEqual(tool)
})

test('no tool of the directory set both reads and writes, by its hints', async () => {
  const tools = await listed(SETS.directory.ask)
  const reading = tools.filter(({ annotations }) => annotations?.readOnlyHint === true).map(({ name }) => name)
  expect(reading).toEqual(['fhir-read', 'fhir-digest', 'show', 'search', 'fetch', 'whoami', 'fhir-compute'])
  const others = tools.filter(({ annotations }) => annotations?.readOnlyHint !== true)
  expect(others.map(({ name }) => name)).toEqual(['fhir-write', 'fhir-delete', 'fhir-operate'])
  for (const { annotations } of others) expect(annotations).toMatchObject({ destructiveHint: true })
})

test.each(Object.entries(SETS))('the instructions of the %s set begin with what this is for', async (_set, { ask }) => {
  const { result } = await ask(access, INITIALIZE.method, INITIALIZE.params)
  const instructions = String(result?.instructions)
  // Claude Code cuts them at 2 KB, and shows nothing else beside the names of tools before a search for tools.
  expect(new TextEncoder().encode(instructions).byteLength).toBeLessThan(2048)
  const first = instructions.slice(0, 300)
  for (const word of [
    ...['Medplum', 'FHIR R4', 'health records', 'patients', 'medications', 'appointments', 'operations'],
  ])
    expect(first).toContain(word)
  for (const word of ['protected health information', 'next', 'dropped', 'same', 'quotes', 'never an instruction'])
    expect(instructions).toContain(word)
})

test('a schema is made once per isolate, however many servers list it', async () => {
  const input = z.object({ path: z.string().describe('A path') })
  const make = vi.spyOn(input['~standard'].jsonSchema, 'input')
  const hints = { readOnly: true, destructive: false, idempotent: true, openWorld: false }
  const tool = defineTool({ ...{ name: 'a', title: 'A', description: 'A', input, hints }, run: async () => '' })
  // Listing needs nothing that a call needs.
  const support = {} as CallSupport
  for (let server = 0; server < 3; server++) {
    const lists = await listsOf((one) => register(one, tool, support), 2)
    expect(lists).toHaveLength(2)
    for (const tools of lists) expect(tools).toMatchObject([{ name: 'a', inputSchema: { required: ['path'] } }])
  }
  expect(make).toHaveBeenCalledTimes(1)
})

/** What a new server lists, asked this many times. */
async function listsOf(offer: (server: McpServer) => void, times: number): Promise<unknown[]> {
  const server = new McpServer({ name: 'test', version: '1' })
  offer(server)
  const [client, own] = InMemoryTransport.createLinkedPair()
  const lists: unknown[] = []
  const done = new Promise<void>((resolve) => {
    client.onmessage = (message) => {
      if ('result' in message && 'tools' in message.result) lists.push(message.result.tools)
      if (lists.length === times) resolve()
    }
  })
  await server.connect(own)
  await client.start()
  await client.send({ ...INITIALIZE, jsonrpc: '2.0' })
  for (let id = 1; id <= times; id++) await client.send({ jsonrpc: '2.0', id, method: 'tools/list' })
  await done
  await server.close()
  return lists
}
