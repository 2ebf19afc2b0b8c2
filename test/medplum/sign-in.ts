// Signing in through the real pages, at each level and narrowed; tokens refreshed, revoked and issued again; a person's confirmations.
import { setTimeout as pause } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { connect } from '../../programs/clients.ts'
import { PATIENT_IDS } from '../../sandbox/clinic/index.ts'
import type { InBrowser } from '../e2e/in-browser.ts'
import type { Ground } from './ground.ts'
import type { Ids } from './load.ts'
import { asked, type Level, logInAtApp, refused, type SignedIn, STATELESS, said, signInAt } from './people.ts'
import { must, type Report } from './report.ts'
import type { Workers } from './workers.ts'

const TASK = { resourceType: 'Task', status: 'requested', intent: 'order', description: 'Call back' }
const CREATE = { method: 'POST', path: 'Task', body: TASK, format: 'json' }
const READ = { method: 'GET', path: 'Patient?_count=1' }
const SCOPES: Record<Level, string> = {
  read: 'fhir:read',
  write: 'fhir:read fhir:write',
  full: 'fhir:full fhir:read fhir:write',
  admin: 'fhir:admin fhir:full fhir:read fhir:write',
}

/** What each level allows and refuses. */
const LEVELS: Record<Level, (signedIn: SignedIn) => Promise<void>> = {
  // A client that is refused for lack of scope signs in again by itself, for the scope that the refusal names.
  async read({ client, person }) {
    await asked(client, READ)
    await refused(client, CREATE)
    must(person.asked === 'fhir:read fhir:write', `the client asked for ${person.asked}`)
  },
  async write({ client, person }) {
    const { id } = JSON.parse(await asked(client, CREATE)) as { id: string }
    await refused(client, { method: 'DELETE', path: `Task/${id}` })
    must(person.asked?.includes('fhir:full') ?? false, `the client asked for ${person.asked}`)
  },
  async full({ client }) {
    const { id } = JSON.parse(await asked(client, CREATE)) as { id: string }
    must((await said(client, { method: 'DELETE', path: `Task/${id}` })).includes('/confirm/'), 'nobody was asked')
  },
  async admin({ client }) {
    await asked(client, { method: 'GET', path: 'ProjectMembership?_count=1' })
    await refused(client, { method: 'DELETE', path: `Task/${crypto.randomUUID()}` })
  },
}

export async function signIns(
  ground: Ground,
  workers: Workers,
  browser: Browser,
  ids: Ids,
  report: Report,
): Promise<void> {
  const { dana, alice, rita } = ground.people
  for (const level of Object.keys(LEVELS) as Level[]) {
    await report.step(`level ${level}`, async () => {
      const signedIn = await signInAt(browser, workers.asking, level === 'admin' ? dana : alice, level)
      try {
        const scope = signedIn.person.tokenSet?.scope?.split(' ').sort().join(' ')
        must(scope === SCOPES[level], `the scope is ${scope}`)
        await LEVELS[level](signedIn)
      } finally {
        await signedIn.close()
      }
    })
  }
  await report.step('a person whom Medplum lets only read is told so', async () => {
    const { client, close } = await signInAt(browser, workers.asking, rita, 'write')
    try {
      must(/403|Forbidden/.test(await refused(client, CREATE)), 'no 403')
    } finally {
      await close()
    }
  })
  await report.step('refresh, revoke, reconnect', () => tokens(ground, workers, browser))
  await report.step('a deletion is approved on the page', () => deletion(ground, workers, browser, 'Delete'))
  await report.step('a deletion is refused on the page', () => deletion(ground, workers, browser, 'Refuse'))
  await report.step('a connection is ended on the page', () => disconnect(ground, workers, browser))
  await report.step('narrowed to types', async () => {
    const { client, close } = await signInAt(browser, workers.asking, alice, 'read', {
      narrowing: { types: 'Observation' },
    })
    try {
      await asked(client, { method: 'GET', path: 'Observation?_count=2' })
      await refused(client, { method: 'GET', path: 'Condition?_count=2' })
      const included = await asked(client, { method: 'GET', path: 'Observation?_include=Observation:subject&_count=2' })
      must(included.includes('Left out: '), 'patients came along')
    } finally {
      await close()
    }
  })
  await report.step('narrowed to a patient', async () => {
    const [mine = '', other = ''] = [PATIENT_IDS.diabetic, PATIENT_IDS.renal].map((id) => ids.get(id) ?? '')
    const { client, close } = await signInAt(browser, workers.asking, alice, 'write', { narrowing: { patient: mine } })
    try {
      const text = await asked(client, { method: 'GET', path: 'Observation?_count=50', format: 'json' })
      must(text.includes(mine), 'nothing of the patient')
      must(!text.includes(other), 'records of somebody else')
      await asked(client, { method: 'GET', path: `Patient/${mine}/$everything?_count=5` })
      await refused(client, { method: 'GET', path: `Patient/${other}` })
      await refused(client, { ...CREATE, body: { ...TASK, for: { reference: `Patient/${other}` } } })
    } finally {
      await close()
    }
  })
}

