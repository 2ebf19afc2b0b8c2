// The connections page: whose connections it shows, what lowering and disconnecting do in each lane, and who can't bring it about.
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Person } from '../../programs/person.ts'
import { note } from '../../src/mcp/server/notes.ts'
import { Grant } from '../../src/oauth/grant/grant.ts'
import { GET, POST } from '../calls.ts'
import { expectPageHeaders } from './browsing.ts'
import { atPage, browser, type Entry, entryOf, htmlOf, known, LANES, PAGE, submit } from './connecting.ts'
import { fhir, fhirCall, post, rpc } from './mcp.ts'
import { authorization, exchange, grantName, refresh, register, signIn, tokensOf } from './signing-in.ts'
import { ada, alice, REDIRECT_URI, sam, sandbox, send } from './world.ts'

const READ = GET('Patient?_count=1')
const WRITE = POST('Basic', { resourceType: 'Basic', code: { text: 'connections' } })
const REFUSED = /needs the access level "Read and write"/
/** A change is felt within a second; the rest is what a slow machine takes. */
const SOON = { timeout: 2_500, interval: 50 }

afterEach(() => vi.restoreAllMocks())

let count = 0
/** A client of this name that a person connects. */
async function connected(credentials = ada, level = 'admin', metadata: object = {}) {
  const name = `Client ${++count}`
  const { client_id } = await register({ client_name: name, ...metadata })
  return { name, ...(await signIn(credentials, client_id, level)) }
}

async function lowered(person: Awaited<ReturnType<typeof atPage>>, name: string, level: string): Promise<void> {
  const { token, grant } = await known(person, name)
  const response = await submit(person, 'lower', { token, grant, level })
  expect([response.status, response.headers.get('location')]).toEqual([303, '/connections?done=lowered'])
}

async function disconnected(person: Awaited<ReturnType<typeof atPage>>, { token, grant }: Entry): Promise<void> {
  const response = await submit(person, 'disconnect', { token, grant })
  expect([response.status, response.headers.get('location')]).toEqual([303, '/connections?done=disconnected'])
}

