// Parts that the views share: the heading with the person, the line about the selected item, and buttons for it.
import type { Person } from '../src/tools/show/shown.ts'
import { button, el } from './dom.ts'
import type { Host, ToolResult } from './host.ts'
import { dateText, type Locale } from './times.ts'

/** What every view needs to draw itself. */
export interface Setting {
  host: Host
  locale: Locale
  /** Root of the Medplum App. */
  app: string | undefined
  width: number
  now: number
  /** Draws the result of a call in place of this view. */
  draw(result: ToolResult): void
}

export function heading(what: string, person: Person, { locale }: Setting): HTMLElement {
  const more = [
    person.birthDate && `born ${dateText(person.birthDate, locale)}`,
    person.gender,
    person.identifier,
    person.deceased && `deceased${person.died ? ` ${dateText(person.died, locale)}` : ''}`,
    person.inactive && 'record not in use',
    person.replacedBy && `replaced by ${person.replacedBy}`,
    person.mainRecord && `main record ${person.mainRecord}`,
  ].filter((one): one is string => typeof one === 'string' && one !== '')
  return el(
    'header',
    {},
    el('h1', {}, el('span', { class: 'what' }, what), ' ', el('bdi', {}, person.name || `Patient/${person.id}`)),
    el('p', { class: 'quiet' }, more.join(' · ')),
  )
}

/** Text with its dates written as in the host's locale. */
export function withDates(text: string, { locale }: Setting): string {
  return text.replace(/\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?/g, (date) => dateText(date, locale))
}

const REFERENCE = /^[A-Z][A-Za-z]{1,63}\/[A-Za-z0-9.-]{1,64}$/

/** The line that says what is selected and what can be done with it; screen readers read it out when it changes. */
export class Chosen {
  readonly element = el('div', { class: 'chosen' })
  readonly #text = el('p', { role: 'status' })
  readonly #actions = el('div', { class: 'actions' })
  readonly #record = el('pre', { class: 'record', dir: 'auto', tabindex: '0', hidden: '' })
  readonly #setting: Setting

  constructor(setting: Setting, hint: string) {
    this.#setting = setting
    this.#text.append(hint)
    this.element.append(this.#text, this.#actions, this.#record)
  }

  /** @param id `Type/ID` */
  tell(text: string, id: string): void {
    this.#text.replaceChildren(el('bdi', {}, text))
    this.#record.hidden = true
    this.#actions.replaceChildren(...actionsFor(id, this.#setting, () => this.#details(id)))
  }

  async #details(id: string): Promise<void> {
    this.#record.hidden = false
    this.#record.replaceChildren('Loading …')
    const { structuredContent, isError } = await this.#setting.host.callTool('fetch', { id }).catch(() => failed)
    const { text } = (structuredContent ?? {}) as { text?: unknown }
    this.#record.replaceChildren(typeof text === 'string' && !isError ? text : 'The record could not be read.')
  }
}

const failed: ToolResult = { isError: true }

/** Buttons for a record, as far as the host supports them. */
export function actionsFor(id: string, { host, app }: Setting, details?: () => void): HTMLElement[] {
  // An id is put into a chat message and a URL, so it must have the form of an id.
  if (!REFERENCE.test(id)) return []
  const { tools, links, messages } = host.abilities
  return [
    ...(details && tools ? [button('Details', details)] : []),
    ...(messages ? [button('Ask about it', () => host.say(`Tell me more about ${id}.`))] : []),
    ...(app && links ? [button('Open in Medplum', () => host.openLink(new URL(id, app).href))] : []),
  ]
}
