// Which connection is which: sign-ins of one client on several computers, and again and again in one browser.
import { afterEach, expect, test, vi } from 'vitest'
import { Person } from '../../../programs/person.ts'
import { GET } from '../../calls.ts'
import { atPage, entryOf, htmlOf, known, submit } from '../world/connecting.ts'
import { LIST } from '../world/grants.ts'
import { fhir, post } from '../world/mcp.ts'
import { refresh, register, signIn, type Tokens } from '../world/signing-in.ts'
import { ada, REDIRECT_URI, send } from '../world/world.ts'
import { SOON, withinASecond } from './connected.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const DOCUMENT = 'https://shared.example/client.json'
/** A client that many share, known by its metadata document. */
function shareClient(client_name: string): void {
  const real = globalThis.fetch
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) =>
    new Request(input as RequestInfo).url === DOCUMENT
      ? Response.json({ client_id: DOCUMENT, client_name, redirect_uris: [REDIRECT_URI] })
      : real(input as RequestInfo, init),
  )
}

const computer = (agent = 'Mozilla/5.0 (Windows NT 10.0)') =>
  new Person((url, init) => send(url, { ...init, headers: { ...init?.headers, 'user-agent': agent } }))
const at = (person: Person, clientId?: string) => signIn(ada, clientId, 'read', {}, person)

async function works(tokens: Tokens): Promise<boolean> {
  return (await post(tokens.access, LIST)).status === 200
}

test('a sign-in on a second computer ends nothing on the first, nor does another one', async () => {
  shareClient('Two computers')
  const first = await at(computer(), DOCUMENT)
  const second = await at(computer('Mozilla/5.0 (Macintosh)'), DOCUMENT)
  const third = await at(computer('Mozilla/5.0 (X11; Linux)'), DOCUMENT)
  for (const tokens of [first, second, third]) expect(await works(tokens)).toBe(true)
  expect((await refresh(first)).status).toBe(200)
  const page = (await htmlOf(await atPage())).split('<article').filter((part) => part.includes('>Two computers</h2>'))
  // Within one second, any may come first.
  expect(page.map((part) => /on (Windows|Mac|Linux)/.exec(part)?.[1]).sort()).toEqual(['Linux', 'Mac', 'Windows'])
})

test('a registered client too continues elsewhere; in the same browser its earlier sign-in ends', async () => {
  const { client_id } = await register({ client_name: 'Registered once' })
  const [home, work] = [computer(), computer()]
  const first = await at(home, client_id)
  const elsewhere = await at(work, client_id)
  expect([await works(first), await works(elsewhere)]).toEqual([true, true])
  const again = await at(home, client_id)
  expect([await works(first), await works(elsewhere), await works(again)]).toEqual([false, true, true])
})

test('two accounts of one host in one browser both continue; unused ones are folded, used ones are shown separately', async () => {
  shareClient('Two accounts')
  const person = computer()
  const first = await at(person, DOCUMENT)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5_000 })
  const second = await at(person, DOCUMENT)
  expect([await works(first), await works(second)]).toEqual([true, true])
  const page = await atPage()
  expect((await known(page, 'Two accounts')).text).toContain('and 1 earlier, not used since')
  vi.setSystemTime(Date.now() + 5_000)
  expect((await fhir(first.access, GET('Patient?_count=1'))).isError).toBe(false)
  await vi.waitFor(async () => expect((await htmlOf(page)).split('>Two accounts</h2>')).toHaveLength(3), SOON)
  expect((await known(page, 'Two accounts')).text).not.toContain('earlier')
})

test('a host that registers for each sign-in is one connection, which is reduced and ended as one', async () => {
  const person = computer()
  const all = []
  for (let round = 0; round < 3; round++) {
    all.push(await signIn(ada, (await register({ client_name: 'Registers each time' })).client_id, 'write', {}, person))
  }
  const page = await atPage()
  const entry = await known(page, 'Registers each time')
  expect(entry.text).toContain('and 2 earlier, not used since')
  expect((await htmlOf(page)).split('>Registers each time</h2>')).toHaveLength(2)
  const { token, grant } = entry
  expect((await submit(page, 'disconnect', { token, grant })).status).toBe(303)
  for (const tokens of all) await withinASecond(async () => expect(await works(tokens)).toBe(false))
  expect(await entryOf(page, 'Registers each time')).toBeUndefined()
})
