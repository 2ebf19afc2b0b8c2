// Creates elements whose content is text. No code of a view parses HTML.

type Child = Node | string

/** An element with these attributes and children; a text becomes a text node, whatever it holds. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string | undefined> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value)
  element.append(...children)
  return element
}

export function button(
  label: string,
  act: () => void,
  attributes: Record<string, string | undefined> = {},
): HTMLButtonElement {
  const element = el('button', { type: 'button', ...attributes }, label)
  element.addEventListener('click', act)
  return element
}

/** A record's text for use within our own, isolated so that its direction doesn't affect the text around it. */
export function isolated(text: string): string {
  return `\u2068${text}\u2069`
}

/** A chart's data as a table, for people who can't see the chart or prefer to read. */
export function dataTable(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): HTMLElement {
  const cells = (tag: 'th' | 'td', texts: readonly string[]) =>
    texts.map((text) => el(tag, { dir: 'auto', ...(tag === 'th' && { scope: 'col' }) }, text))
  const table = el(
    'table',
    {},
    el('caption', {}, caption),
    el('thead', {}, el('tr', {}, ...cells('th', heads))),
    el('tbody', {}, ...rows.map((row) => el('tr', {}, ...cells('td', row)))),
  )
  const scroll = el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption }, table)
  return el('details', {}, el('summary', {}, `${caption} as a table`), scroll)
}