describe('the page', () => {
  test('shows of each client what it is, where its access goes, what it may and when it was connected', async () => {
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

  test('shows no client whose sign-in was never finished', async () => {
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

  test('shows nobody the clients of another', async () => {
    const mine = await connected(ada)
    const hers = await connected(alice)
    const person = await atPage(ada)
    expect(await entryOf(person, mine.name)).toBeDefined()
    expect(await entryOf(person, hers.name)).toBeUndefined()
    expect(await entryOf(await atPage(alice), hers.name)).toBeDefined()
  })

  test('shows what a client says of itself as text only', async () => {
    const name = `<script>alert(1)</script>"'& ${crypto.randomUUID()}`
    await signIn(ada, (await register({ client_name: name })).client_id)
    const person = await atPage()
    expect(await entryOf(person, name)).toBeDefined()
    expect(await htmlOf(person)).not.toContain('<script')
  })

  test('has the headers of a page; its forms tell where they come from', async () => {
    const response = await (await atPage()).visit(PAGE)
    const policy = new Headers(response.headers)
    expect(policy.get('referrer-policy')).toBe('same-origin')
    policy.set('referrer-policy', 'no-referrer')
    expectPageHeaders(new Response(null, { headers: policy }))
    expectPageHeaders(await browser().visit(PAGE))
  })

  test('says so where nothing is connected, and leads home', async () => {
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

  test('says what was done, in words of its own only', async () => {
    const person = await atPage()
    expect(await htmlOf(person, '?done=disconnected')).toContain('Application disconnected.')
    for (const forged of ['toString', '__proto__', '<b>x</b>']) {
      expect(await htmlOf(person, `?done=${encodeURIComponent(forged)}`)).not.toContain('role="status"')
    }
  })
})

describe('lowering', () => {
  test.each(Object.keys(LANES))('holds in %s from the next second on', async (lane) => {
    const { name, access } = await connected()
    const write = await LANES[lane]?.(access)
    expect((await write?.())?.text).toContain('"resourceType":"Basic"')
    await lowered(await atPage(), name, 'read')
    await vi.waitFor(async () => expect((await write?.())?.text).toMatch(REFUSED), SOON)
    expect((await fhir(access, READ)).isError).toBe(false)
  })

  test('holds after a refresh, and when the object comes back', async () => {
    const { name, ...tokens } = await connected()
    const person = await atPage()
    await lowered(person, name, 'read')
    const next = tokensOf(tokens.clientId, await (await refresh(tokens)).json())
    await evictDurableObject(env.GRANT.getByName(grantName(next)))
    await vi.waitFor(async () => expect((await fhir(next.access, WRITE)).text).toMatch(REFUSED), SOON)
    expect((await known(person, name)).text).toContain('It can Read: View and search')
  })

  test('touches no other client', async () => {
    const [one, other] = [await connected(), await connected()]
    await lowered(await atPage(), one.name, 'read')
    await vi.waitFor(async () => expect((await fhir(one.access, WRITE)).text).toMatch(REFUSED), SOON)
    expect((await fhir(other.access, WRITE)).isError).toBe(false)
  })

  test.each(['admin', 'full', 'write', 'read', 'nonsense', ''])(
    'can raise nothing: "%s" on top of read',
    async (level) => {
      const { name, access } = await connected()
      const person = await atPage()
      await lowered(person, name, 'read')
      const { token, grant, levels } = await known(person, name)
      expect(levels).toEqual([])
      expect((await submit(person, 'lower', { token, grant, level })).status).toBe(400)
      await vi.waitFor(async () => expect((await fhir(access, WRITE)).text).toMatch(REFUSED), SOON)
    },
  )

  test('to more than was granted, or twice, leaves the lowest', async () => {
    const tokens = await connected(ada, 'write')
    const grant = env.GRANT.getByName(grantName(tokens))
    await grant.lower('admin')
    expect((await known(await atPage(), tokens.name)).text).toContain('It can Read and write')
    await Promise.all([grant.lower('read'), grant.lower('full')])
    expect((await known(await atPage(), tokens.name)).text).toContain('It can Read: View')
  })
})

describe('disconnecting', () => {
  test.each(Object.keys(LANES))('%s: the next call fails, and other clients go on', async (lane) => {
    const [one, other] = [await connected(), await connected()]
    const write = await LANES[lane]?.(one.access)
    const others = await LANES[lane]?.(other.access)
    const person = await atPage()
    await disconnected(person, await known(person, one.name))
    expect((await write?.())?.status).toBe(401)
    expect((await others?.())?.text).toContain('"resourceType":"Basic"')
    expect(await entryOf(person, one.name)).toBeUndefined()
    expect((await refresh(one)).status).toBe(400)
    expect((await refresh(other)).status).toBe(200)
  })

  test('holds where KV still knows the tokens: within a second, nothing reaches Medplum any more', async () => {
    const { name, ...tokens } = await connected()
    await fhir(tokens.access, READ)
    const before = await kvOf(grantName(tokens))
    expect(before.length).toBeGreaterThan(1)
    const person = await atPage()
    const entry = await known(person, name)
    // Without the key at hand, the login at Medplum goes on: this server alone must hold.
    await evictDurableObject(env.GRANT.getByName(grantName(tokens)))
    await disconnected(person, entry)
    for (const [key, value] of before) await env.OAUTH_KV.put(key, value)
    const asked = async () => (await post(tokens.access, fhirCall(READ))).status
    await vi.waitFor(async () => expect(await asked()).toBe(401), SOON)
    const { result, requests } = await sandbox.during(async () => {
      expect(await entryOf(person, name)).toBeUndefined()
      return [await asked(), (await refresh(tokens)).status]
    })
    expect(result).toEqual([401, 400])
    expect(requests).toEqual([])
  })

  test('ends the login at Medplum while the key is at hand, and forgets everything', async () => {
    const tokens = await connected()
    const person = await atPage()
    const entry = await known(person, tokens.name)
    const { requests } = await sandbox.during(() => disconnected(person, entry))
    expect(requests.map(({ path }) => path)).toContain('/oauth2/logout')
    expect(await kvOf(grantName(tokens))).toEqual([])
    await env.GRANT.getByName(grantName(tokens)).note({ at: Date.now(), tool: 'late', outcome: 'ok' })
    await runInDurableObject(env.GRANT.getByName(grantName(tokens)), async (_, { storage }) => {
      expect([...(await storage.list()).keys()]).toEqual([])
      expect(await storage.getAlarm()).toBeNull()
    })
  })
})

async function kvOf(grant: string): Promise<[string, string][]> {
  const keys = (
    await Promise.all(['grant', 'token'].map((kind) => env.OAUTH_KV.list({ prefix: `${kind}:${grant}` })))
  ).flatMap((page) => page.keys)
  return Promise.all(
    keys.map(async ({ name }): Promise<[string, string]> => [name, (await env.OAUTH_KV.get(name)) ?? '']),
  )
}

describe('a form', () => {
  test('with a wrong token or another session’s changes nothing', async () => {
    const { name, access } = await connected()
    const person = await atPage()
    const { grant, token } = await known(person, name)
    const foreign = (await htmlOf(await atPage(alice))).match(/name="token" value="([^"]+)"/)?.[1] ?? ''
    const second = (await htmlOf(await atPage())).match(/name="token" value="([^"]+)"/)?.[1] ?? ''
    expect(new Set([token, foreign, second]).size).toBe(3)
    for (const wrong of ['', 'x', foreign, second]) {
      for (const action of ['disconnect', 'lower', 'sign-out'] as const) {
        expect((await submit(person, action, { token: wrong, grant, level: 'read' })).status).toBe(403)
      }
    }
    expect((await fhir(access, WRITE)).isError).toBe(false)
  })

  test.each(['https://evil.example', 'null', 'http://localhost:8788', null])(
    'from %s changes nothing',
    async (origin) => {
      const { name, access } = await connected()
      const person = browser(origin)
      await atPage(ada, person)
      const { grant, token } = await known(person, name)
      const response = await submit(person, 'disconnect', { token, grant })
      expect(response.status).toBe(403)
      expect(await response.text()).toContain('Nothing was changed')
      expect((await fhir(access, WRITE)).isError).toBe(false)
    },
  )

  test('for the grant of another person, or none, changes nothing', async () => {
    const hers = await connected(alice)
    const theirs = (await known(await atPage(alice), hers.name)).grant
    await connected(ada)
    const person = await atPage(ada)
    const { token } = await known(person, `Client ${count}`)
    for (const grant of [theirs, grantName(hers), '', '../x', ':']) {
      expect((await submit(person, 'disconnect', { token, grant })).status).toBe(404)
      expect((await submit(person, 'lower', { token, grant, level: 'read' })).status).toBe(404)
    }
    expect((await fhir(hers.access, WRITE)).isError).toBe(false)
  })

  test('that is no form, or a GET, changes nothing', async () => {
    const person = await atPage()
    expect((await submit(person, 'disconnect', {})).status).toBe(403)
    for (const action of ['lower', 'disconnect', 'sign-out']) {
      expect((await person.visit(`${PAGE}/${action}`)).status).toBe(405)
    }
    expect((await htmlOf(person)).includes('Sign out')).toBe(true)
  })
})

describe('what a client did', () => {
  test('is told by type, tool and time, with no id', async () => {
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
    // The one alarm goes back to what it was for: the end of the Medplum sign-in.
    expect((expires ?? 0) - Date.now()).toBeGreaterThan(86_400_000)
    await evictDurableObject(object())
    const { activity, active } = await object().about()
    expect(active).toBe(true)
    expect(activity.map(({ tool }) => tool)).toEqual(Array.from({ length: 20 }, (_, n) => `tool-${30 - n}`))
    expect(Object.keys(activity[0] ?? {}).sort()).toEqual(['at', 'kind', 'outcome', 'tool', 'type'])
    expect((await fhir(tokens.access, READ)).isError).toBe(false)
  })

  test('is noted in each lane, and no call waits for it', async () => {
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

  test('is told at once if it comes alone, and together with others that follow closely; none is lost', async () => {
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
