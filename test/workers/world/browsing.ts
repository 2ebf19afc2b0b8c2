// How tests request pages: as a browser or a program, also with other settings than the Worker under test.
import { createExecutionContext, env } from 'cloudflare:test'
import { expect } from 'vitest'
import { createApp } from '../../../src/app.ts'
import type { Bindings } from '../../../src/config/settings.ts'
import { ORIGIN, send } from './world.ts'

/** The Accept header of a navigating browser. */
export const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'

/** One request to the Worker under test, with this Accept header or none. */
export const get = (path: string, accept?: string, init: RequestInit = {}) =>
  send(`${ORIGIN}${path}`, { ...init, headers: { ...init.headers, ...(accept !== undefined && { accept }) } })

const never = async () => {
  throw new Error('must not be reached')
}

/** The app with other bindings than the deployment under test. */
export function under(changes: object, path: string, init: RequestInit = {}, origin = ORIGIN): Promise<Response> {
  const bindings = { ...env, ...changes } as Bindings
  return Promise.resolve(
    createApp(never).fetch(new Request(`${origin}${path}`, init), bindings, createExecutionContext()),
  )
}

/** What every page of this server has. */
export function expectPageHeaders(response: Response): void {
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  const policy = response.headers.get('content-security-policy')
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toContain('unsafe')
  expect(response.headers.get('x-frame-options')).toBe('DENY')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(response.headers.get('referrer-policy')).toBe('no-referrer')
  expect(response.headers.get('cache-control')).toBe('no-store')
}

const ENTITIES: Record<string, string> = { '&quot;': '"', '&#39;': "'", '&lt;': '<', '&gt;': '>', '&amp;': '&' }
/** Markup with its entities resolved. */
export const unescaped = (html: string) =>
  html.replace(/&(?:quot|#39|lt|gt|amp);/g, (entity) => ENTITIES[entity] ?? entity)
