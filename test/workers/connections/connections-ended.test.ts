// The connections page: disconnecting, and forms that are not the person's.
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { atPage, browser, entryOf, htmlOf, known, LANES, PAGE, submit } from '../world/connecting.ts'
import { fhir, fhirCall, post } from '../world/mcp.ts'
import { grantName, refresh } from '../world/signing-in.ts'
import { ada, alice, sandbox } from '../world/world.ts'
import { connected, count, disconnected, kvOf, READ, setUp, WRITE, withinASecond } from './connected.ts'

setUp()

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

  test('works even if KV still knows the tokens: within a second nothing reaches Medplum any more', async () => {
    const { name, ...tokens } = await connected()
    await fhir(tokens.access, READ)
    const before = await kvOf(grantName(tokens))
    expect(before.length).toBeGreaterThan(1)
    const person = await atPage()
    const entry = await known(person, name)
    // Without the key, the login at Medplum continues: this server alone must refuse.
    await evictDurableObject(env.GRANT.getByName(grantName(tokens)))
    await disconnected(person, entry)
    for (const [key, value] of before) await env.OAUTH_KV.put(key, value)
    const asked = async () => (await post(tokens.access, fhirCall(READ))).status
    await withinASecond(async () => expect(await asked()).toBe(401))
    const { result, requests } = await sandbox.during(async () => {
      expect(await entryOf(person, name)).toBeUndefined()
      return [await asked(), (await refresh(tokens)).status]
    })
    expect(result).toEqual([401, 400])
    expect(requests).toEqual([])
  })

  test('ends the login at Medplum while it has the key, and forgets everything', async () => {
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

  test('that is not a form, or a GET, changes nothing', async () => {
    const person = await atPage()
    expect((await submit(person, 'disconnect', {})).status).toBe(403)
    for (const action of ['lower', 'disconnect', 'sign-out']) {
      expect((await person.visit(`${PAGE}/${action}`)).status).toBe(405)
    }
    expect((await htmlOf(person)).includes('Sign out')).toBe(true)
  })
})
