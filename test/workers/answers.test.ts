// Answers as a model gets them, over the whole clinic: their form, what they say of themselves, that following `next` loses
// nothing and gives nothing twice, and that none is larger than its budget.
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { PATIENT_IDS } from '../../sandbox/clinic/people.ts'
import { withoutNoise } from '../../src/answer/noise.ts'
import { Content } from '../../src/client/content.ts'
import { bundleOf, entryFor, GET, POST } from '../calls.ts'
import { decode } from '../unit/decode.ts'
import { deployment, type Said, say } from './deployment.ts'
import { events, fhirCall, post, startSession } from './mcp.ts'
import { allOf, create, medplumClient, medplumToken, type Resource } from './medplum.ts'
import { signIn } from './signing-in.ts'
import { alice, type LoggedRequest, sandbox } from './world.ts'

const chart = `Patient/${PATIENT_IDS.diabetic}`
const ask = deployment({})
let access: string
let medplum: string
beforeAll(async () => {
  access = (await signIn(alice)).access
  medplum = await medplumToken()
})
afterEach(() => sandbox.clearFaults())

function call(args: Record<string, unknown>, deployed = ask): Promise<Said> {
  return say(deployed, access, 'fhir-request', { method: 'GET', ...args })
}

/** What the FHIR API was asked meanwhile. */
async function asked<T>(work: () => Promise<T>): Promise<{ result: T; requests: LoggedRequest[] }> {
  const { result, requests } = await sandbox.during(work)
  return { result, requests: requests.filter(({ path }) => path.startsWith('/fhir/')) }
}

interface Entry {
  resource: Resource & { meta: { versionId: string } }
}

interface Bundle {
  type: string
  total?: number
  entry?: Entry[]
  link?: { relation: string; url: string }[]
}

