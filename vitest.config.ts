import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { SANDBOX_CLIENT_ID } from './sandbox/world.ts'

export default defineConfig({
  test: {
    silent: 'passed-only',
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/workers/**'],
          // The end-to-end tests mostly wait.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                PUBLIC_URL: 'http://localhost:8787',
                MEDPLUM_BASE_URL: inject('sandboxUrl'),
                MEDPLUM_CLIENT_ID: SANDBOX_CLIENT_ID,
                UPSTREAM_TIMEOUT_SECONDS: '20',
                MAX_ACCESS: 'admin',
                // Most tests compare what is stored with what was sent; test/workers/provenance.test.ts has it on.
                AI_TAG: 'off',
              },
              ratelimits: Object.fromEntries(
                ['SIGN_IN', 'CALLS', 'REGISTRATION', 'TOKENS', 'READS', 'WRITES', 'OPERATIONS'].map((name, index) => [
                  `LIMIT_${name}`,
                  { namespace_id: String(1001 + index), simple: { limit: 100_000, period: 60 } },
                ]),
              ),
            },
          })),
        ],
        test: {
          name: 'workers',
          include: ['test/workers/**/*.test.ts'],
          globalSetup: ['./test/workers/global-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          isolate: false,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          deps: {
            optimizer: {
              ssr: {
                enabled: true,
                include: ['zod', 'hono', 'hono/cookie', 'hono/tiny', 'hono/jsx', 'hono/jsx/jsx-runtime'],
              },
            },
          },
        },
      },
    ],
  },
})
