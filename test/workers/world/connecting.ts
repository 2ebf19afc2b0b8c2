// A person at the connections page, and the transports where their decision must take effect.
import { expect } from 'vitest'
import { type Credentials, Person } from '../../../programs/person.ts'
import { POST } from '../../calls.ts'
import { unescaped } from './browsing.ts'
import { fhirCall, post, postModern, type RpcAnswer, rpc, startSession } from './mcp.ts'
import { openSse } from './streams.ts'
import { ada, ORIGIN, send } from './world.ts'

export const PAGE = `${ORIGIN}/connections`

/** A browser; its forms say that they come from `origin`, as browsers do. */
export function browser(origin: string | null = ORIGIN): Person {
  return new Person((url, init) =>
    send(url, {
      ...init,
      headers: { ...init?.headers, ...(init?.method === 'POST' && origin !== null && { origin }) },
    }),
  )
}

/** Signs in at the connections page. */
export async function atPage(credentials: Credentials = ada, person = browser()): Promise<Person> {
  const end = await person.signIn(`${PAGE}/sign-in`, PAGE, credentials)
  expect(end.href).toBe(PAGE)
  return person
}

export async function htmlOf(person: Person, path = ''): Promise<string> {
  return (await person.visit(`${PAGE}${path}`)).text()
}

export interface Entry {
  /** Its words, without markup. */
  text: string
  token: string
  grant: string
  /** Levels that it can be reduced to. */
  levels: string[]
}

/** What the page shows of this client; undefined if it shows nothing. */
export async function entryOf(person: Person, clientName: string): Promise<Entry | undefined> {
  const sections = [...(await htmlOf(person)).matchAll(/<article\b[\s\S]*?<\/article>/g)].map(([section]) => section)
  const section = sections.find((one) => unescaped(one).includes(`>${clientName}</h2>`))
  if (section === undefined) return undefined
  const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(section)?.[1] ?? ''
  return {
    text: unescaped(section.replace(/<[^>]+>/g, ' ')).replace(/\s+/g, ' '),
    token: field('token'),
    grant: field('grant'),
    levels: [...section.matchAll(/name="level" value="(\w+)"/g)].map(([, level]) => level ?? ''),
  }
}

/** The entry of a client that must be listed. */
export async function known(person: Person, clientName: string): Promise<Entry> {
  const entry = await entryOf(person, clientName)
  if (!entry) throw new Error(`${clientName} is not on the page`)
  return entry
}

/** Posts a form of the page. */
export function submit(person: Person, action: 'lower' | 'disconnect' | 'sign-out', fields: Record<string, string>) {
  return person.visit(`${PAGE}/${action}`, new URLSearchParams(fields))
}

interface Answer {
  status: number
  text: string
}

/** Creates a record, as a connection that may write can. */
type Lane = () => Promise<Answer>

const WRITE = POST('Basic', { resourceType: 'Basic', code: { text: 'connections' } })
/** Each way to call a tool, opened while the connection may still write. */
export const LANES: Record<string, (access: string) => Promise<Lane>> = {
  '2025, without a session': async (access) => async () => answered(await post(access, fhirCall(WRITE))),
  '2026-07-28': async (access) => async () => {
    return answered(await postModern(access, 'tools/call', fhirCall(WRITE).params, 'fhir-request'))
  },
  'an open 2025 session': async (access) => {
    const session = await startSession(access)
    return async () => answered(await post(access, fhirCall(WRITE), session))
  },
  'an SSE session': async (access) => {
    const { endpoint, next } = await openInitialized(access)
    return async () => {
      const response = await post(access, fhirCall(WRITE), {}, endpoint)
      const text = await response.text()
      return response.status === 202 ? said(200, JSON.parse(await next())) : { status: response.status, text }
    }
  },
}

async function answered(response: Response): Promise<Answer> {
  const { status } = response
  return status === 401 ? { status, text: await response.text() } : said(status, await rpc(response))
}

function said(status: number, { result, error }: RpcAnswer): Answer {
  return { status, text: error?.message ?? result?.content[0]?.text ?? '' }
}

/** An HTTP+SSE stream whose client has introduced itself. */
async function openInitialized(access: string) {
  const stream = await openSse(access)
  const initialize = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
  await post(access, { jsonrpc: '2.0', id: 0, method: 'initialize', params: initialize }, {}, stream.endpoint)
  await stream.next()
  return stream
}
