// Compares the recordings with a real server and with the sandbox: where they differ, and how.
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Bot } from '@medplum/fhirtypes'
import { type Login, tokenFor } from '../sandbox/client.ts'
import { type Exchange, replay, type Target } from '../sandbox/replay.ts'
import type { Ground } from './ground.ts'
import type { Report } from './report.ts'

const RECORDINGS = [
  ...['oauth', 'read-write', 'search', 'errors', 'bundles', 'graphql', 'files', 'operations', 'async'],
]
const REDIRECT_URIS = ['http://localhost:8788/callback', 'http://127.0.0.1:8788/callback']
/** Exchanges that need what no project admin can create on a server: file, exchange, reason. */
const OUT_OF_REACH: Record<string, Record<string, string>> = {
  oauth: {
    'register-known-redirect': 'the server has no client for everybody',
    'login-without-client-lists-memberships': 'the person has one project only',
    'login-choose-membership': 'the person has one project only',
  },
}
const WITH_TRANSACTIONS = ['transaction-failing-entry-not-atomic', 'transaction-not-atomic-check']
const RECORDED_PROJECT = 'Recording Clinic'

export async function recorded(ground: Ground, report: Report): Promise<void> {
  const transactions = ground.project.features.includes('transaction-bundles')
  for (const file of RECORDINGS) {
    await report.step(`${file}.json replays, or differs as told`, async () => {
      const text = readFileSync(new URL(`../recordings/${file}.json`, import.meta.url), 'utf8')
      const exchanges = JSON.parse(text.replaceAll(RECORDED_PROJECT, ground.project.name)) as Exchange[]
      const here = await thisServer(ground)
      let same = 0
      try {
        for (const exchange of exchanges) {
          const absent = exchange.as !== 'anonymous' && !here.tokens[exchange.as] && `there is no ${exchange.as}`
          const atomic = transactions && WITH_TRANSACTIONS.includes(exchange.name) && 'the project has transactions'
          const why = OUT_OF_REACH[file]?.[exchange.name] || absent || atomic
          if (why) {
            report.leaveOut(`${file} ${exchange.name}`, why)
            continue
          }
          const different = await replay(exchange, here)
          for (const one of different) report.differ(kindOf(one), `${file} ${exchange.name}: ${one}`)
          if (different.length === 0) same++
        }
        console.log(`          ${same} of ${exchanges.length} exchanges as recorded`)
      } finally {
        await ground.sweep(new Set([...text.matchAll(/"resourceType":\s*"(\w+)"/g)].map(([, type = '']) => type)))
      }
    })
  }
}

function kindOf(difference: string): string {
  return `server and recording, ${difference.startsWith('status:') ? 'status' : difference.split(':')[0]}`
}

/** What the recordings presuppose, created in the project. */
async function thisServer(ground: Ground): Promise<Target> {
  const { dana, rita } = ground.people
  const pages = await ground.client('Recording client', { redirectUris: REDIRECT_URIS })
  const short = await ground.client('Recording short', { redirectUris: REDIRECT_URIS, accessTokenLifetime: '2s' })
  const backend = await ground.client('Recording backend')
  const bot = await ground.create<Bot>({ resourceType: 'Bot', name: 'Recording bot', runtimeVersion: 'vmcontext' })
  const senders: Record<string, Login> = {
    practitioner: { ...dana, scope: 'openid profile offline_access' },
    'practitioner-read-scope': { ...dana, scope: 'openid user/*.rs' },
    readonly: { ...rita, scope: 'openid profile offline_access' },
  }
  if (ground.project.features.includes('transaction-bundles')) senders['practitioner-transactions'] = dana
  return {
    variables: {
      base: ground.url,
      appBase: await appOf(ground.url, pages.id, REDIRECT_URIS[0] ?? ''),
      clientId: pages.id,
      clientSecret: pages.secret ?? '',
      shortClientId: short.id,
      backendClientId: backend.id,
      backendClientSecret: backend.secret ?? '',
      backendBasic: Buffer.from(`${backend.id}:${backend.secret}`).toString('base64'),
      projectId: ground.project.id,
      practitionerId: dana.profileId,
      membershipId: dana.membershipId,
      userId: dana.userId,
      botId: bot.id,
      readonlyPolicyId: ground.policyId,
      practitionerEmail: dana.email,
      practitionerPassword: dana.password,
      readonlyEmail: rita.email,
      readonlyPassword: rita.password,
    },
    tokens: await tokensFor(ground.url, senders),
    wait: (ms) => pause(ms),
  }
}

async function tokensFor(baseUrl: string, senders: Record<string, Login>): Promise<Record<string, string>> {
  const tokens = Object.entries(senders).map(
    async ([name, login]) => [name, await tokenFor({ baseUrl }, login)] as const,
  )
  return Object.fromEntries(await Promise.all(tokens))
}

/** The root of the Medplum App, where the authorization endpoint sends a browser. */
export async function appOf(url: string, clientId: string, redirectUri: string): Promise<string> {
  const query = new URLSearchParams({
    ...{ response_type: 'code', client_id: clientId, redirect_uri: redirectUri, scope: 'openid' },
    ...{ state: 'state', code_challenge: 'challenge', code_challenge_method: 'plain' },
  })
  const { headers } = await fetch(`${url}oauth2/authorize?${query}`, { redirect: 'manual' })
  return new URL('./', headers.get('location') ?? url).href
}
