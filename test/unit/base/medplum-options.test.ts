// The command that writes to a real Medplum runs only where it is meant to.
import { describe, expect, test } from 'vitest'
import { readOptions } from '../../medplum/options.ts'

const ADMIN = { TEST_MEDPLUM_EMAIL: 'admin@example.com', TEST_MEDPLUM_PASSWORD: 'secret' }
const read = (url: string, ...more: string[]) => readOptions(['--url', url, ...more], ADMIN)

describe('the server', () => {
  test.each([
    ['http://localhost:8103/', 'http://localhost:8103/'],
    ['http://localhost:8103', 'http://localhost:8103/'],
    ['http://127.0.0.1:8103/', 'http://127.0.0.1:8103/'],
    ['http://[::1]:8103/', 'http://[::1]:8103/'],
    ['http://localhost/medplum', 'http://localhost/medplum/'],
  ])('%s is on this machine', (given, url) => {
    expect(read(given).url).toBe(url)
  })

  test.each([
    ['https://api.medplum.com/', 'hosted'],
    ['https://API.MEDPLUM.COM/', 'hosted'],
    ['https://api.medplum.com./', 'hosted'],
    ['https://medplum.com/', 'hosted'],
    ['https://medplum.example.com/', 'this machine'],
    ['http://localhost.example.com/', 'this machine'],
    ['http://127.0.0.1.example.com/', 'this machine'],
    ['http://10.0.0.1:8103/', 'this machine'],
    ['http://192.168.1.2:8103/', 'this machine'],
  ])('%s takes --i-know', (given, why) => {
    expect(() => read(given)).toThrow(why)
    expect(read(given, '--i-know').url).toMatch(/^https?:/)
  })

  test.each([
    ['localhost:8103', 'Not a URL'],
    ['file:///etc', 'Not a URL'],
    ['http://admin:secret@localhost:8103/', 'without a login'],
    ['http://localhost:8103/?a=b', 'without a login, query'],
  ])('%s is refused', (given, why) => {
    expect(() => read(given, '--i-know')).toThrow(why)
  })
})

test('everything can be set in the environment', () => {
  const env = { ...ADMIN, TEST_MEDPLUM_URL: 'http://localhost:8103/', TEST_MEDPLUM_PROJECT: 'p' }
  expect(readOptions([], env)).toMatchObject({ url: env.TEST_MEDPLUM_URL, email: 'admin@example.com', project: 'p' })
})

test.each([
  [[], 'Missing: --url'],
  [['--url', 'http://localhost/', '--rounds', '0'], '--rounds'],
  [['--url', 'http://localhost/', '--nothing'], '--nothing'],
  [['--url', 'http://localhost/', '--only', 'nothing'], 'recordings'],
])('%j is wrong', (args, why) => {
  expect(() => readOptions(args, ADMIN)).toThrow(why)
})
