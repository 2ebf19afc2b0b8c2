/** The login page: in Medplum a separate web application at its app base, here a plain HTML form without script. */
import { normalizeErrorString } from '@medplum/core'
import { html } from 'hono/html'
import { plain, redirect } from './answers.ts'
import { checkRedirect, logIn } from './authorize.ts'
import type { Ground } from './ground.ts'

export async function showLoginPage(ground: Ground, query: URLSearchParams): Promise<Response> {
  const checked = checkRedirect(ground, query)
  return typeof checked === 'string' ? plain(checked, 400) : page(query, checked.client.name ?? '')
}

/** @param form the parameters of the authorization request, plus `email` and `password` */
export async function submitLoginPage(ground: Ground, form: URLSearchParams): Promise<Response> {
  // The form comes back from a browser: its redirect URI is checked again, or this would be an open redirector.
  const checked = checkRedirect(ground, form)
  if (typeof checked === 'string') {
    return plain(checked, 400)
  }
  const param = (name: string) => form.get(name) ?? ''
  try {
    const login = logIn(ground, {
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
    return page(form, checked.client.name ?? '', normalizeErrorString(error))
  }
}

async function page(params: URLSearchParams, clientName: string, message?: string): Promise<Response> {
  const hidden = [...params].filter(([name]) => name !== 'email' && name !== 'password')
  const body = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Sign in to Medplum (sandbox)</title>
        <style>
          body { font: 1rem/1.5 system-ui, sans-serif; max-width: 22rem; margin: 10vh auto; padding: 0 1rem; }
          label { display: block; margin-top: 1rem; }
          input { font: inherit; width: 100%; box-sizing: border-box; padding: 0.4rem; }
          button { font: inherit; margin-top: 1.5rem; padding: 0.5rem 1.25rem; }
          [role='alert'] { color: #b00020; }
        </style>
      </head>
      <body>
        <main>
          <h1>Sign in to Medplum</h1>
          <p>${clientName} asks for access. This is a sandbox: no real patients.</p>
          ${message ? html`<p role="alert">${message}</p>` : ''}
          <form method="post" action="oauth">
            ${hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
            <label for="email">Email</label>
            <input id="email" name="email" type="email" autocomplete="username" required value="${params.get('email') ?? ''}" />
            <label for="password">Password</label>
            <input id="password" name="password" type="password" autocomplete="current-password" required />
            <button type="submit">Sign in</button>
          </form>
        </main>
      </body>
    </html>`
  return new Response(body.toString(), {
    status: message ? 400 : 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'x-frame-options': 'DENY' },
  })
}
