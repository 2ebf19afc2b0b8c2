// Which requests each kind of call sends to Medplum: the table in docs/performance.md.
import { beforeAll, expect, test } from 'vitest'
import { PATIENT_IDS } from '../../../sandbox/clinic/people.ts'
import { COSTS } from '../../../scripts/upstream-requests.ts'
import { GET } from '../../calls.ts'
import { deployment, say } from '../world/deployment.ts'
import { create, medplumToken } from '../world/medplum.ts'
import { signIn } from '../world/signing-in.ts'
import { ada, sandbox } from '../world/world.ts'

const ask = deployment({})
let access: string
beforeAll(async () => {
  access = (await signIn(ada)).access
  await say(ask, access, 'fhir-request', GET('metadata'))
})

test.each(COSTS)('$call: $requests', async ({ tool, args, requests: expected }) => {
  const { id, meta } = await create(await medplumToken(), { resourceType: 'Basic', code: { text: 'to be counted' } })
  const { versionId } = meta as { versionId: string }
  const values = { CHART: `Patient/${PATIENT_IDS.diabetic}`, NEW: id, VERSION: versionId }
  const given = JSON.parse(JSON.stringify(args).replace(/CHART|NEW|VERSION/g, (name) => values[name as 'NEW']))
  const { result, requests } = await sandbox.during(() => say(ask, access, tool, given))
  expect(result.isError, result.all).toBe(false)
  expect(requests.map(({ method, path }) => `${method} ${path}`)).toHaveLength(expected)
})
