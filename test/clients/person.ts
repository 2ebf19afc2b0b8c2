/** A person who opens the link to a confirmation, signs in with Medplum there, and approves. */

import { Person } from '../../programs/person.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'

export async function approve(link: string): Promise<void> {
  const { origin } = new URL(link)
  const person = new Person((input, init = {}) => {
    const headers = new Headers(init.headers)
    if (init.method === 'POST') headers.set('origin', new URL(input).origin)
    return fetch(input, { ...init, headers })
  })
  await person.signIn(`${link}?sign-in`, link, SANDBOX_USERS.alice)
  const page = await (await person.visit(link)).text()
  const token = /name="token" value="([^"]*)"/.exec(page)?.[1] ?? ''
  const decided = await person.visit(link, new URLSearchParams({ token, decision: 'approved' }))
  await decided.text()
  if (decided.status !== 303) throw new Error(`${origin} did not accept the decision: ${decided.status}`)
}
