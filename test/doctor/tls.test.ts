// What `npm run doctor` says about a certificate that clients refuse. Each in its own process, which gets its trust at the start.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import type { Finding } from '../../scripts/doctor/finding.ts'

const MAIN = new URL('../../scripts/doctor/main.ts', import.meta.url).pathname

/** Path of one of the certificates for localhost, or of the key of both. */
const pathOf = (name: 'key' | 'valid' | 'expired') => new URL(`certificates/${name}.pem`, import.meta.url).pathname

interface Case {
  /** Plain http without one. */
  certificate?: 'valid' | 'expired'
  /** Whether the doctor's process trusts it. */
  trusted?: boolean
  host?: string
}

/** The faults of a server that has this certificate, and otherwise answers nothing that one should. */
async function faultsOf({ certificate, trusted, host = 'localhost' }: Case): Promise<Finding[]> {
  const server = certificate
    ? createServer({ key: readFileSync(pathOf('key')), cert: readFileSync(pathOf(certificate)) })
    : createHttpServer()
  server.on('request', (_request, response) => response.writeHead(404).end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const { code, stdout } = await promisify(execFile)(process.execPath, [MAIN, `https://${host}:${port}`, '--json'], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: trusted && certificate ? pathOf(certificate) : '' },
    }).then(
      () => ({ code: 0, stdout: '[]' }),
      (error: { code: number; stdout: string }) => error,
    )
    expect(code).toBe(1)
    return (JSON.parse(stdout) as Finding[]).filter((one) => !one.ok)
  } finally {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

const CASES: [string, Case, RegExp, RegExp][] = [
  ['signed by itself', { certificate: 'valid' }, /SELF_SIGNED/, /NODE_EXTRA_CA_CERTS/],
  ['that has expired', { certificate: 'expired', trusted: true }, /CERT_HAS_EXPIRED/, /clock/],
  [
    'that has expired, signed by itself',
    { certificate: 'expired' },
    /SELF_SIGNED|EXPIRED/,
    /clock|NODE_EXTRA_CA_CERTS/,
  ],
  ['of another name', { certificate: 'valid', trusted: true, host: '127.0.0.1' }, /ALTNAME/, /add the domain/],
  ['that is none, because plain http answers', {}, /EPROTO|SSL/, /few minutes/],
]

it.each(CASES)('a certificate %s: finding tls', async (_, given, found, fix) => {
  const expected = { check: 'tls', found: expect.stringMatching(found), fix: expect.stringMatching(fix) }
  expect(await faultsOf(given)).toEqual([expect.objectContaining(expected)])
})

it('a certificate that is valid and trusted: no finding tls', async () => {
  const faults = await faultsOf({ certificate: 'valid', trusted: true })
  expect(faults.map(({ check }) => check)).toEqual(['health'])
})
