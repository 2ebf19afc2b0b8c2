// The answer to a write leaves out only what the model already knows.
import { describe, expect, it } from 'vitest'
import { Content } from '../../../src/client/content.ts'
import type { Method } from '../../../src/client/request.ts'
import { withoutEcho } from '../../../src/tools/perform/echo.ts'

const META = { versionId: '1', lastUpdated: '2026-01-01T00:00:00Z' }
const sent = { resourceType: 'Task', status: 'requested', intent: 'order', code: { text: 'Call' } }
const stored = { ...sent, id: 't1', meta: META }

const echoOf = (method: Method, path: string, body: unknown, answer: unknown) =>
  withoutEcho({ method, path, content: Content.json(body) }, answer)

describe('the answer to a write', () => {
  it.each<[string, Method, string]>([
    ['create', 'POST', 'Task'],
    ['replacement', 'PUT', 'Task/t1'],
    ['conditional replacement', 'PUT', 'Task?identifier=a|1'],
  ])('%s: leaves out what was stored as sent', (_, method, path) => {
    const { news, leftOut } = echoOf(method, path, sent, stored) ?? {}
    expect(news).toEqual({ resourceType: 'Task', id: 't1', meta: META })
    expect(leftOut).toContain('status, intent, code')
  })

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['another value', { status: 'ready' }, { status: 'ready' }],
    ['a value in a list', { note: [{ text: 'a' }, { text: 'c' }] }, { note: [{ text: 'a' }, { text: 'c' }] }],
    ['one that was not sent', { owner: { reference: 'Practitioner/1' } }, { owner: { reference: 'Practitioner/1' } }],
    ['a number of another kind', { priority: 1 }, { priority: 1 }],
  ])('shows %s', (_, changed, shown) => {
    const note = { note: [{ text: 'a' }, { text: 'b' }], priority: '1' }
    const { news } = echoOf('PUT', 'Task/t1', { ...sent, ...note }, { ...stored, ...note, ...changed }) ?? {}
    expect(news).toEqual({ resourceType: 'Task', id: 't1', meta: META, ...shown })
  })

  it.each<[string, unknown[], string[]]>([
    ['touched', [{ op: 'replace', path: '/status', value: 'requested' }], ['status']],
    ['moved from', [{ op: 'move', from: '/code/text', path: '/note' }], ['code']],
    ['added to', [{ op: 'add', path: '/code/coding/-', value: {} }], ['code']],
  ])('shows what a patch %s', (_, patch, shown) => {
    const { news } = echoOf('PATCH', 'Task/t1', patch, stored) ?? {}
    expect(Object.keys(news ?? {}).sort()).toEqual(['id', 'meta', 'resourceType', ...shown].sort())
  })

  it.each<[string, Method, string, unknown, unknown]>([
    ['a patch of the whole', 'PATCH', 'Task/t1', [{ op: 'replace', path: '', value: stored }], stored],
    ['an operation', 'POST', 'Task/$x', sent, stored],
    ['an operation on a record', 'POST', 'Task/t1/$x', sent, stored],
    ['a batch', 'POST', '', sent, stored],
    ['an OperationOutcome', 'PUT', 'Task/t1', sent, { resourceType: 'OperationOutcome', status: 'requested' }],
    ['another type', 'POST', 'Task', sent, { ...stored, resourceType: 'Patient' }],
    ['nothing in common', 'POST', 'Task', { resourceType: 'Task' }, { resourceType: 'Task', id: 't1', meta: META }],
  ])('is complete for %s', (_, method, path, body, answer) => {
    expect(echoOf(method, path, body, answer)).toBeUndefined()
  })
})
