// Error pages for people in a browser. Programs get the answer unchanged.
import type { Context, MiddlewareHandler } from 'hono'
import { type Bindings, readSettings } from '../../config/settings.ts'
import { homeAt } from '../../config/tenants.ts'
import { weight } from './accept.ts'
import { Problem, pageResponse } from './layout.tsx'

type Env = { Bindings: Bindings }

/** Title, what happened (if missing, the answer's own text), what to do. */
const PROBLEMS: Record<number, [title: string, what: string | undefined, advice: string]> = {
  401: [
    'This address is for MCP clients',
    'MCP clients connect to this address. There is nothing to see here in a browser.',
    'Add this address to your client. The home page says how.',
  ],
  403: ['This request was refused', undefined, 'Nothing was done. Go to the home page.'],
  404: ['Page not found', 'The address may be mistyped or out of date.', 'Check it, or go to the home page.'],
  405: [
    'This can’t be done here',
    'This address doesn’t accept this kind of request.',
    'Nothing was done. Go back and try again.',
  ],
  429: ['Too many requests', 'Too many requests came from your address.', 'Wait a minute, then try again.'],
  500: [
    'Something failed on this server',
    'Your request was not finished.',
    'Try again in a minute. If this keeps happening, tell the operator of this server.',
  ],
  503: ['This server is not ready', undefined, 'Its operator must fix this. Try again later.'],
}
const OTHERWISE = ['This request can’t be answered', undefined, 'Go back and try again.'] as const

/** Turns an error into a page, if a browser asked and the answer isn't a page already. Status and headers stay. */
export const errorPages: MiddlewareHandler<Env> = async (c, next) => {
  await next()
  const { status } = c.res
  if (status < 400) return
  const { headers } = c.res
  if (headers.get('content-type')?.startsWith('text/html')) return
  if (weight(c.req.header('accept'), 'text/html') === 0) return
  const [title, what, advice] = PROBLEMS[status] ?? OTHERWISE
  const said = messageOf(await c.res.text())
  const page = (
    <Problem
      title={title}
      what={what ?? said}
      advice={advice}
      // Absolute: the host of this request may be the very problem. Without settings there is no home page.
      home={status === 503 ? undefined : new URL(homeAt(c.env, c.req.path), readSettings(c.env).publicUrl).href}
    />
  )
  const kept = new Headers(headers)
  kept.delete('content-length')
  c.res = undefined
  c.res = pageResponse(page, { status, headers: kept })
}

/** What an error answer says: JSON-RPC's message, OAuth's description, or its text. */
function messageOf(body: string): string {
  try {
    const { error, error_description } = JSON.parse(body)
    return sentence(String(error_description ?? error?.message ?? ''))
  } catch {
    return sentence(body)
  }
}

function sentence(text: string): string {
  return text.replace(/[^.!?]$/, '$&.')
}

/** Answers 405, naming the allowed methods. */
export function methodNotAllowed(allow: string): (c: Context<Env>) => Response {
  return (c) => c.text('Method Not Allowed', 405, { allow })
}
