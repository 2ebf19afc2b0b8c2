// The confirmations of one grant. They are sealed here, where the grant's key is known; the grant's object keeps and uses them up.

import { fromBase64Url, newKey, open, seal, sha256, toBase64Url } from '../base/seal.ts'
import type { Agreement, ConfirmationPage, Confirmations } from '../call/confirmation.ts'
import type { Bindings } from '../config/settings.ts'
import { settingsFor } from '../config/tenants.ts'
import { grantNameOf } from './grant-name.ts'
import type { CallerRecord } from './record.ts'

/** Where the pages are; below it, the grant's id and the page's key. */
export const CONFIRM_PATH = '/confirm'

const WORDS = 'confirmation words'

/** What is kept with a proposal under the grant's key. */
interface Kept {
  page: ConfirmationPage
  agreement: Agreement
  /** SHA-256 of the words. */
  asked: string
}

/** What the page shows. */
export interface Words {
  clientName: string
  lines: readonly string[]
  /** The MCP session that learns when the page has been answered. */
  session?: string | undefined
}

/** The confirmations of the caller's grant. */
export function confirmationsOf({ userId, grantId, props }: CallerRecord, env: Bindings): Confirmations {
  const { vaultKey, clientName } = props
  const name = grantNameOf({ userId, grantId })
  // Created on demand: hashing its name takes time, and most calls need no confirmation.
  const grant = () => env.GRANT.getByName(name)
  const purpose = `confirmation ${name}`
  const keptPurpose = `confirmation kept ${name}`
  const opened = async (sealed: string) => open<Agreement>(vaultKey, purpose, fromBase64Url(sealed))
  return {
    seal: async (agreement) => toBase64Url(await seal(vaultKey, purpose, agreement)),
    open: (sealed) => opened(sealed).catch(() => undefined),
    burn: async (nonce, expiresAt) => grant().burn(nonce, expiresAt),
    async propose(agreement, lines, session) {
      const subject = await subjectOf(vaultKey, agreement.digest)
      // A decision made in the meantime is left for the call that carries it out.
      const waiting = await grant().pending(subject)
      const before = waiting && (await open<Kept>(vaultKey, keptPurpose, waiting.agreement).catch(() => undefined))
      const asked = await sha256(lines.join('\n'))
      if (before && isSame(before, agreement, asked)) return before.page
      const key = newKey()
      const id = await pageId(key)
      const { publicUrl, root } = settingsFor(env, userId)
      const page: ConfirmationPage = { address: `${publicUrl.origin}${root}${CONFIRM_PATH}/${grantId}.${key}`, id }
      await grant().propose(id, {
        subject,
        words: await sealWords(key, { clientName, lines, session }),
        agreement: await seal(vaultKey, keptPurpose, { page, agreement, asked } satisfies Kept),
        expiresAt: agreement.expiresAt,
      })
      return page
    },
    async decision(digest) {
      const settled = await grant().settle(await subjectOf(vaultKey, digest))
      if (settled === undefined) return undefined
      if (settled.decision !== 'approved') return settled.decision ?? 'open'
      const { agreement } = await open<Kept>(vaultKey, keptPurpose, settled.agreement)
      return { approved: toBase64Url(await seal(vaultKey, purpose, agreement)) }
    },
    withdraw: async (digest) => grant().withdraw(await subjectOf(vaultKey, digest)),
  }
}

/** The object's name for a page, which doesn't reveal the page's key. */
export function pageId(key: string): Promise<string> {
  return sha256(`page ${key}`)
}

/** @param key of the page, base64url of 32 bytes */
export function openWords(key: string, words: Uint8Array): Promise<Words> {
  return open<Words>(key, WORDS, words)
}

function sealWords(key: string, words: Words): Promise<Uint8Array> {
  return seal(key, WORDS, words)
}

/** Whether it is still the same question: about the same versions, with the same text. */
function isSame(before: Kept, { seen, found }: Agreement, asked: string): boolean {
  const [a, b] = [before.agreement, { seen, found }].map((one) => JSON.stringify([one.seen, one.found ?? null]))
  return a === b && before.asked === asked
}

/** Arguments can be guessed, so their digest is never stored without the key. */
function subjectOf(vaultKey: string, digest: string): Promise<string> {
  return sha256(`subject ${vaultKey} ${digest}`)
}
