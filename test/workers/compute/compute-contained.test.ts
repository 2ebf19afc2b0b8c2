// The tool fhir-compute: what a program cannot do.
import { describe, expect, test, vi } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { rows } from '../../runs.ts'
import { deployment } from '../world/deployment.ts'
import { create } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { definitionOf } from '../world/surface.ts'
import { alice, sandbox } from '../world/world.ts'
import { ATTACKS } from './compute-attacks.ts'
import { access, compute, medplum, OWN, setUp } from './computing.ts'

setUp()

describe('cannot escape:', () => {
  test('at least fifty attacks are tried', () => expect(Object.keys(ATTACKS).length).toBeGreaterThanOrEqual(50))

  test.each(rows(Object.entries(ATTACKS)))('%s', async (_, [code, outcome]) => {
    const started = Date.now()
    const { result, requests } = await sandbox.during(() => compute(code))
    expect(result.text).toMatch(outcome)
    expect(Date.now() - started).toBeLessThan(12_000)
    for (const { method } of requests) expect(method).toBe('GET')
    // Whatever it was, the server continues.
    expect(await compute('return 6 * 7')).toEqual({ isError: false, text: '42' })
  })

  test('a program that waits forever is ended with the call', async () => {
    const ask = deployment({ UPSTREAM_TIMEOUT_SECONDS: '5' })
    await sandbox.faults([{ path: '/fhir/R4/Basic', delayMs: 20_000 }])
    const args = {
      name: 'fhir-compute',
      arguments: { code: 'for (;;) { try { await fhir.search("Basic") } catch { } }' },
    }
    const { result } = await ask(access, 'tools/call', args)
    expect(result?.isError).toBe(true)
  })

  test('each call: nothing is left of the one before', async () => {
    await compute('Array.prototype.left = 1; Object.prototype.left = 2; fhir.left; return 1')
    expect(await compute('return [[].left ?? 0, ({}).left ?? 0]')).toMatchObject({ text: '[0,0]' })
  })

  test('two programs at once, each with its own connection', async () => {
    const narrow = (await signIn(alice, undefined, 'read', { patient: `Patient/${OWN}` })).access
    const code =
      'const before = await fhir.count("Patient"); const all = await fhir.search("Patient"); return [before, all.length]'
    const [wide, one] = await Promise.all([compute(code), compute(code, narrow)])
    expect(wide.text).not.toBe(one.text)
    expect(one.text).toMatch(/^\[1,1\]/)
  })
})

describe('the connection holds inside', () => {
  test.each(['read', 'write', 'full', 'admin'] as const)('at the level %s it only reads', async (level) => {
    const { access: token } = await signIn(alice, undefined, level)
    expect(await compute('return fhir.count("Patient?_id=none")', token)).toEqual({ isError: false, text: '0' })
    const { result, requests } = await sandbox.during(() =>
      compute(
        `const told = []
         for (const path of ['Bot/00000000-0000-4000-8000-000000000000/$execute', 'Patient/$export', '$export', 'Claim/x/$submit', '../../auth/me', 'https://example.com/Patient', 'admin/projects/x', 'DELETE Patient/x'])
           for (const way of ['get', 'search', 'count']) { try { await fhir[way](path); told.push(way + path) } catch { } }
         return told`,
        token,
      ),
    )
    expect(result).toMatchObject({ isError: false, text: '[]' })
    for (const { method, path } of requests) expect(`${method} ${path}`).not.toMatch(/^(?!GET)|\$|auth|admin|example/)
  })

  test('a narrowing to a patient', async () => {
    const { access: narrow } = await signIn(alice, undefined, 'admin', { patient: `Patient/${OWN}` })
    const other = PATIENT_IDS.depressed
    const { text } = await compute(
      `const found = []
       for (const path of ['Patient', 'Observation', 'Condition?subject=Patient/${other}', 'Encounter', 'Patient/${other}/$everything'])
         try { for (const one of await fhir.search(path)) found.push(JSON.stringify(one)) } catch { }
       try { found.push(JSON.stringify(await fhir.get('Patient/${other}'))) } catch { }
       return [found.length > 50, found.filter((one) => /"(?:Patient.)?${other}"/.test(one)).length, await fhir.count('Patient')]`,
      narrow,
    )
    expect(text).toMatch(/^\[true,0,1\]/)
  })

  test('a narrowing to types', async () => {
    const { access: narrow } = await signIn(alice, undefined, 'read', { types: 'Patient' })
    expect(await compute('return (await fhir.search("Patient")).length > 100', narrow)).toMatchObject({ text: 'true' })
    expect(await compute('return fhir.count("Observation")', narrow)).toMatchObject({ isError: true })
  })

  test('secrets are hidden', async () => {
    const admin = (await signIn(alice, undefined, 'admin')).access
    const secret = 'https://secret.example.com/hook'
    const { id } = await create(medplum, {
      resourceType: 'Subscription',
      ...{ status: 'off', reason: 'test', criteria: 'Basic' },
      channel: { type: 'rest-hook', endpoint: secret, header: ['Authorization: Bearer of-the-test'] },
    })
    const { text } = await compute(
      `return JSON.stringify(await fhir.get('Subscription/${id}')).split('').join('-')`,
      admin,
    )
    expect(text).not.toContain([...'of-the-test'].join('-'))
    expect(text).toContain([...'(hidden)'].join('-'))
  })

  test('its limits', async () => {
    const many =
      'let n = 0; try { for (;;) { await fhir.count("Basic?_id=none"); n++ } } catch (e) { return [n, e.message] }'
    expect((await compute(many)).text).toMatch(/^\[300,"A program reads at most 300 times/)
  })
})

test('the audit says how many requests of which types, and nothing about the program', async () => {
  const logged: string[] = []
  for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, level).mockImplementation((...args) => void logged.push(args.map(String).join(' ')))
  await compute(
    'const unmistakeable = await fhir.count("Patient"); await fhir.search("Condition?_id=none"); await fhir.count("Patient?name=x"); return "unmistakeable" + 1',
  )
  await compute('throw new Error("unmistakeable")')
  await compute('Promise.reject(new Error("unmistakeable")); return 1')
  vi.restoreAllMocks()
  const events = logged.filter((line) => line.includes('"tool_call"')).map((line) => JSON.parse(line))
  expect(events[0]).toMatchObject({
    tool: 'fhir-compute',
    kind: 'read',
    requests: 'Patient 2, Condition 1',
    outcome: 'ok',
  })
  expect(events[1]).toMatchObject({ tool: 'fhir-compute', outcome: 'error' })
  expect(logged.join('\n')).not.toContain('unmistakeable')
})

test('the tool is offered only if isolates can be created', async () => {
  expect(await definitionOf(access, 'fhir-compute')).toMatchObject({ annotations: { readOnlyHint: true } })
  const without = deployment({ LOADER: undefined as unknown as string })
  const { result } = await without(access, 'tools/list')
  const names = ((result?.tools ?? []) as unknown as { name: string }[]).map(({ name }) => name)
  expect(names).toContain('fhir-read')
  expect(names).not.toContain('fhir-compute')
})
