/** `npm run doctor -- URL [--sign-in] [--json]`: what is wrong with a deployment, and what to do. Exits with 1 if anything is wrong. */
import { parseArgs } from 'node:util'
import { examine, report } from './examine.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, 'sign-in': { type: 'boolean' } },
})
const [address] = positionals
if (!address) {
  console.error('Usage: npm run doctor -- https://mcp.example.com [--sign-in] [--json]')
  process.exit(2)
}
// On standard error, because another program may read the findings on standard output.
const show = (url: string) =>
  console.error(`Open this in a browser on this machine, allow access and sign in:\n\n${url}\n`)
const findings = await examine(address, { person: values['sign-in'] ? { show } : undefined })
console.log(values.json ? JSON.stringify(findings, null, 2) : report(findings))
if (findings.some((one) => !one.ok)) process.exitCode = 1