/** The Bundle that an answer shows, without the digest of what it dropped. */
function bundleIn(text: string): Bundle {
  const shown = text.replace(/\n# Dropped \(\d+\)\n[\s\S]*$/, '')
  return (shown.startsWith('{') ? JSON.parse(shown) : decode(shown)) as Bundle
}

const nextOf = ({ link }: Bundle) => link?.find(({ relation }) => relation === 'next')?.url

const reference = ({ resourceType, id }: { resourceType: string; id: string }) => `${resourceType}/${id}`
const sorted = (list: readonly string[]) => [...list].sort()

interface Followed {
  /** `Type/id` or, of a history, version ids, of all entries in all answers. */
  found: string[]
  answers: string[]
  bundles: Bundle[]
}

/** Follows `next` to the end, by its path alone unless `again` names arguments to repeat. */
async function follow(
  args: Record<string, unknown>,
  again: Record<string, unknown> = {},
  name: (resource: Entry['resource']) => string = reference,
): Promise<Followed> {
  const followed: Followed = { found: [], answers: [], bundles: [] }
  const paths = new Set<unknown>()
  for (let path = args.path; path !== undefined; ) {
    expect(paths, 'a path that was followed before').not.toContain(path)
    paths.add(path)
    const { isError, text, all } = await call(followed.answers.length === 0 ? args : { path, ...again })
    expect(isError, text).toBe(false)
    const bundle = bundleIn(text)
    followed.answers.push(all)
    followed.bundles.push(bundle)
    followed.found.push(...(bundle.entry ?? []).map(({ resource }) => name(resource)))
    path = nextOf(bundle)
  }
  return followed
}

describe('the form', () => {
  test.each([
    ['a record', chart],
    ['a search', 'Task?_sort=_id&_count=50'],
    ['a search with what it includes', 'Observation?_sort=_id&_count=30&_include=Observation:subject'],
    ['a chart', `${chart}/$everything?_count=60`],
    ['a history', `${chart}/_history`],
  ])('of %s is compact by default and means the same as the JSON', async (_, path) => {
    const [compact, json] = [
      await call({ path, maxChars: 100_000 }),
      await call({ path, format: 'json', maxChars: 100_000 }),
    ]
    expect(compact.text).toMatch(/^# [A-Z][A-Za-z]+\n/)
    expect(await call({ path, format: 'compact', maxChars: 100_000 })).toEqual(compact)
    const body = JSON.parse(json.text)
    expect(decode(compact.text)).toEqual(withoutNoise(body).value)
    expect(compact.text.length).toBeLessThan(json.text.length)
  })

  test('of a search that is complete says how many there are; of a page, where it goes on', async () => {
    const found = (await allOf(medplum, `Condition?subject=${chart}`)).length
    const whole = await call({ path: `Condition?subject=${chart}&_count=100` })
    expect(whole.text).toMatch(new RegExp(`^# Bundle\\ntotal: ${found}\\nreturned: ${found}\\n`))
    expect(whole.text).not.toMatch(/^(next|dropped): /m)
    const page = await call({ path: 'Encounter?_sort=_id&_count=7' })
    expect(page.text).toMatch(/^# Bundle\nreturned: 7\nnext: Encounter\?\S+\n/)
    const total = (await allOf(medplum, 'Encounter')).length
    const counted = await call({ path: 'Encounter?_sort=_id&_count=7&_total=accurate' })
    expect(counted.text).toMatch(new RegExp(`^# Bundle\\ntotal: ${total}\\nreturned: 7\\nnext: `))
  })

  test('of no hits says so, and keeps what may be behind it', async () => {
    const { isError, all } = await call({ path: 'Patient?name=Muller' })
    expect(isError).toBe(false)
    expect(all).toMatch(/^total: 0\nreturned: 0$/m)
    expect(all).toMatch(/^Note: .*accents/m)
  })

  test('of a GraphQL query, of a batch and of a batch in the background is compact, and means the same', async () => {
    const query = `{ Patient(id: "${PATIENT_IDS.diabetic}") { id name { family } } ObservationList(_count: 9) { id status } }`
    const graphql = POST('$graphql', { query })
    const plain = JSON.parse((await call({ ...graphql, format: 'json' })).text)
    expect(plain.data.ObservationList).toHaveLength(9)
    expect(decode((await call(graphql)).text)).toEqual(plain)

    const entry = [chart, 'Task?_sort=_id&_count=3', 'Task/none'].map((url) => entryFor('GET', url))
    const batch = POST('', bundleOf('batch', entry))
    const now = await call(batch)
    const body = JSON.parse((await call({ ...batch, format: 'json' })).text)
    expect(body.entry.map(({ response }: { response: { status: string } }) => response.status)).toEqual([
      '200',
      '200',
      '404',
    ])
    expect(decode(now.text)).toEqual(withoutNoise(body).value)
    const later = decode((await call({ ...batch, respondAsync: true })).text) as Bundle
    expect(later.entry?.map((one) => one.resource?.resourceType)).toEqual(['Patient', 'Bundle', undefined])
  })

  test('of what the server offers is a summary, unless JSON is asked for', async () => {
    const server = await call({ path: 'metadata' })
    expect(server.text).toContain('Types (')
    expect(server.text.length).toBeLessThan(4200)
    const type = await call({ path: 'metadata?type=Observation' })
    expect(type.text).toMatch(/^Observation .*\n[\s\S]*token: .*\bcode\b/)
    // Search parameters, and the elements.
    expect(type.text.length).toBeLessThan(4500)
    expect((await call({ path: 'metadata', format: 'json' })).text).toContain('"CapabilityStatement"')
  })

  test('of CSV and of HL7 is the text itself between marks that nobody could know', async () => {
    const csv = await call({ path: 'Patient/$csv?_fields=id,birthDate&_count=5' })
    expect(csv.text).toMatch(
      /^text\/csv, quoted record content up to the line (end-of-content-[0-9a-f]{8}):\n[\s\S]*id,birthDate\n(".*\n){5}\1$/,
    )
    const message = 'MSH|^~\\&|LAB|A|EHR|B|20260101||ACK|1|P|2.5\rMSA|AA|1\r'
    const type = 'x-application/hl7-v2+er7'
    await sandbox.faults([{ path: '\\$execute', status: 200, headers: { 'content-type': type }, body: message }])
    const hl7 = await call({
      method: 'POST',
      path: `Bot/${crypto.randomUUID()}/$execute`,
      text: message,
      contentType: type,
    })
    const mark = /end-of-content-[0-9a-f]{8}/.exec(hl7.text)?.[0]
    expect(hl7.text).toBe(`${type}, quoted record content up to the line ${mark}:\n${message}\n${mark}`)
    expect(csv.text).not.toContain(mark)
  })
})

describe('following `next`', () => {
  const LARGE: [string, string, number][] = [
    ['a search of 1,000', 'Observation?code=29463-7,8302-2,39156-5&_sort=_id&_count=1000', 20_000],
    ['a long chart', `${chart}/$everything`, 8_000],
    ['a search by cursor', 'Observation?category=laboratory&_sort=_lastUpdated&_count=400', 100_000],
    ['a search in small pages', 'Encounter?_sort=-date,_id&_count=100', 4_000],
  ]

  test.each(LARGE)('of %s by the path alone gives exactly what Medplum holds', async (_, path, maxChars) => {
    const { found, bundles, answers } = await follow({ path, maxChars })
    const held = path.replace(/[?&]_(sort|count)=[^&]*/g, '')
    const all = (await allOf(medplum, held)).map(reference)
    expect(all.length).toBeGreaterThan(300)
    expect(sorted(found)).toEqual(sorted(all))
    expect(bundles.length).toBeGreaterThan(2)
    for (const [at, answer] of answers.entries())
      expect(answer.length).toBeLessThanOrEqual(at === 0 ? maxChars : 60_000)
    for (const { total } of bundles) expect([undefined, all.length]).toContain(total)
  })

  test('in steps of the least budget gives the same', async () => {
    const path = `Observation?subject=${chart}&code=4548-4&_sort=_id&_count=1000`
    const again = { maxChars: 2000 }
    const { found, answers } = await follow({ path, ...again }, again)
    expect(sorted(found)).toEqual(
      sorted((await allOf(medplum, path.replace('&_sort=_id&_count=1000', ''))).map(reference)),
    )
    expect(answers.length).toBeGreaterThan(3)
    for (const answer of answers) expect(answer.length).toBeLessThanOrEqual(2000)
  })

  test('as JSON gives the same', async () => {
    const again = { maxChars: 20_000, format: 'json' }
    const { found, answers } = await follow({ path: `${chart}/$everything`, ...again }, again)
    expect(sorted(found)).toEqual(sorted((await allOf(medplum, `${chart}/$everything`)).map(reference)))
    for (const answer of answers) expect(answer.length).toBeLessThanOrEqual(20_000)
  })

  test('gives what a search includes once, beside the first match that it belongs to', async () => {
    const search = `Observation?subject=${chart}`
    const path = `${search}&_include=Observation:performer&_include=Observation:encounter&_sort=_id&_count=1000`
    const matches = await allOf(medplum, search)
    const included = matches.flatMap(({ performer, encounter }) =>
      [
        ...((performer ?? []) as { reference?: string }[]),
        ...(encounter ? [encounter as { reference?: string }] : []),
      ].flatMap((one) => one.reference ?? []),
    )
    const { found, bundles } = await follow({ path, maxChars: 9000 }, { maxChars: 9000 })
    expect(sorted(found)).toEqual(sorted([...matches.map(reference), ...new Set(included)]))
    expect(bundles.length).toBeGreaterThan(3)
  })

  test('gives each version of a history once, the deletion too', async () => {
    const { id } = await create(medplum, { resourceType: 'Basic', code: { text: 'version 0 '.repeat(30) } })
    const client = medplumClient(medplum)
    const versions: string[] = []
    for (let version = 1; version <= 40; version++) {
      const content = Content.json({ resourceType: 'Basic', id, code: { text: `version ${version} `.repeat(30) } })
      await client.send({ method: 'PUT', path: `Basic/${id}`, content })
    }
    const { body } = await client.send(GET(`Basic/${id}/_history?_count=100`))
    versions.push(...((body as Bundle).entry ?? []).map(({ resource }) => resource.meta.versionId))
    expect(versions).toHaveLength(41)
    for (const path of [`Basic/${id}/_history`, `Basic/${id}/_history?_count=7`]) {
      const { found, answers } = await follow({ path, maxChars: 5000 }, {}, ({ meta }) => meta.versionId)
      expect(sorted(found)).toEqual(sorted(versions))
      expect(answers.length).toBeGreaterThan(1)
    }
  })

  test('goes on behind what `select` showed', async () => {
    const path = 'Encounter?_sort=_id&_count=1000'
    const first = await call({ path, select: ['id', 'period.start'], maxChars: 6000 })
    const shown = [...first.text.matchAll(/^([0-9a-f-]{36})\|/gm)].map(([, id]) => `Encounter/${id}`)
    const next = /^next: (\S+)$/m.exec(first.text)?.[1]
    expect(next).toContain('_skip=')
    const { found } = await follow({ path: next })
    expect(sorted([...shown, ...found])).toEqual(sorted((await allOf(medplum, 'Encounter')).map(reference)))
  })
})

describe('`all`', () => {
  test('is all of a search, of a chart, of a history: nothing to follow', async () => {
    for (const path of [`Observation?subject=${chart}&_count=20`, `${chart}/$everything?_count=50`]) {
      const { text } = await call({ path, all: true, select: ['id'] })
      const ids = [...text.matchAll(/^[0-9a-f-]{36}$/gm)].map(([id]) => id)
      const held = await allOf(medplum, path.replace(/[?&]_count=\d+/, ''))
      expect(sorted(ids)).toEqual(sorted(held.map(({ id }) => id)))
      expect(text).not.toMatch(/^next: /m)
    }
    const { text } = await call({ path: `${chart}/_history?_count=1`, all: true })
    expect(text).toMatch(/^total: 1\nreturned: 1$/m)
  })

  test('stops at 2,000, says where to go on, and following that gives the rest', async () => {
    const path = 'Observation?_total=accurate'
    const { result, requests } = await asked(() => call({ path, all: true }))
    expect(requests).toHaveLength(4)
    const held = (await allOf(medplum, 'Observation')).map(reference)
    expect(result.text).toContain(`\ntotal: ${held.length}\n`)
    expect(result.text).toMatch(/^next: Observation\?\S*_all=true&_skip=\d+$/m)
    expect(result.all).not.toContain('Without _sort')
    const { found, answers } = await follow({ path, all: true })
    expect(sorted(found)).toEqual(sorted(held))
    for (const answer of answers) expect(answer.length).toBeLessThanOrEqual(60_000)
  })

  test('reports progress to a client that asked for it', async () => {
    const message = fhirCall(GET('Encounter?_total=accurate', { all: true, format: undefined }))
    const params = { ...message.params, _meta: { progressToken: 'p' } }
    const total = (await allOf(medplum, 'Encounter')).length
    const response = await post(access, { ...message, params }, await startSession(access))
    const told = events(await response.text())
      .map((data) => JSON.parse(data))
      .flatMap(({ method, params: progress }) => (method === 'notifications/progress' ? [progress] : []))
    expect(told.map(({ progress, total: of }) => [progress, of])).toEqual([
      [500, total],
      [total, total],
    ])
  })
})

describe('`select`', () => {
  const select = ['id', 'code.text', 'valueQuantity.value', "name.where(use='official').family"]

  test.each([
    ['a read', { path: chart }, 1],
    ['a search', { path: `Observation?subject=${chart}&_sort=_id&_count=40` }, 40],
    ['a chart', { path: `${chart}/$everything` }, 300],
    [
      'a batch',
      {
        ...POST(''),
        body: {
          ...{ resourceType: 'Bundle', type: 'batch' },
          entry: [chart, 'Observation?_sort=_id&_count=5'].map((url) => entryFor('GET', url)),
        },
      },
      6,
    ],
  ])('of %s is a table of the columns', async (_, args, rows) => {
    const { text, isError } = await call({ ...args, select })
    expect(isError, text).toBe(false)
    const table = text.slice(text.indexOf('# select'))
    const [title = ''] = table.split('\n')
    const count = Number(/^# select \((\d+)\)$/.exec(title)?.[1])
    expect(count).toBeGreaterThanOrEqual(rows)
    expect(table.split('\n').filter((line) => /[0-9a-f]{8}-[0-9a-f-]{27}/.test(line))).toHaveLength(count)
  })

  test('names each expression that is wrong, and sends nothing', async () => {
    const wrong = ['id', 'code.(', 'name.nothing()', 'code.text', 'code.text', '']
    const { result, requests } = await asked(() => call({ path: chart, select: wrong }))
    expect(requests).toEqual([])
    expect(result.isError).toBe(true)
    expect([...result.text.matchAll(/^select\[(\d)\] /gm)].map(([, index]) => index)).toEqual(['1', '2', '4', '5'])
    expect(result.text).toMatch(/Nothing was sent\.$/)
  })

  test('says which expressions found nothing, and which failed', async () => {
    const { all } = await call({
      path: 'Observation?_count=3&_sort=_id',
      select: ['id', 'nope', 'code.coding.single()'],
    })
    expect(all).toMatch(/^Note: "nope" found nothing: no resource here has nope; they have category, code, /m)
  })
})

describe('a wrong argument is named, and nothing is sent', () => {
  test.each([
    ['too small a budget', { path: chart, maxChars: 5 }, /maxChars.*2000/],
    ['too large a budget', { path: chart, maxChars: 100_001 }, /maxChars.*100000/],
    ['a budget that is no number', { path: chart, maxChars: 'all' }, /maxChars/],
    [
      '21 columns',
      { path: chart, select: Array.from({ length: 21 }, (_, at) => `a${at}`) },
      /21 expressions, at most 20/,
    ],
    ['a format of its own', { path: chart, format: 'xml' }, /format/],
    ['all of a write', POST('Task', { resourceType: 'Task' }, { all: true }), /`all` is for a GET/],
    ['all of one record', { path: chart, all: true }, /`all` is for a GET of a search/],
    ['all of what runs something', { path: `Claim/${crypto.randomUUID()}/$submit`, all: true }, /`all` is for a GET/],
    ['a place that is no number', { path: 'Task?_skip=abc' }, /`_skip` must be a number/],
    ['a place before the first', { path: 'Task?_skip=-1' }, /`_skip` must be a number/],
    ['an offset before the first byte', { path: 'Binary/1', offset: -1 }, /offset/],
    ['a foreign address with a place', { path: 'https://evil.example.com/fhir/R4/Task?_skip=1' }, /refused|not below/i],
    ['a way out with a place', { path: '../../auth/me?_skip=1' }, /refused/i],
  ])('%s', async (_, args, message) => {
    const { result, requests } = await asked(() => call(args))
    expect(requests).toEqual([])
    expect(result.isError).toBe(true)
    expect(result.text).toMatch(message)
  })
})

describe('the budget', () => {
  const patient = PATIENT_IDS.diabetic
  const entry = [chart, `${chart}/$everything`, 'Observation?_count=300', 'Task?_count=100'].map((url) =>
    entryFor('GET', url),
  )
  const query = '{ ObservationList(_count: 1000) { id status code { text coding { display } } note { text } } }'
  const long = "name.where(use='official').given.join(' ') & ' of ' & "
  const ASKED: [string, Record<string, unknown>][] = [
    ['a record', { path: chart }],
    ['a search', { path: 'Observation?_count=1000' }],
    ['the middle of a search', { path: 'Observation?_count=1000&_skip=500' }],
    ['the end of a search', { path: 'Observation?_count=1000&_skip=998' }],
    [
      'a search whose only match brings hundreds along',
      { path: `Patient?_id=${patient}&_revinclude=Observation:subject&_count=1000` },
    ],
    ['a chart', { path: `${chart}/$everything` }],
    ['all of a search', { path: 'Observation', all: true }],
    ['a batch', POST('', bundleOf('batch', entry))],
    ['a large operation', { path: 'ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/observation-codes&count=1000' }],
    ['a GraphQL query', POST('$graphql', { query })],
    ['a table of a file', { path: 'Observation/$csv?_fields=id,code,subject&_count=1000' }],
    ['columns', { path: 'Observation?_count=1000', select: ['id', 'code.text', 'subject.display'] }],
    [
      'whole resources in columns',
      { path: 'Observation?_count=1000', select: ['$this', 'code', 'subject', 'category'] },
    ],
    [
      'columns that find nothing',
      { path: 'Observation?_count=9', select: Array.from({ length: 20 }, (_, at) => `nope${at}`) },
    ],
    ['columns of long names', { path: 'Patient?_count=9', select: [`${long.repeat(9)}id`, `${long.repeat(8)}id`] }],
    ['an unknown parameter', { path: 'Patient?foo=bar' }],
  ]

  test.each(ASKED)('holds for %s', async (_, args) => {
    for (const [format, maxChars] of [
      ['compact', 2_000],
      ['compact', undefined],
      ['compact', 100_000],
      ['json', 2_000],
      ['json', 60_000],
    ] as const) {
      const { all } = await call({ ...args, format, ...(maxChars !== undefined && { maxChars }) })
      expect(all.length, `${format}, ${maxChars}`).toBeLessThanOrEqual(maxChars ?? 60_000)
    }
  })

  test('is used, where there is more than it holds', async () => {
    for (const [maxChars, least] of [
      [10_000, 6_000],
      [60_000, 45_000],
      [100_000, 75_000],
    ] as const) {
      const { all } = await call({ path: 'Observation?_count=1000&_sort=_id', maxChars })
      expect(all.length).toBeGreaterThan(least)
    }
  })

  test('of a deployment holds where a call says nothing else', async () => {
    const small = deployment({ ANSWER_CHARS: '5000' })
    const path = 'Observation?_count=1000'
    for (const format of ['compact', 'json']) {
      const { all } = await call({ path, format }, small)
      expect(all.length).toBeLessThanOrEqual(5000)
      expect(all.length).toBeGreaterThan(2500)
    }
    expect((await call({ path, maxChars: 20_000 }, small)).all.length).toBeGreaterThan(12_000)
    expect((await say(small, access, 'fhir-read', { path })).all.length).toBeLessThanOrEqual(5000)
    expect((await say(small, access, 'fhir-digest', { path })).all.length).toBeLessThanOrEqual(5000)
  })

  test('applies to an error, however long Medplum’s message', async () => {
    const issue = Array.from({ length: 900 }, (_, at) => ({
      ...{ severity: 'error', code: 'structure', expression: [`Patient.x${at}`] },
      details: { text: `Invalid additional property "${`x${at}`.repeat(200)}"` },
    }))
    const body = { resourceType: 'OperationOutcome', issue }
    const headers = { 'content-type': 'application/fhir+json' }
    await sandbox.faults([{ path: '^/fhir/R4/Patient', status: 400, headers, body }])
    const { isError, all } = await call(POST('Patient', { resourceType: 'Patient' }))
    expect(isError).toBe(true)
    expect(all).toContain('Patient.x0: Invalid additional property')
    expect(all).toMatch(/and \d+ more/)
    expect(all.length).toBeLessThanOrEqual(20_000)
  })

  test('leaves a record of ordinary size whole, also a small budget', async () => {
    const [one] = await allOf(medplum, `Condition?subject=${chart}`)
    const { text } = await call({ path: `Condition/${one?.id}`, maxChars: 2000 })
    expect(text).not.toMatch(/^left out: /m)
  })

  test('leaves out of a record what is largest, and names it; what was dropped is counted as it is', async () => {
    const { id } = await create(medplum, {
      resourceType: 'Basic',
      code: { text: 'long '.repeat(9000), coding: [{ code: 'a' }] },
    })
    const { text } = await call({ path: `Basic/${id}`, maxChars: 4000 })
    expect(text).toContain('left out: code.text (45000 characters)')
    expect(text).toContain('code: {coding:[{code:a}]}')
    const { all } = await call({ path: 'Observation?_count=1000&_sort=_id', maxChars: 4000 })
    expect(all).toMatch(/# Dropped \(\d+\)\n[\s\S]*\b29463-7\b/)
  })
})

test('of a batch of many creates tells ids and counts, and of selected columns the status', async () => {
  const entry = Array.from({ length: 30 }, (_, at) =>
    entryFor('POST', 'Basic', { resourceType: 'Basic', code: { text: `echoed ${at}` } }),
  )
  const batch = POST('', bundleOf('batch', entry))
  const { text } = await call(batch)
  expect(text).toContain('(by status: 201 × 30)')
  expect(text).not.toContain('echoed 7')
  expect((decode(text) as { entry: unknown[] }).entry).toHaveLength(30)
  const selected = await call({ ...batch, select: ['code.text'] })
  expect(selected.text).toContain('same: @status="201"')
  expect(selected.text).toContain('"echoed 7"')
})
