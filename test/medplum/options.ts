// The command's options, from flags or the environment, and the servers on which it may run.

import { parseArgs } from 'node:util'
import { isLoopback } from '../../src/base/loopback.ts'

const CHAPTERS = ['recordings', 'sign-in', 'calls', 'recipes', 'alike', 'measured']

export const USAGE = `npm run test:medplum -- --url http://localhost:8103/ --email ADMIN [--project ID] [--only CHAPTER]... [--rounds N] [--clear] [--i-know]

  --url       TEST_MEDPLUM_URL       base URL of a Medplum server
  --email     TEST_MEDPLUM_EMAIL     an administrator of the project to work in
  --password  TEST_MEDPLUM_PASSWORD  better set in the environment: others on this machine can see arguments
  --project   TEST_MEDPLUM_PROJECT   id of the project, if the person has several
  --only      runs only this chapter; can be repeated: ${CHAPTERS.join(', ')}
  --rounds    how often each row of the table is measured (default: 60)
  --clear     only deletes what killed runs left in the project
  --i-know    allows a server on another machine. The run writes to the project: never use one with real patients.`

export interface Options {
  /** Ends with a slash. */
  url: string
  email: string
  password: string
  project: string | undefined
  /** Names of chapters; none means all. */
  only: string[]
  rounds: number
  clear: boolean
}

/** An option is missing or not allowed. The message is for the person who typed the command. */
export class WrongOptions extends Error {}

const HOSTED = /(^|\.)medplum\.com$/

/** @throws {WrongOptions} */
export function readOptions(args: string[], env: Record<string, string | undefined>): Options {
  const { values } = parsed(args)
  const given = (name: 'url' | 'email' | 'password' | 'project') => {
    return values[name] ?? (env[`TEST_MEDPLUM_${name.toUpperCase()}`] || undefined)
  }
  const need = (name: 'url' | 'email' | 'password') => {
    const value = given(name)
    if (value === undefined) throw new WrongOptions(`Missing: --${name} or TEST_MEDPLUM_${name.toUpperCase()}`)
    return value
  }
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new WrongOptions('--rounds must be a whole number, at least 1')
  const unknown = values.only.find((name) => !CHAPTERS.includes(name))
  if (unknown !== undefined) throw new WrongOptions(`--only must be one of ${CHAPTERS.join(', ')}`)
  return {
    url: allowed(need('url'), values['i-know']),
    email: need('email'),
    password: need('password'),
    project: given('project'),
    only: values.only,
    rounds,
    clear: values.clear,
  }
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        url: { type: 'string' },
        email: { type: 'string' },
        password: { type: 'string' },
        project: { type: 'string' },
        only: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string', default: '60' },
        clear: { type: 'boolean', default: false },
        'i-know': { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new WrongOptions((error as Error).message)
  }
}

/** The base URL, if the command may run on it. */
function allowed(given: string, iKnow: boolean): string {
  if (!/^https?:\/\//.test(given) || !URL.canParse(given))
    throw new WrongOptions(`Not a URL: ${given}. Give the complete base URL, such as http://localhost:8103/`)
  const url = new URL(given.endsWith('/') ? given : `${given}/`)
  if (url.username || url.password || url.search || url.hash)
    throw new WrongOptions('Give the base URL alone, without a login, query or fragment')
  const host = url.hostname.replace(/\.$/, '')
  if (!iKnow && HOSTED.test(host))
    throw new WrongOptions(
      `${host} is the hosted Medplum. This command writes to the project, so it runs there only with --i-know.`,
    )
  if (!iKnow && !isLoopback(host))
    throw new WrongOptions(
      `${host} isn't this machine. This command writes to the project, so it runs there only with --i-know.`,
    )
  return url.href
}
