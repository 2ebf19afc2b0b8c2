import { expect } from 'vitest'

export async function expectUnavailable(response: Response): Promise<void> {
  expect([429, 503]).toContain(response.status)
  expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' })
}
