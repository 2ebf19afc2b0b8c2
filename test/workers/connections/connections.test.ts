// The connections page: what it shows, and how access is reduced.
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test, vi } from 'vitest'
import { Person } from '../../../programs/person.ts'
import { note } from '../../../src/mcp/server/notes.ts'
import { Grant } from '../../../src/oauth/grant/grant.ts'
import { GET } from '../../calls.ts'
import { expectPageHeaders } from '../world/browsing.ts'
import { atPage, browser, entryOf, htmlOf, known, LANES, PAGE, submit } from '../world/connecting.ts'
import { fhir, post, rpc } from '../world/mcp.ts'
import { authorization, exchange, grantName, refresh, register, signIn, tokensOf } from '../world/signing-in.ts'
import { ada, alice, REDIRECT_URI, sam, send } from '../world/world.ts'
import { connected, disconnected, kvOf, READ, SOON, setUp, WRITE, withinASecond } from './connected.ts'

setUp()

const REFUSED = /needs the access level "Read and write"/

async function lowered(person: Awaited<ReturnType<typeof atPage>>, name: string, level: string): Promise<void> {
  const { token, grant } = await known(person, name)
  const response = await submit(person, 'lower', { token, grant, level })
  expect([response.status, response.headers.get('location')]).toEqual([303, '/connections?done=lowered'])
}

describe('the page', () => {
  test('shows what each client is, where its access goes, what it may do and when it was connected', async () => {
    const { name } = await connected(ada, 'write')
    const { text, levels } = await known(await atPage(), name)
    expect(text).toMatch(/Access goes to a program on your computer \(127\.0\.0\.1(:\d+)?\)/)
    expect(text).toContain('It can Read and write: View, search, create and change records. Cannot delete.')
    expect(text).toContain('Connected just now')
    expect(text).toContain('Last activity None yet')
    expect(levels).toEqual(['read'])
  })

  test('shows what a client is limited to, but not to which patient; nor does KV', async () => {
    const { client_id } = await register({ client_name: 'Narrowed' })
    const patient = crypto.randomUUID()
    const tokens = await signIn(ada, client_id, 'read', { types: 'Task, Observation', patient })
    const { text } = await known(await atPage(), 'Narrowed')
    expect(text).toMatch(/Limited to the types (Task, Observation|Observation, Task); the records of one patient/)
    expect(text).not.toContain(patient)
    expect(JSON.stringify(await kvOf(grantName(tokens)))).not.toContain(patient)
  })

  test('does not show a client whose sign-in was never finished', async () => {
    const client_name = `Unfinished ${crypto.randomUUID()}`
    const request = await authorization((await register({ client_name })).client_id)
    const callback = await new Person(send).signIn(request.url, REDIRECT_URI, ada)
    expect(await entryOf(await atPage(), client_name)).toBeUndefined()
    await exchange(request, callback.searchParams.get('code') ?? '')
    expect(await entryOf(await atPage(), client_name)).toBeDefined()
  })

  test('distinguishes two with the same name', async () => {
    const { name } = await connected()
    await signIn(ada, (await register({ client_name: name })).client_id)
    const html = await htmlOf(await atPage())
    expect(html).toContain(`aria-label="Disconnect ${name}, connected just now"`)
  })

  test('shows nobody the clients of another person', async () => {
    const mine = await connected(ada)
    const hers = await connected(alice)
    const person = await atPage(ada)
    expect(await entryOf(person, mine.name)).toBeDefined()
    expect(await entryOf(person, hers.name)).toBeUndefined()
    expect(await entryOf(await atPage(alice), hers.name)).toBeDefined()
  })

  test('shows what a client says about itself as text only', async () => {
    const name = `<script>alert(1)</script>"'& ${crypto.randomUUID()}`
    await signIn(ada, (await register({ client_name: name })).client_id)
    const person = await atPage()
    expect(await entryOf(person, name)).toBeDefined()
    expect(await htmlOf(person)).not.toContain('<script')
  })

  test('has the headers of a page, and its forms say where they come from', async () => {
    const response = await (await atPage()).visit(PAGE)
    const policy = new Headers(response.headers)
    expect(policy.get('referrer-policy')).toBe('same-origin')
    policy.set('referrer-policy', 'no-referrer')
    expectPageHeaders(new Response(null, { headers: policy }))
    expectPageHeaders(await browser().visit(PAGE))
  })

  test('says so if nothing is connected, and links home', async () => {
    const person = await atPage(sam)
    for (;;) {
      const html = await htmlOf(person)
      expect(html).toContain('<a href="/">Home page</a>')
      const heading = /<h2[^>]*>([^<]*)<\/h2>/.exec(html)?.[1]
      if (heading === undefined) break
      await disconnected(person, await known(person, heading))
    }
    expect(await htmlOf(person)).toContain('No application is connected')
  })

  test('says what was done, in fixed words only', async () => {
    const person = await atPage()
    expect(await htmlOf(person, '?done=disconnected')).toContain('Application disconnected.')
    for (const forged of ['toString', '__proto__', '<b>x</b>']) {
      expect(await htmlOf(person, `?done=${encodeURIComponent(forged)}`)).not.toContain('role="status"')
    }
  })
})

