// Calls of fhir-digest, and counts to compare them with.
import { afterEach, beforeAll, vi } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { decode } from '../../unit/answer/decode.ts'
import { post, rpc } from '../world/mcp.ts'
import { allOf, medplumToken } from '../world/medplum.ts'
import { signIn, type Tokens } from '../world/signing-in.ts'
import { alice, sandbox } from '../world/world.ts'

export const chart = `Patient/${PATIENT_IDS.diabetic}`

export let tokens: Tokens

export let medplum: string

export function call(args: Record<string, unknown>) {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'fhir-digest', arguments: args } }
}

export type Row = Record<string, string | number | undefined> & { type: string; count: number }

interface Answer {
  isError: boolean
  text: string
  /** What stands above the table. */
  head: string
  rows: Row[]
}

export async function digest(args: Record<string, unknown>, access = tokens.access): Promise<Answer> {
  const { result, error } = await rpc(await post(access, call(args)))
  if (!result) throw new Error(`JSON-RPC error ${error?.code}: ${error?.message}`)
  const text = result.content[0]?.text ?? ''
  const [head = '', table] = text.split(/\n\n(.*)/s)
  const rows = table === undefined ? [] : [decode(table.replace(/^# \w+/, '#'))].flat()
  return { isError: result.isError === true, text, head, rows: rows as Row[] }
}

export const records = (search: string) => allOf(medplum, search)

/** Hooks for a file of these tests. */
export function setUp(): void {
  beforeAll(async () => {
    medplum = await medplumToken()
    tokens = await signIn(alice)
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await sandbox.clearFaults()
  })
}
