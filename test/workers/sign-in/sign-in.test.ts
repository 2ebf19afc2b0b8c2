import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Form, Person, whereTo } from '../../../programs/person.ts'
import { expectPageHeaders, unescaped } from '../world/browsing.ts'
import { atPage, entryOf } from '../world/connecting.ts'
import { authorization, register, signIn } from '../world/signing-in.ts'
import { alice, ORIGIN, REDIRECT_URI, SANDBOX, sandbox, send } from '../world/world.ts'
import { decide, keys, open } from './consenting.ts'

afterEach(async () => {
  vi.restoreAllMocks()
  await sandbox.clearFaults()
})

/** The same form with another handle, or without one. */
function withHandle(form: Form | undefined, handle?: string): Form | undefined {
  return form && { ...form, fields: new URLSearchParams(handle === undefined ? {} : { handle }) }
}

describe('the consent page', () => {
  test('is shown before anything goes to Medplum, each time', async () => {
    const { client_id } = await register()
    for (let round = 0; round < 2; round++) {
      const person = new Person(send)
      const { requests } = await sandbox.during(async () => open((await authorization(client_id)).url, person))
      expect(requests).toEqual([])
      await person.signIn((await authorization(client_id)).url, REDIRECT_URI, alice)
      expect(person.visited.filter((url) => url === `${ORIGIN}/authorize`).length).toBe(3)
    }
  })

  test('names the application, its destination and its access, and says that this is a preview', async () => {
    const { html } = await open((await authorization((await register()).client_id)).url)
    for (const text of [
      'Test client',
      '127.0.0.1',
      'on this computer',
      'Preview',
      'not for protected health information',
    ]) {
      expect(html.toLowerCase()).toContain(text.toLowerCase())
    }
  })

  test('shows what a client says about itself as text only', async () => {
    const client = await register({ client_name: '<script>alert(1)</script>"\'&' })
    const { html } = await open((await authorization(client.client_id)).url)
    expect(html).not.toContain('<script')
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  })

  test.each([
    ['a thousand lines', `Claude${'\n'.repeat(1000)}x`, 'Claude x'],
    ['thousands of letters', 'W'.repeat(7_000), `${'W'.repeat(79)}…`],
    ['characters of two halves', '👩'.repeat(100), `${'👩'.repeat(79)}…`],
    ['marks that turn the text around it', 'C\u202Elaude\u2066\u200F', 'Claude'],
    ['control characters', 'Cl\u0000au\u001B[1mde', 'Cl au [1mde'],
    [
      'marks that draw over the page',
      `Cla\u0301ude${'\u0301'.repeat(75)}${'\u20dd'.repeat(75)}`,
      'Cl\u00e1ud\u00e9\u0301\u0301',
    ],
    ['marks on nothing', '\u0301 \u0301\u0301Claude', 'Claude'],
    ['tags, fillers and private letters', 'Cl\u{E0041}a\u3164u\u034F\uE000d\u{E0100}\uFE0Fe', 'Claude'],
    ['marks of a writing that has them', 'क्लॉड नमस्ते', 'क्लॉड नमस्ते'],
    ['nothing that can be seen', '\u202E\u0000\u2028', undefined],
    ['blanks that look like nothing', '\u2800\u3164\u00AD \u200B', undefined],
  ])('shows a name of %s on one short line, there and ever after', async (_, client_name, shown) => {
    const { client_id } = await register({ client_name })
    const { html } = await open((await authorization(client_id)).url)
    const name = shown ?? client_id
    expect(html).toContain(`<h1>Allow <bdi>${name}</bdi> to work with your Medplum records?</h1>`)
    expect(html).toContain(`<dt>Application</dt><dd>${name}</dd>`)
    await signIn(alice, client_id)
    expect(await entryOf(await atPage(alice), name)).toBeDefined()
  })

  test('cannot be framed, scripted, cached or leaked by referrer', async () => {
    const { response } = await open((await authorization((await register()).client_id)).url)
    expectPageHeaders(response)
    expect(response.headers.get('cache-control')).toContain('no-store')
    expect(response.headers.get('set-cookie')).toMatch(/^__Host-.*Secure.*HttpOnly|^__Host-.*HttpOnly.*Secure/)
  })

  test('denied, leads back to the client with access_denied, and never to Medplum', async () => {
    const { client_id } = await register()
    const { requests, result } = await sandbox.during(async () => {
      const { person, form } = await open((await authorization(client_id)).url)
      return decide(person, form, 'deny')
    })
    const location = new URL((await whereTo(result)) ?? '')
    expect(location.href).toContain(REDIRECT_URI)
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      error: 'access_denied',
      state: 'client-state',
      iss: ORIGIN,
    })
    expect(requests).toEqual([])
  })

  test.each([
    [
      'posted a second time',
      async (person: Person, form: Form | undefined) => {
        await decide(person, form)
        return decide(person, form)
      },
    ],
    ['posted from another browser', async (_: Person, form: Form | undefined) => decide(new Person(send), form)],
    [
      'posted with an invented handle',
      async (person: Person, form: Form | undefined) => decide(person, withHandle(form, 'x'.repeat(43))),
    ],
    ['posted without a handle', async (person: Person, form: Form | undefined) => decide(person, withHandle(form))],
    [
      'posted for something else than it shows',
      async (person: Person, form: Form | undefined) =>
        decide(person, form && { ...form, action: `${form.action}&scope=fhir%3Aadmin` }),
    ],
    [
      'older than ten minutes',
      async (person: Person, form: Form | undefined) => {
        vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 601_000 })
        return decide(person, form).finally(() => vi.useRealTimers())
      },
    ],
  ])('%s, is a page that says what to do, and leads nowhere', async (_, submit) => {
    const { person, form } = await open((await authorization((await register()).client_id)).url)
    const response = await submit(person, form)
    expect(response.status).toBe(400)
    expect(await whereTo(response)).toBeNull()
    expect(await response.text()).toContain('Go back to your application')
  })

  test('is left by a page, since no form may lead to another origin', async () => {
    const { person, form, response } = await open((await authorization((await register()).client_id)).url)
    expect(response.headers.get('content-security-policy')).toContain("form-action 'self';")
    const onward = await decide(person, form)
    expect([onward.status, onward.headers.get('location')]).toEqual([200, null])
    expectPageHeaders(onward)
    const html = await onward.clone().text()
    expect(html).not.toContain('<script')
    const to = await whereTo(onward)
    expect(to).toContain(`${SANDBOX}oauth2/authorize?`)
    expect(unescaped(html)).toContain(`<a href="${to}">Continue</a>`)
  })

  test('stores nothing before the person has decided', async () => {
    const { client_id } = await register()
    const before = await keys()
    const { person, form } = await open((await authorization(client_id)).url)
    await person.visit(`${ORIGIN}/connections/sign-in`)
    expect(await keys()).toEqual(before)
    await decide(person, form)
    expect(await keys()).not.toEqual(before)
  })
})
