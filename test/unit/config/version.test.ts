// The version is in two places; this keeps them the same.
import { expect, test } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { VERSION } from '../../../src/base/version.ts'

test('clients see the version of the package', () => {
  expect(VERSION).toBe(manifest.version)
})
