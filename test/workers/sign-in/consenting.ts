// A person at the consent page.
import { env } from 'cloudflare:workers'
import { type Form, Person, readForm } from '../../../programs/person.ts'
import { send } from '../world/world.ts'

export const CURSOR = 'cursor://anysphere.cursor-mcp/oauth/callback'

/** A browser that follows up to the consent page or an error page. */
export async function open(url: string, person = new Person(send)) {
  const response = await person.visit(url)
  const html = await response.text()
  return { person, response, html, form: readForm(html, url) }
}

/** Submits the consent page; returns where that leads. */
export async function decide(person: Person, form: Form | undefined, decision = 'approve') {
  return person.visit(form?.action ?? '', new URLSearchParams([...(form?.fields ?? []), ['decision', decision]]))
}

export async function keys(): Promise<string[]> {
  return (await env.OAUTH_KV.list()).keys.map(({ name }) => name)
}
