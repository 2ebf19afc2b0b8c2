/// <reference lib="dom" />
// A person's journey with a real client in a real browser: from the first 401 through consent and login to more access when needed, with
// each page checked for its look and for assistive technology.

import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { connect, textOf } from '../../programs/clients.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'

import { inNewPage, isWithoutBrowser, logIn } from './browser.ts'
import { InBrowser } from './in-browser.ts'
import { LOOKS, look } from './look.ts'
import { startAll } from './running.ts'

const WAY = 'Streamable HTTP 2025-11-25, SDK 2'

async function allow(page: Page, level?: string): Promise<void> {
  if (level !== undefined) await page.locator('label.choice', { hasText: level }).getByRole('radio').check()
  await page.getByRole('button', { name: 'Allow and sign in' }).click()
  await logIn(page, SANDBOX_USERS.alice)
}

/** Whether all of it is on the screen, without scrolling. */
function isInSight(place: Locator): Promise<boolean> {
  return place.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect()
    return top >= 0 && bottom <= innerHeight
  })
}

function colorOf(page: Page): Promise<string> {
  return page.locator('h1').evaluate((heading) => getComputedStyle(heading).color)
}

describe.skipIf(isWithoutBrowser())('in a browser', () => {
  const running = startAll()

  const withPage = (use: (page: Page) => Promise<void>, options?: BrowserContextOptions) =>
    inNewPage(running.browser, use, options)

  test('from a 401 to reading only; then more access, requested by the client', async () => {
    await withPage(async (page) => {
      const person = new InBrowser(SANDBOX_USERS.alice, page, (open) => allow(open))
      const client = await connect(WAY, running.worker.url, person)
      expect(person.tokenSet?.scope).toBe('fhir:read')
      expect((await client.call('fhir-read', { path: 'Patient?_count=1' })).isError ?? false).toBe(false)

      const create = {
        method: 'POST',
        path: 'Task',
        body: { resourceType: 'Task', status: 'requested', intent: 'order' },
      }
      // The client signs in again by itself, for the scopes that the challenge names.
      await client.call('fhir-request', create).catch(() => {})
      expect(person.asked).toBe('fhir:read fhir:write')
      expect((await client.call('fhir-read', { path: 'Patient?_count=1' })).isError ?? false).toBe(false)
      await client.finish(person)
      const again = await connect(WAY, running.worker.url, person)
      expect(person.tokenSet?.scope?.split(' ').sort()).toEqual(['fhir:read', 'fhir:write'])
      expect((await again.call('fhir-request', create)).isError ?? false).toBe(false)
      await again.close()
    })
  }, 60_000)

  /** A client with full access that was asked to delete a Task, and the page where a person decides about it. */
  async function deletion(page: Page) {
    const client = await connect(
      WAY,
      running.worker.url,
      new InBrowser(SANDBOX_USERS.alice, page, (open) => allow(open, 'Full')),
    )
    const body = { resourceType: 'Task', status: 'requested', intent: 'order', description: 'Call back' }
    const created = await client.call('fhir-request', { method: 'POST', path: 'Task', body, format: 'json' })
    const at = { path: `Task/${(JSON.parse(created.content[0]?.text ?? '') as { id: string }).id}` }
    const remove = { method: 'DELETE', ...at }
    const link = /http\S+\/confirm\/[\w.~-]+[\w~-]/.exec(textOf(await client.call('fhir-request', remove)))?.[0] ?? ''
    return { client, remove, at, link }
  }

  test('a deletion that the client can’t ask about is approved on a page, and done once', async () => {
    await withPage(async (page) => {
      const { client, remove, at, link } = await deletion(page)
      await page.goto(link)
      await page.getByRole('link', { name: 'Sign in with Medplum' }).click()
      // The sandbox's people are one click away.
      await page.getByRole('button', { name: 'Alice Nguyen' }).click()
      await page.getByRole('heading', { name: 'Delete this record?' }).waitFor()
      expect(await page.locator('pre').textContent()).toContain('Call back')
      expect((await client.call('fhir-read', at)).isError ?? false).toBe(false)
      await page.getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('heading', { name: 'You approved this' }).waitFor()
      await look(page)
      expect((await client.call('fhir-request', remove)).isError ?? false).toBe(false)
      expect(textOf(await client.call('fhir-read', at))).toContain('410')
      await client.close()
    })
  }, 60_000)

  test('a person who refuses sends the client away with nothing', async () => {
    await withPage(async (page) => {
      const person = new InBrowser(SANDBOX_USERS.alice, page, (open) =>
        open.getByRole('button', { name: 'Deny' }).click(),
      )
      await expect(connect(WAY, running.worker.url, person)).rejects.toThrow()
      expect(person.callback?.searchParams.get('error')).toBe('access_denied')
      expect(person.tokenSet).toBeUndefined()
    })
  }, 60_000)

  test('a person gives less than a client asks for', async () => {
    await withPage(async (page) => {
      const person = new InBrowser(SANDBOX_USERS.alice, page, async (open) => {
        expect(await open.getByLabel('Read View and search').isChecked()).toBe(true)
        await allow(open, 'Read and write')
      })
      const client = await connect(WAY, running.worker.url, person)
      expect(person.tokenSet?.scope?.split(' ').sort()).toEqual(['fhir:read', 'fhir:write'])
      await client.close()
    })
  }, 60_000)

  describe.each(LOOKS)('%s', (name, options) => {
    test('the pages look and read as they should', async () => {
      await withPage(async (page) => {
        await page.goto(running.worker.url)
        await look(page, `home-${name}`)
        await page.goto(`${running.worker.url}/privacy`)
        await look(page, `privacy-${name}`)
        const person = new InBrowser(SANDBOX_USERS.alice, page, async (open) => {
          await look(open, `consent-${name}`)
          expect(await open.locator('.notice').count()).toBe(1)
          await open.getByText('Limit it further').click()
          // A focus by mouse shows no ring.
          await open.getByText('Limit it further').blur()
          await look(open, `consent-narrowed-${name}`)
          await open.getByLabel('Only these resource types').fill(`Observation, ${'Hat'.repeat(30)}`)
          await open.getByLabel('Only this patient’s records').fill('?')
          await open.getByRole('button', { name: 'Allow and sign in' }).click()
          const problems = open.getByRole('alert')
          await problems.first().waitFor()
          expect(await problems.count()).toBe(2)
          // The first is in sight and has the focus, and is what a screen reader says of the field.
          const field = open.locator(':focus')
          expect(await field.getAttribute('id')).toBe('types')
          expect(await field.getAttribute('aria-describedby')).toContain(await problems.first().getAttribute('id'))
          for (const place of [field, problems.first()]) await expect.poll(() => isInSight(place)).toBe(true)
          await look(open)
          await open.getByLabel('Only these resource types').fill('Observation')
          await open.getByLabel('Only this patient’s records').fill('')
          await allow(open)
        })
        await (await connect(WAY, running.worker.url, person)).close()
        await page.goto(`${running.worker.url}/oauth/callback?state=old`)
        await look(page, `problem-${name}`)
      }, options)
      await withPage(async (page) => {
        const { client, link } = await deletion(page)
        await page.goto(link)
        await look(page)
        await page.getByRole('link', { name: 'Sign in with Medplum' }).click()
        await page.getByLabel('Email').waitFor()
        await look(page)
        await logIn(page, { ...SANDBOX_USERS.alice, password: 'wrong' })
        await page.getByRole('alert').waitFor()
        await look(page)
        await logIn(page, SANDBOX_USERS.alice)
        await page.getByRole('button', { name: 'Delete' }).waitFor()
        await look(page, `confirm-${name}`)
        const before = await colorOf(page)
        await page.getByRole('button', { name: 'Refuse' }).click()
        await page.getByRole('heading', { name: 'You refused this' }).waitFor()
        expect(await colorOf(page)).not.toBe(before)
        await look(page)
        await client.close()
      }, options)
    }, 60_000)
  })
})
