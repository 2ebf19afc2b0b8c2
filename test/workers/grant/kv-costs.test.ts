// How much of KV's quotas each use needs, according to docs/operations.md; the free plan first runs out of its thousand writes a day.
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import operations from '../../../docs/operations.md?raw'
import { READ, refreshed } from '../world/grants.ts'
import { askedDuring } from '../world/kv.ts'
import { fhir, startSession } from '../world/mcp.ts'
import { grantName, signIn } from '../world/signing-in.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** The table of plans: its rows about KV, by the names of the columns that are uses. */
const rows = operations.split('\n').flatMap((line) => {
  const [, name = '', , , ...cells] = line.split('|').map((cell) => cell.trim())
  return /^(?:$|KV )/.test(name) && cells.length > 4 ? [{ name, cells }] : []
})
const uses = rows[0]?.cells ?? []
const cell = (row: string, use: string) => rows.find(({ name }) => name === row)?.cells[uses.indexOf(use)]

/** What the table says of a use. One figure for deletions and lists stands for both. */
function saidOf(use: string) {
  const [deletions, lists = deletions] = (cell('KV deletions, lists', use) ?? '').split(', ')
  const said = { get: cell('KV reads', use), put: cell('KV writes', use), delete: deletions, list: lists }
  return Object.fromEntries(Object.entries(said).map(([method, figure]) => [method, Number.parseInt(figure ?? '', 10)]))
}

describe('KV is asked as docs/operations.md says', () => {
  test('for one sign-in', async () => {
    const [userId] = grantName(await signIn()).split(':')
    // Each of a person's grants is read, to see whether this one replaces it.
    const { keys: others } = await env.OAUTH_KV.list({ prefix: `grant:${userId}:` })
    const { asked } = await askedDuring(() => signIn())
    expect({ ...asked, get: asked.get - others.length }).toEqual(saidOf('one sign-in'))
  })

  test('for one renewal, each hour of use', async () => {
    const tokens = await signIn()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_500_000 })
    const { asked } = await askedDuring(() => refreshed(tokens))
    expect(asked).toEqual(saidOf('one renewal, each hour of use'))
  })

  test.each([
    ['one stateless call', async () => ({})],
    ['one session call', startSession],
  ] as const)('for %s', async (use, open) => {
    const { access } = await signIn()
    const headers = await open(access)
    await fhir(access, READ, headers)
    const { asked } = await askedDuring(() => fhir(access, READ, headers))
    expect(asked).toEqual(saidOf(use))
  })

  test('and a token that was verified is looked up again after half a minute', async () => {
    const { access } = await signIn()
    await fhir(access, READ)
    const readsAfter = async (ms: number) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })
      const { asked } = await askedDuring(() => fhir(access, READ))
      vi.useRealTimers()
      return asked.get
    }
    expect(await readsAfter(25_000)).toBe(0)
    expect(await readsAfter(31_000)).toBeGreaterThan(0)
  })

  test('so that the free plan ends after so many sign-ins and clients', () => {
    const [, signIns, clients] =
      /KV writes run out first: (\d+) sign-ins a day,\s+or (\d+) clients/.exec(operations) ?? []
    expect(Number(signIns)).toBe(Math.floor(1000 / (saidOf('one sign-in').put ?? 0) / 10) * 10)
    expect(Number(clients)).toBe(Math.floor(1000 / (24 * (saidOf('one renewal, each hour of use').put ?? 0))))
  })
})
