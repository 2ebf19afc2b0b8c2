// What a client calls itself, as people and models are shown it. Anybody can register any name: one of a thousand lines would push
// out of sight where access goes, and one with a mark for writing direction would turn the words around it.
import type { ConsentDescription } from '@cloudflare/workers-oauth-provider'

const MAX_LENGTH = 80
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\s]+/gu

/** The client with a name of one short line; its id, where nothing of the name can be seen. */
export function withShownName(client: ConsentDescription): ConsentDescription {
  return { ...client, clientName: shown(client.clientName) || shown(client.clientId) }
}

function shown(name: string): string {
  const characters = [...name.replaceAll(UNSEEN, ' ').trim()]
  return characters.length <= MAX_LENGTH ? characters.join('') : `${characters.slice(0, MAX_LENGTH - 1).join('')}…`
}