describe('reducing access', () => {
  test.each(Object.keys(LANES))('takes effect in %s within a second', async (lane) => {
    const { name, access } = await connected()
    const write = await LANES[lane]?.(access)
    expect((await write?.())?.text).toContain('"resourceType":"Basic"')
    await lowered(await atPage(), name, 'read')
    await withinASecond(async () => expect((await write?.())?.text).toMatch(REFUSED))
    expect((await fhir(access, READ)).isError).toBe(false)
  })

  test('lasts after a refresh, and when the object comes back', async () => {
    const { name, ...tokens } = await connected()
    const person = await atPage()
    await lowered(person, name, 'read')
    const next = tokensOf(tokens.clientId, await (await refresh(tokens)).json())
    await evictDurableObject(env.GRANT.getByName(grantName(next)))
    await withinASecond(async () => expect((await fhir(next.access, WRITE)).text).toMatch(REFUSED))
    expect((await known(person, name)).text).toContain('It can Read: View and search')
  })

  test('touches no other client', async () => {
    const [one, other] = [await connected(), await connected()]
    await lowered(await atPage(), one.name, 'read')
    await withinASecond(async () => expect((await fhir(one.access, WRITE)).text).toMatch(REFUSED))
    expect((await fhir(other.access, WRITE)).isError).toBe(false)
  })

  test.each(['admin', 'full', 'write', 'read', 'nonsense', ''])(
    'cannot raise anything: "%s" on top of read',
    async (level) => {
      const { name, access } = await connected()
      const person = await atPage()
      await lowered(person, name, 'read')
      const { token, grant, levels } = await known(person, name)
      expect(levels).toEqual([])
      expect((await submit(person, 'lower', { token, grant, level })).status).toBe(400)
      await withinASecond(async () => expect((await fhir(access, WRITE)).text).toMatch(REFUSED))
    },
  )

  test('to more than was granted, or twice, keeps the lowest level', async () => {
    const tokens = await connected(ada, 'write')
    const grant = env.GRANT.getByName(grantName(tokens))
    await grant.lower('admin')
    expect((await known(await atPage(), tokens.name)).text).toContain('It can Read and write')
    await Promise.all([grant.lower('read'), grant.lower('full')])
    expect((await known(await atPage(), tokens.name)).text).toContain('It can Read: View')
  })
})