/** New tokens for a refresh token; a revocation that ends the connection; and the same client signs in again. */
async function tokens({ people: { alice } }: Ground, { asking }: Workers, browser: Browser): Promise<void> {
  const { person, page, close } = await signInAt(browser, asking, alice, 'read', { way: STATELESS })
  try {
    const ask = (path: string, form: Record<string, string>) =>
      fetch(`${asking}${path}`, { method: 'POST', body: new URLSearchParams(form) })
    const client_id = person.clientInformation()?.client_id ?? ''
    const before = person.tokenSet
    const refreshed = await ask('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: before?.refresh_token ?? '', client_id },
    })
    must(refreshed.ok, `the refresh answered ${refreshed.status}`)
    person.saveTokens((await refreshed.json()) as NonNullable<typeof before>)
    must(person.tokenSet?.access_token !== before?.access_token, 'the refresh gave the same token')
    const second = await connect(STATELESS, asking, person)
    await asked(second, READ)
    await second.close()
    const revoked = await ask('/oauth/token', { token: person.tokenSet?.refresh_token ?? '', client_id })
    must(revoked.ok, `the revocation answered ${revoked.status}`)
    await ended(asking, person)
    person.invalidateCredentials('tokens')
    person.callback = undefined
    await page.context().clearCookies()
    const again = await connect(STATELESS, asking, person)
    await asked(again, READ)
    await again.close()
  } finally {
    await close()
  }
}

async function deletion(
  { people: { alice } }: Ground,
  { asking }: Workers,
  browser: Browser,
  answer: 'Delete' | 'Refuse',
) {
  const { client, page, close } = await signInAt(browser, asking, alice, 'full', { way: STATELESS })
  try {
    const { id } = JSON.parse(await asked(client, CREATE)) as { id: string }
    const remove = { method: 'DELETE', path: `Task/${id}` }
    const link = /http\S+\/confirm\/[\w.~-]+[\w~-]/.exec(await said(client, remove))?.[0]
    must(link !== undefined, 'no link')
    await page.goto(link)
    await page.getByRole('link', { name: 'Sign in with Medplum' }).click()
    await logInAtApp(page, alice, asking)
    await page.getByRole('button', { name: answer }).click()
    await page.getByRole('heading', { name: answer === 'Delete' ? 'You approved this' : 'You refused this' }).waitFor()
    const after = await said(client, remove)
    must(answer === 'Delete' || after.includes('declined'), after)
    const left = await alice.send('GET', `Task/${id}`)
    must(left.status === (answer === 'Refuse' ? 200 : 410), `the Task answers ${left.status}`)
  } finally {
    await close()
  }
}

async function disconnect({ people: { alice } }: Ground, { asking }: Workers, browser: Browser): Promise<void> {
  const { client, person, page, close } = await signInAt(browser, asking, alice, 'read', { way: STATELESS })
  try {
    await asked(client, READ)
    await page.goto(`${asking}/connections`)
    await page.getByRole('link', { name: 'Sign in with Medplum' }).click()
    await logInAtApp(page, alice, asking)
    await page.getByRole('button', { name: 'Disconnect' }).first().click()
    await page.waitForLoadState()
    await ended(asking, person)
  } finally {
    await close()
  }
}

/** The token is refused; that may take a second. */
async function ended(asking: string, { tokenSet }: InBrowser): Promise<void> {
  const headers = { authorization: `Bearer ${tokenSet?.access_token}` }
  const deadline = Date.now() + 3000
  for (;;) {
    const { status } = await fetch(`${asking}/mcp`, { method: 'POST', headers })
    if (status === 401) return
    must(Date.now() < deadline, `the token is still taken: ${status}`)
    await pause(200)
  }
}
