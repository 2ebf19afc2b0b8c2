/** `npm run doctor -- URL [--json]`: what is wrong with a deployment, and what to do. Ends with 1 if anything is. */
import { parseArgs } from 'node:util'
import { examine, report } from './examine.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } })
const [address] = positionals
if (!address) {
  console.error('Usage: npm run doctor -- https://mcp.example.com [--json]')
  process.exit(2)
}
const findings = await examine(address)
console.log(values.json ? JSON.stringify(findings, null, 2) : report(findings))
if (findings.some((one) => !one.ok)) process.exitCode = 1
