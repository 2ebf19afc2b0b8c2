/** The sandbox must answer as the recorded Medplum did, except where a reason is written down. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/server.ts'
import { tokenFor } from './client.ts'
import { notYet } from './not-yet.ts'
import { GIVEN, MEMBERSHIPS, recordingWorld } from './recording-world.ts'
import { type Exchange, replay, type Target } from './replay.ts'

const FILES = ['oauth', 'read-write', 'search', 'errors', 'bundles', 'graphql', 'files', 'operations', 'async']

// In order: later exchanges use what earlier ones made.
describe('the recording', { shuffle: false }, () => {
  describe.each(FILES)('%s.json', (file) => {
    const exchanges: Exchange[] = JSON.parse(
      readFileSync(new URL(`../recordings/${file}.json`, import.meta.url), 'utf8'),
    )
    const reasons = notYet[file] ?? {}
    let sandbox: Sandbox
    let target: Target
    let replayed = 0

    beforeAll(async () => {
      let clock = Date.now()
      sandbox = await startSandbox({ world: recordingWorld(), now: () => clock++, introspection: true, agentWaitMs: 0 })
      const variables = { ...GIVEN, base: sandbox.baseUrl, appBase: sandbox.appUrl }
      const tokens: Record<string, string> = {}
      for (const sender of new Set(exchanges.map((one) => one.as).filter((one) => one !== 'anonymous'))) {
        tokens[sender] = await tokenFor(sandbox, MEMBERSHIPS[sender] ?? { email: '', password: '' })
      }
      target = {
        variables,
        tokens,
        wait(ms) {
          clock += ms
        },
      }
    })

    afterAll(async () => {
      console.log(`${file}.json: ${replayed} of ${exchanges.length} exchanges replay`)
      await sandbox.close()
    })

    it.each(exchanges)('$name', async (exchange) => {
      const different = await replay(exchange, target)
      if (exchange.name in reasons) {
        expect(different, 'replays now: take it off the list in not-yet.ts').not.toEqual([])
      } else {
        expect(different).toEqual([])
        replayed++
      }
    })

    it('lists only exchanges that exist', () => {
      const names = new Set(exchanges.map((one) => one.name))
      expect(Object.keys(reasons).filter((name) => !names.has(name))).toEqual([])
    })
  })
})
