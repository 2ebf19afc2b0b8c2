// The brakes against abuse, and what they answer. The bindings count; here they are told that the limit is reached.

import { createExecutionContext, env } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import type { Bindings } from '../../src/env.ts'
import { limitCalls } from '../../src/policy.ts'
import { ORIGIN } from './world.ts'

const reached: RateLimit = { limit: async () => ({ success: false }) }
const caller = {
  userId: 'u',
  grantId: 'g',
  clientId: 'c',
  scope: [],
  props: { vaultKey: '', accessToken: '', accessExpiresAt: 0, profile: '', project: '', clientName: '' },
}
const never = async () => {
  throw new Error('must not be reached')
}

describe('beyond the limit', () => {
  test.each(['/authorize', '/oauth/register', '/oauth/token', '/oauth/callback'])(
    '%s answers 429 with the wait',
    async (path) => {
      const bindings = { ...env, LIMIT_SIGN_IN: reached } as Bindings
      const response = await createApp(never).fetch(
        new Request(`${ORIGIN}${path}`, {
          method: path.startsWith('/oauth/c') || path === '/authorize' ? 'GET' : 'POST',
        }),
        bindings,
        createExecutionContext(),
      )
      expect(response.status).toBe(429)
      expect(response.headers.get('retry-after')).toBe('60')
      expect(await response.json()).toHaveProperty('error_description')
    },
  )

  test('a call answers 429 with the wait', async () => {
    const bindings = { ...env, LIMIT_CALLS: reached } as Bindings
    const response = await limitCalls(never)(new Request(ORIGIN), caller, bindings, createExecutionContext())
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('60')
  })
})
