/** The login page: in Medplum a separate web application at its app base, here a plain HTML form without script. */

import { normalizeErrorString } from '@medplum/core'
import { html } from 'hono/html'
import { plainPage, redirect } from '../core/answers.ts'
import type { SandboxContext } from '../core/context.ts'
import { roleOf, SANDBOX_USERS } from '../core/people.ts'
import { checkRedirect, logIn } from './authorize.ts'

export async function showLoginPage(context: SandboxContext, query: URLSearchParams): Promise<Response> {
  const checked = checkRedirect(context, query)
  return typeof checked === 'string' ? plainPage(checked, 400) : page(context, query, checked.client.name ?? '')
}

/** @param form the parameters of the authorization request, plus `email` and `password` */
export async function submitLoginPage(context: SandboxContext, form: URLSearchParams): Promise<Response> {
  // The redirect URI comes from the browser and is checked again: otherwise this would be an open redirector.
  const checked = checkRedirect(context, form)
  if (typeof checked === 'string') {
    return plainPage(checked, 400)
  }
  const param = (name: string) => form.get(name) ?? ''
  try {
    const login = logIn(context, {
      email: param('email'),
      password: param('password'),
      clientId: checked.client.id,
      scope: param('scope'),
      nonce: param('nonce'),
      codeChallenge: param('code_challenge'),
      codeChallengeMethod: param('code_challenge_method'),
    })
    for (const name of ['scope', 'state', 'nonce']) {
      const value = form.get(name)
      if (value) {
        checked.to.searchParams.set(name, value)
      }
    }
    checked.to.searchParams.set('code', login.code)
    return redirect(checked.to.toString())
  } catch (error) {
    return page(context, form, checked.client.name ?? '', normalizeErrorString(error))
  }
}

async function page(
  context: SandboxContext,
  params: URLSearchParams,
  clientName: string,
  message?: string,
): Promise<Response> {
  // A world other than the default one has other users.
  const people = Object.values(SANDBOX_USERS).filter(
    ({ email, password }) => context.world.passwords[email] === password,
  )
  const fields = (values: string[][]) =>
    values.map(([name = '', value = '']) => html`<input type="hidden" name="${name}" value="${value}" />`)
  const hidden = [...params].filter(([name]) => name !== 'email' && name !== 'password')
  const body = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Sign in to Medplum (sandbox)</title>
        <style>
          :root { color-scheme: light dark; --ink: light-dark(#1c2330, #e8ecf2); --paper: light-dark(#fff, #14181f); --line: light-dark(#55606f, #a9b4c2); --accent: light-dark(#5b3cc4, #b9a5ff); --on-accent: light-dark(#fff, #1a1040); --bad: light-dark(#a3121f, #ffb3ba); }
          body { font: 1rem/1.5 system-ui, sans-serif; max-width: 22rem; margin: 2rem auto; padding: 0 1rem; background: var(--paper); color: var(--ink); }
          label { display: block; margin-top: 1rem; }
          input, button { font: inherit; width: 100%; box-sizing: border-box; padding: 0.5rem; border: 1px solid var(--line); border-radius: 0.4rem; background: var(--paper); color: var(--ink); }
          button { margin-top: 0.5rem; text-align: left; cursor: pointer; }
          button.primary { margin-top: 1.5rem; text-align: center; background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
          :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
          h2 { font-size: 1rem; margin: 2rem 0 0.5rem; }
          [role='alert'] { color: var(--bad); font-weight: 600; }
        </style>
      </head>
      <body>
        <main>
          <h1>Sign in to Medplum</h1>
          <p>${clientName} asks for access. This is a sandbox: no real patients.</p>
          ${message ? html`<p role="alert">${message}</p>` : ''}
          <form method="post" action="oauth">
            ${fields(hidden)}
            <label for="email">Email</label>
            <input id="email" name="email" type="email" autocomplete="username" required value="${params.get('email') ?? ''}" />
            <label for="password">Password</label>
            <input id="password" name="password" type="password" autocomplete="current-password" required />
            <button class="primary" type="submit">Sign in</button>
          </form>
          ${people.length > 0 ? html`<h2>Or sign in as one of the clinic’s people</h2>` : ''}
          ${people.map(
            (person) => html`<form method="post" action="oauth">
              ${fields([...hidden, ['email', person.email], ['password', person.password]])}
              <button type="submit">${person.given} ${person.family}, ${roleOf(person)}</button>
            </form>`,
          )}
        </main>
      </body>
    </html>`
  return new Response(body.toString(), {
    status: message ? 400 : 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'x-frame-options': 'DENY' },
  })
}
