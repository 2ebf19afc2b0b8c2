/** An application that embeds a client library: keeps its tokens and opens the pages for its person, until it signs out. */

import { SignIn } from '../../programs/clients.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'

import type { Answer, Kept } from './scenario.ts'

export class Host extends SignIn {
  /** The person signs in once; later requests get no answer. */
  override async redirectToAuthorization(url: URL) {
    if (this.callback) throw new Error('asked to sign in again')
    await super.redirectToAuthorization(url)
  }

  async kept(): Promise<Kept> {
    return { accessToken: this.tokenSet?.access_token ?? '', clientId: this.clientInformation()?.client_id ?? '' }
  }
}

export function host(): Host {
  return new Host(SANDBOX_USERS.alice)
}

/** Connects: the first attempt leads to the sign-in, whose code is exchanged; the second one has the tokens. */
export async function signedIn<T>(
  person: Host,
  connect: () => Promise<T>,
  finish: (callback: URLSearchParams) => Promise<unknown>,
): Promise<T> {
  const first = await connect().then(
    () => 'connected' as const,
    (error: unknown) => error,
  )
  if (first === 'connected') throw new Error('connected without a sign-in')
  if (!person.callback) throw first
  await finish(person.callback.searchParams)
  return connect()
}

/** @param result a tool's result, as any of the libraries types it */
export function answerOf(result: unknown): Answer {
  const { isError, content } = result as { isError?: boolean; content: { text?: string }[] }
  return { isError: isError ?? false, text: content.map((item) => item.text ?? '').join('\n') }
}
