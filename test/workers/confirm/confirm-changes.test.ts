// An update is asked about, and changes only the version that was shown.
import { describe, expect, test } from 'vitest'
import { bundleOf, POST, PUT } from '../../calls.ts'
import type { Resource } from '../world/medplum.ts'
import { sandbox } from '../world/world.ts'
import { access, agreed, everything, medplum, newTask, setUp, TASK, touch } from './changing.ts'
import { ACCEPT, direct, writesDuring } from './confirming.ts'

setUp()

const stored = async (path: string) => (await direct(medplum, 'GET', path)).json<Resource>()

describe('an update, where every change is asked about', () => {
  test('PUT shows the differences, and changes only that version', async () => {
    const { id } = await newTask()
    const args = PUT(`Task/${id}`, { ...TASK, id, status: 'accepted' })
    const { question, result, writes } = await agreed(everything, args)
    expect(question).toBe(`Change Task/${id} "Call back"\nstatus: "requested" → "accepted"`)
    expect(result.isError).toBe(false)
    expect(writes).toEqual([`PUT Task/${id}`])
    expect(await stored(`Task/${id}`)).toMatchObject({ status: 'accepted' })
  })

  test('the write itself is bound to that version: nothing comes between the read and the write', async () => {
    const { id, meta } = await newTask()
    const args = PUT(`Task/${id}`, { ...TASK, id, status: 'accepted' })
    const { requests } = await sandbox.during(() => agreed(everything, args))
    const put = requests.find(({ method }) => method === 'PUT')
    expect(put?.headers['if-match']).toBe(`W/"${(meta as { versionId: string }).versionId}"`)
  })

  test.each([
    ['another file', { text: 'two' }],
    ['another type of it', { contentType: 'text/csv' }],
  ])('what is approved for a file is not valid for %s', async (_, other) => {
    const args = { method: 'POST', path: 'Binary', text: 'one', contentType: 'text/plain' }
    const { state } = await everything(access, args)
    const { result, writes } = await writesDuring(() =>
      everything(access, { ...args, ...other }, { state, responses: ACCEPT }),
    )
    expect(result.text).toContain('for other arguments')
    expect(writes).toEqual([])
  })

  test.each([{ ifMatch: 'another' }, { respondAsync: true }])('nor for a call with %j', async (more) => {
    const { id } = await newTask()
    const request = { method: 'PUT', url: `Task/${id}` }
    const resource = { ...TASK, id, status: 'accepted' }
    const args = 'ifMatch' in more ? PUT(`Task/${id}`, resource) : POST('', bundleOf('batch', [{ request, resource }]))
    const { state } = await everything(access, args)
    const { result, writes } = await writesDuring(() =>
      everything(access, { ...args, ...more }, { state, responses: ACCEPT }),
    )
    expect(result.text).toContain('for other arguments')
    expect(writes).toEqual([])
  })

  test('PATCH likewise, with a body as text', async () => {
    const { id } = await newTask()
    const patch = JSON.stringify([{ op: 'replace', path: '/status', value: 'accepted' }])
    const { question, writes } = await agreed(everything, { method: 'PATCH', path: `Task/${id}`, patch })
    expect(question).toBe(`Change Task/${id} "Call back"\nstatus: "requested" → "accepted"`)
    expect(writes).toEqual([`PATCH Task/${id}`])
    expect(await stored(`Task/${id}`)).toMatchObject({ status: 'accepted' })
  })

  test.each([
    ['PUT', (id: string) => ({ body: { ...TASK, id, status: 'accepted' } })],
    ['PATCH', () => ({ patch: [{ op: 'replace', path: '/status', value: 'accepted' }] })],
  ])('%s changes nothing that was changed meanwhile', async (method, content) => {
    const { id } = await newTask()
    const args = { method, path: `Task/${id}`, ...content(id) }
    const { result, writes } = await agreed(everything, args, () => touch(`Task/${id}`))
    expect(result).toMatchObject({
      isError: true,
      text: expect.stringMatching(/^Nothing was changed: Task\/.* has changed/),
    })
    expect(writes).toEqual([])
    expect(await stored(`Task/${id}`)).toMatchObject({ status: 'requested', priority: 'urgent' })
  })

  test('other content is not what was approved', async () => {
    const { id } = await newTask()
    const args = (status: string) => PUT(`Task/${id}`, { ...TASK, id, status })
    const { state } = await everything(access, args('accepted'))
    const { result, writes } = await writesDuring(() =>
      everything(access, args('rejected'), { state, responses: ACCEPT }),
    )
    expect(result.text).toBe(
      'Nothing was changed: this confirmation was given for other arguments. Call again to ask the person again.',
    )
    expect(writes).toEqual([])
  })

  test('the order of properties does not change the content', async () => {
    const { id } = await newTask()
    const { state } = await everything(access, PUT(`Task/${id}`, { ...TASK, id, status: 'accepted' }))
    const turned = Object.fromEntries(Object.entries({ ...TASK, id, status: 'accepted' }).reverse())
    const args = { path: `Task/${id}`, body: turned, method: 'PUT' }
    expect((await everything(access, args, { state, responses: ACCEPT })).isError).toBe(false)
  })

  test('a PATCH that does not fit is not asked about', async () => {
    const { id } = await newTask()
    const answer = await everything(access, {
      method: 'PATCH',
      path: `Task/${id}`,
      patch: [{ op: 'remove', path: '/note' }],
    })
    expect(answer).toMatchObject({
      question: undefined,
      isError: true,
      text: expect.stringContaining('there is nothing at /note'),
    })
  })

  test('a create names what it creates', async () => {
    const { question, result, writes } = await agreed(everything, POST('Task', TASK))
    expect(question.split('\n')).toEqual([
      'Create Task "Call back"',
      'status: "requested"',
      'intent: "order"',
      'description: "Call back"',
    ])
    expect(result.isError).toBe(false)
    expect(writes).toEqual(['POST Task'])
  })
})
