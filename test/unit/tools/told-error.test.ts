// The one boundary for errors: what a model learns of one that was not written for it.
import { afterEach, expect, test, vi } from 'vitest'
import { UserError } from '../../../src/base/told-error.ts'
import { explain } from '../../../src/tools/kit/register.ts'

afterEach(() => vi.restoreAllMocks())

test('an error for the model is told as it is', () => {
  expect(explain(new UserError('`path` is missing.'))).toBe('`path` is missing.')
})

test.each<[string, unknown]>([
  ['TypeError', new TypeError('a detail of the inside')],
  ['string', 'a detail of the inside'],
])('of any other (%s), only a report number is told, which the log has with its class', (error, thrown) => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  const text = explain(thrown)
  const report = /Report ([\w-]{36}) to its operator/.exec(text)?.[1]
  expect(report).toBeDefined()
  expect(logged.mock.calls.map(([line]) => JSON.parse(String(line)))).toEqual([{ event: 'tool_failed', report, error }])
  expect(text + logged.mock.calls.join()).not.toContain('a detail of the inside')
})
