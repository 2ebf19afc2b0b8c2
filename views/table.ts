// Rows of a search, which can be sorted and filtered; the host loads further pages.
import type { Table } from '../src/tools/show/shown.ts'
import { button, el } from './dom.ts'
import { type Cell, filtered, sorted } from './marks.ts'
import { actionsFor, type Setting } from './parts.ts'
import { dateText, numberText } from './times.ts'

export function tableView(table: Table, setting: Setting): HTMLElement[] {
  const { locale, host } = setting
  let order: { column: number; down: boolean } | undefined
  let wanted = ''
  const body = el('tbody', {})
  const told = el('p', { class: 'quiet', role: 'status' })
  const shown = (cell: Cell) =>
    cell === null
      ? ''
      : typeof cell === 'number'
        ? numberText(cell, locale)
        : typeof cell === 'string' && /^\d{4}-\d\d-\d\d(T.*)?$/.test(cell)
          ? dateText(cell, locale)
          : String(cell)
  const draw = () => {
    const some = filtered(table.rows, wanted, locale.locale)
    const rows = order ? sorted(some, order.column, order.down, locale.locale) : some
    body.replaceChildren(
      ...rows.map(({ id, cells }) =>
        el(
          'tr',
          {},
          ...cells.map((cell) =>
            el('td', { dir: 'auto', ...(typeof cell === 'number' && { class: 'number' }) }, shown(cell)),
          ),
          el('td', {}, menu(id)),
        ),
      ),
    )
    const of = table.total !== undefined && table.total !== table.rows.length ? ` of ${table.total} found` : ''
    told.replaceChildren(
      `${rows.length === table.rows.length ? rows.length : `${rows.length} of ${table.rows.length}`} rows${of}${table.next ? ', more on the next page' : ''}`,
    )
  }
  const menu = (id: string) => {
    const actions = actionsFor(id, setting)
    return actions.length === 0
      ? ''
      : el(
          'details',
          { class: 'menu' },
          el('summary', { 'aria-label': `Actions for ${id}` }, '⋯'),
          el('div', { class: 'actions' }, ...actions),
        )
  }
  const heads = table.columns.map((title, column) => {
    const head = el('th', { scope: 'col', 'aria-sort': 'none' })
    head.append(
      button(title, () => {
        order = { column, down: order?.column === column && !order.down }
        for (const one of heads)
          one.setAttribute('aria-sort', one !== head ? 'none' : order.down ? 'descending' : 'ascending')
        draw()
      }),
    )
    return head
  })
  const filter = el('input', { type: 'search', placeholder: 'Filter these rows', 'aria-label': 'Filter these rows' })
  filter.addEventListener('input', () => {
    wanted = filter.value
    draw()
  })
  const next = table.next
  const page = button('Next page', async () => {
    page.disabled = true
    const answer = await host
      .callTool('show', { view: 'table', path: next, select: table.columns })
      .catch(() => undefined)
    if (answer && !answer.isError) setting.draw(answer)
    else {
      page.disabled = false
      told.replaceChildren('The next page could not be read.')
    }
  })
  draw()
  return [
    el(
      'header',
      {},
      el('h1', {}, el('span', { class: 'what' }, 'Table'), ' ', el('bdi', {}, table.path.split('?')[0] ?? '')),
    ),
    el('div', { class: 'actions' }, filter, ...(next !== undefined && host.abilities.tools ? [page] : [])),
    told,
    table.rows.length === 0
      ? el('p', { class: 'empty' }, 'Nothing was found.')
      : el(
          'div',
          { class: 'scroll tall', tabindex: '0', role: 'region', 'aria-label': 'Rows' },
          el(
            'table',
            {},
            el(
              'thead',
              {},
              el('tr', {}, ...heads, el('th', { scope: 'col' }, el('span', { class: 'unseen' }, 'Actions'))),
            ),
            body,
          ),
        ),
  ]
}
