import { expect, test } from 'vitest'
import { Content } from '../../../src/client/content.ts'
import { isPlaceholder } from '../../../src/secrets/redact.ts'
import { Whole } from '../../../src/secrets/whole.ts'
import type { ToolContext } from '../../../src/tools/kit/tool.ts'
import { withStored } from '../../../src/tools/perform/put-back.ts'
import { bundleOf, entryFor } from '../../calls.ts'
import { SECRET } from './wholes.ts'

const batch = (entry: object) => ({ method: 'POST', path: '', body: bundleOf('batch', [entry]) })

test.each([
  ['(hidden)', true],
  ['Authorization: (hidden)', true],
  ['see (signed address hidden).', true],
  ['pain (hidden)', false],
  ['hidden', false],
])('%j stands for what was hidden: %j', (text, expected) => {
  expect(isPlaceholder(text)).toBe(expected)
})

test.each([
  ['PUT', { method: 'PUT', path: 'Bot/1', body: { resourceType: 'Bot', id: '1', code: '(hidden)' } }],
  ['PATCH', { method: 'PATCH', path: 'Bot/1', body: [{ op: 'replace', path: '/code', value: '(hidden)' }] }],
  [
    'a PATCH that could show something',
    { method: 'PATCH', path: 'Bot/1', body: [{ op: 'replace', path: '/name', value: 'b' }] },
  ],
  ['PUT in a batch', batch(entryFor('PUT', 'Bot/1', { resourceType: 'Bot', id: '1', code: '(hidden)' }))],
  [
    'PATCH in a batch',
    batch(
      entryFor('PATCH', 'Bot/1', {
        resourceType: 'Binary',
        data: btoa('[{"op":"replace","path":"/code","value":"(hidden)"}]'),
      }),
    ),
  ],
] as [string, { method: 'PUT' | 'PATCH' | 'POST'; path: string; body: unknown }][])(
  'a %s is sent for the version whose secrets it contains',
  async (_, { method, path, body }) => {
    const stored = new Whole({ resourceType: 'Bot', id: '1', name: 'a', code: SECRET, meta: { versionId: 'v7' } })
    const context = { fhir: { wholes: async () => [stored] } } as unknown as ToolContext
    const { content, ifMatch } = await withStored({ method, path, content: Content.json(body) }, context)
    const sent = JSON.stringify(content?.value).replaceAll(/"data":"([^"]+)"/g, (_all, data: string) => atob(data))
    expect(sent.includes(SECRET)).toBe(!/name/.test(JSON.stringify(body)))
    const isBound =
      ifMatch === 'W/"v7"' || sent.includes('"path":"/meta/versionId","value":"v7"') || sent.includes('W/\\"v7\\"')
    expect(isBound, sent).toBe(true)
  },
)

test('a value made of many placeholders is refused', () => {
  const whole = new Whole({ resourceType: 'Project', secret: [] })
  const secret = Array.from({ length: 201 }, (_, at) => ({ name: `N${at}`, valueString: '(hidden)' }))
  expect(whole.replacedBy({ resourceType: 'Project', secret })).toEqual({ problem: expect.stringContaining('200') })
})

test.each([
  ['alone', (body: object) => ({ path: '$graphql', body })],
  ['in a batch', (resource: object) => batch(entryFor('POST', '$graphql', resource))],
])('a patch by GraphQL that could show a secret is refused, %s', async (_, make) => {
  const patch = '[{op: "move", from: "/code", path: "/name"}]'
  const { path, body } = make({ query: `mutation { BotPatch(id: "1", patch: ${patch}) { id } }` })
  const sent = withStored({ method: 'POST', path, content: Content.json(body) }, {} as ToolContext)
  await expect(sent).rejects.toThrow('could show what is hidden')
})