describe('what a client did', () => {
  test('is shown by type, tool and time, without an id', async () => {
    const { name, access } = await connected()
    const created = JSON.parse((await fhir(access, WRITE)).text)
    await fhir(access, GET(`Basic/${created.id}`))
    await fhir(access, GET(`Basic/${crypto.randomUUID()}`))
    const person = await atPage()
    await vi.waitFor(async () => {
      const { text } = await known(person, name)
      expect(text).toContain('Last activity Read Basic, just now , by fhir-request : refused or failed')
      expect(text).toContain('Write Basic, just now , by fhir-request')
      expect(text).not.toContain(created.id)
    }, SOON)
  })

  test('without a type is described by what the tool does', async () => {
    const { name, access } = await connected()
    for (const params of [{ name: 'whoami' }, { name: 'search', arguments: { query: 'Vega' } }]) {
      const { result } = await rpc(await post(access, { jsonrpc: '2.0', id: 1, method: 'tools/call', params }))
      expect(result?.isError ?? false).toBe(false)
    }
    const person = await atPage()
    await vi.waitFor(async () => {
      const { text } = await known(person, name)
      expect(text).toContain('Last activity Searched by words, just now')
      expect(text).toContain('Checked who is signed in, just now')
      expect(text).not.toContain('batch')
    }, SOON)
  })

  test('is kept for the last 20 calls, in few writes, and outlives the object', async () => {
    const tokens = await connected()
    const object = () => env.GRANT.getByName(grantName(tokens))
    const puts = await runInDurableObject(object(), async (instance, { storage }) => {
      const put = vi.spyOn(storage.kv, 'put')
      for (let n = 1; n <= 30; n++) {
        await instance.note({ at: Date.now(), tool: `tool-${n}`, kind: 'read', type: 'Patient', outcome: 'ok' })
      }
      const { length } = put.mock.calls
      put.mockRestore()
      return length
    })
    expect(puts).toBe(1)
    const expires = await runInDurableObject(object(), async (instance, { storage }) => {
      expect(((await storage.getAlarm()) ?? 0) - Date.now()).toBeLessThanOrEqual(5_000)
      await instance.alarm()
      return storage.getAlarm()
    })
    // The only alarm is set back to its purpose: the end of the Medplum sign-in.
    expect((expires ?? 0) - Date.now()).toBeGreaterThan(86_400_000)
    await evictDurableObject(object())
    const { activity, active } = await object().about()
    expect(active).toBe(true)
    expect(activity.map(({ tool }) => tool)).toEqual(Array.from({ length: 20 }, (_, n) => `tool-${30 - n}`))
    expect(Object.keys(activity[0] ?? {}).sort()).toEqual(['at', 'kind', 'outcome', 'tool', 'type'])
    expect((await fhir(tokens.access, READ)).isError).toBe(false)
  })

  test('is recorded over every transport, and no call waits for it', async () => {
    for (const open of Object.values(LANES)) {
      const { name, access } = await connected()
      await (await open(access))()
      const person = await atPage()
      await vi.waitFor(
        async () => expect((await known(person, name)).text).toContain('Last activity Write Basic'),
        SOON,
      )
    }
  })

  test('is recorded at once if it comes alone, and together with others that follow closely; none is lost', async () => {
    const tokens = await connected()
    const [userId = '', grantId = ''] = grantName(tokens).split(':')
    const told = vi.spyOn(Grant.prototype, 'note')
    const named = (tool: string) => note({ userId, grantId }, { at: Date.now(), tool, outcome: 'ok' }, env)
    const tools = Array.from({ length: 9 }, (_, n) => `tool-${n}`)
    await Promise.all(tools.map(named))
    expect(told.mock.calls.map((events) => events.length)).toEqual([1, 8])
    const { activity } = await env.GRANT.getByName(grantName(tokens)).about()
    expect(activity.map(({ tool }) => tool)).toEqual(tools.toReversed())
  })

  test('a call does not fail if it can’t be recorded', async () => {
    const { access } = await connected()
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const note = vi.spyOn(Grant.prototype, 'note').mockRejectedValue(new Error('storage is away'))
    expect((await fhir(access, WRITE)).isError).toBe(false)
    await vi.waitFor(() => expect(warned).toHaveBeenCalledWith('{"event":"note_failed"}'), SOON)
    expect(note).toHaveBeenCalledTimes(1)
  })
})
