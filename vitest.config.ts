import { readFile } from 'node:fs/promises'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import type { Plugin } from 'vite'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'
import { unstable_readConfig as readConfig } from 'wrangler'
import { SANDBOX_CLIENT_ID } from './sandbox/world.ts'
import { leftOut } from './test/left-out.ts'

/** About asking, or about tenants, some of which ask. */
const ASKING = ['test/workers/confirm/*.test.ts', 'test/workers/tenants/*.test.ts']
/** These load Medplum's definitions, which then hold for the whole process and change how FHIRPath is evaluated. The Worker has none. */
const DEFINED = ['test/unit/advice/definitions.test.ts', 'test/unit/advice/capability-summary.test.ts']
/** The limits of wrangler.toml, here too high to be reached. */
const { ratelimits } = readConfig({ config: './wrangler.toml' })
/** How many test files run at the same time. */
const AT_ONCE = 3

/** Source maps of packages were three quarters of what is sent to each workerd before its first test. */
const WITHOUT_MAPS: Plugin = {
  name: 'without-maps',
  enforce: 'pre',
  async load(id) {
    const [file = ''] = id.split('?')
    if (!/\/node_modules\/.*\.m?js$/.test(file)) return undefined
    const code = await readFile(file, 'utf8')
    return { code: code.replace(/^\/\/# sourceMappingURL=.*$/m, ''), map: { mappings: '' } }
  },
}

interface InWorkerd {
  include: string[]
  exclude: string[]
  /** What starts the sandboxes. */
  setup: string
  /** Settings besides those that all have. */
  settings: Record<string, string>
}

/** Tests that run beside the Worker in one of a few workerd, each with sandboxes of its own: tests log and disturb what those are asked. */
function inWorkerd(
  name: string,
  mode: string,
  { include, exclude, setup, settings }: InWorkerd,
): TestProjectConfiguration {
  let started = 0
  return {
    define: { FULL_TESTS: String(mode === 'full') },
    plugins: [
      WITHOUT_MAPS,
      cloudflareTest(({ inject }) => ({
        wrangler: { configPath: './wrangler.toml' },
        miniflare: {
          bindings: {
            PUBLIC_URL: 'http://localhost:8790',
            MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID,
            UPSTREAM_TIMEOUT_SECONDS: '20',
            MAX_ACCESS: 'admin',
            CLIENT_DOCUMENTS: 'on',
            // Most tests compare what is stored with what was sent; test/workers/requests/provenance.test.ts has it on.
            AI_TAG: 'off',
            ...inject('upstreams')[started++ % AT_ONCE],
            ...settings,
          },
          workerLoaders: { LOADER: {} },
          ratelimits: Object.fromEntries(
            ratelimits.map(({ name, namespace_id }) => [
              name,
              { namespace_id, simple: { limit: 100_000, period: 60 } },
            ]),
          ),
        },
      })),
    ],
    test: {
      name,
      include,
      exclude,
      globalSetup: [setup],
      testTimeout: 30_000,
      hookTimeout: 30_000,
      // A second, the default, is too short on a busy machine.
      expect: { poll: { timeout: 5_000 } },
      isolate: false,
      maxWorkers: AT_ONCE,
    },
  }
}

// `--mode full`: all cases of the tests that try many (test/runs.ts).
export default defineConfig(({ mode }) => ({
  test: {
    silent: 'passed-only',
    reporters: ['default', leftOut],
    projects: [
      {
        define: { FULL_TESTS: String(mode === 'full') },
        test: {
          name: 'node',
          include: ['test/unit/**/*.test.ts'],
          exclude: DEFINED,
          // So that a test can stand in for the runtime that it imports.
          server: { deps: { inline: ['@cloudflare/workers-oauth-provider', 'agents'] } },
          maxWorkers: AT_ONCE,
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        define: { FULL_TESTS: String(mode === 'full') },
        test: {
          name: 'sandbox',
          include: ['test/sandbox/**/*.test.ts', ...DEFINED],
          maxWorkers: AT_ONCE,
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        // Whole programs and a real browser: `npm run test:e2e`.
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/doctor/**/*.test.ts', 'test/setup/**/*.test.ts'],
          // They mostly wait.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      // Nobody is there to be asked.
      inWorkerd('workers', mode, {
        include: ['test/workers/**/*.test.ts'],
        exclude: ASKING,
        setup: './test/workers/world/global-setup.ts',
        settings: { CONFIRM: 'never' },
      }),
      inWorkerd('asking', mode, {
        include: ASKING,
        exclude: [],
        setup: './test/workers/world/tenants-setup.ts',
        settings: { CONFIRM: 'delete', AUDIT_KEY: 'a key of thirty-two characters!!' },
      }),
    ],
  },
}))
