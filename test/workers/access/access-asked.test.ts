// The level that a client asks for, that a person chooses, and stepping up.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Person } from '../../../programs/person.ts'
import { LEVELS } from '../../../src/access/access.ts'
import { DELETE, POST } from '../../calls.ts'
import { under } from '../world/browsing.ts'
import { fhirCall, post, rpc } from '../world/mcp.ts'
import { authorization, exchange, register, signIn } from '../world/signing-in.ts'
import { alice, ORIGIN, REDIRECT_URI, sandbox, send } from '../world/world.ts'
import { ANSWERED, accessOf, FIRST_PAGES, refusal, tokens } from './levels.ts'

beforeAll(async () => {
  for (const level of LEVELS) tokens.set(level, await signIn(alice, undefined, level))
  await sandbox.faults([...FIRST_PAGES, ANSWERED])
})

afterAll(() => sandbox.clearFaults())

describe('stepping up', () => {
  test('a 403 names all scopes that are needed, and its body tells the model', async () => {
    const headers = { 'mcp-protocol-version': '2025-11-25' }
    const response = await post(accessOf('read'), fhirCall(DELETE('Task/1')), headers)
    expect(response.status).toBe(403)
    const challenge = response.headers.get('www-authenticate') ?? ''
    expect(challenge).toContain('error="insufficient_scope"')
    expect(challenge).toContain('scope="fhir:read fhir:write fhir:full"')
    expect(challenge).toContain('resource_metadata=')
    const { result } = await rpc(response)
    expect(result).toMatchObject({ isError: true, _meta: { 'mcp/www_authenticate': [challenge] } })
  })

  test('signs in again with the higher level preselected, and the old grant ends only once the new one exists', async () => {
    const { client_id: client } = await register()
    // In one browser: a sign-in in another browser would not affect this one.
    const person = new Person(send)
    const low = await signIn(alice, client, 'read', {}, person)
    const request = await authorization(client, { scope: 'fhir:read fhir:write' })
    const page = await person.visit(request.url)
    const html = await page.text()
    expect([...html.matchAll(/type="radio"[^>]*value="(\w+)"/g)].map(([, value]) => value)).toEqual(['read', 'write'])
    expect(/value="write"[^>]*checked/.test(html)).toBe(true)
    expect((await post(low.access, { jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(200)
    const callback = await person.signIn(request.url, REDIRECT_URI, alice)
    // If a client never exchanges its code, the person keeps the old grant.
    expect((await post(low.access, { jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(200)
    const granted: { access_token: string; scope: string } = await (
      await exchange(request, callback.searchParams.get('code') ?? '')
    ).json()
    expect(granted.scope.split(' ').sort()).toEqual(['fhir:read', 'fhir:write'])
    expect(
      await refusal(await post(granted.access_token, fhirCall(POST('Task', { resourceType: 'Task' })))),
    ).toBeUndefined()
    expect((await post(low.access, { jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(401)
  })
})

describe('what a client asks for and a person chooses', () => {
  const granted = async (scope: string | null, level?: string, person = new Person(send)) => {
    const { client_id: client } = await register()
    const request = await authorization(client, { scope })
    const callback = await person.signIn(request.url, REDIRECT_URI, alice, 'approve', level)
    const answer: { scope: string } = await (await exchange(request, callback.searchParams.get('code') ?? '')).json()
    return answer.scope
  }

  test('nothing in particular: reading is preselected', async () => {
    for (const scope of [null, 'fhir:read fhir:write fhir:full fhir:admin']) {
      const request = await authorization((await register()).client_id, { scope })
      const html = await (await new Person(send).visit(request.url)).text()
      expect(/value="read"[^>]*checked/.test(html)).toBe(true)
      expect([...html.matchAll(/ checked/g)]).toHaveLength(1)
    }
  })

  test('less: no more is offered or granted', async () => {
    expect(await granted('fhir:read')).toBe('fhir:read')
    expect(await granted('fhir:read', 'admin')).toBe('fhir:read')
    expect(await granted('fhir:write', 'full')).toBe('fhir:read')
    expect(await granted('fhir:full', 'write')).toBe('fhir:read fhir:write')
  })

  test('more than the deployment allows: it is neither offered nor granted', async () => {
    let html = ''
    /** At a deployment that allows no more than writing. */
    const person = () =>
      new Person(async (url, init) => {
        if (!url.startsWith(`${ORIGIN}/authorize`)) return send(url, init)
        const response = await under({ MAX_ACCESS: 'write' }, url.slice(ORIGIN.length), init)
        html += await response.clone().text()
        return response
      })
    for (const scope of [null, 'fhir:read fhir:write fhir:full', 'fhir:read fhir:write fhir:full fhir:admin']) {
      expect(await granted(scope, 'write', person())).toBe('fhir:read fhir:write')
      for (const level of ['full', 'admin']) expect(await granted(scope, level, person())).toBe('fhir:read')
    }
    expect(html).toContain('value="write"')
    expect(html).not.toMatch(/value="(full|admin)"/)
  })
})
