// The summary: who a patient is and what matters now.
import type { Summary } from '../src/tools/show/shown.ts'
import { sparkline } from './charts.ts'
import { el } from './dom.ts'
import { dotsOf } from './marks.ts'
import { actionsFor, heading, type Setting, withDates } from './parts.ts'
import { dateText, numberText } from './times.ts'

export function summaryView(summary: Summary, setting: Setting): HTMLElement[] {
  const { locale } = setting
  const sections = summary.sections.map(({ title, items, fault, more }) =>
    el(
      'section',
      { class: 'card' },
      el(
        'h2',
        {},
        el('bdi', {}, title),
        ' ',
        el('small', {}, fault ?? (items.length === 0 ? 'none found' : `${items.length}${more ? '+' : ''}`)),
      ),
      el(
        'ul',
        {},
        ...items.map(({ id, name, details }) =>
          el(
            'li',
            {},
            el(
              'details',
              {},
              el('summary', {}, el('bdi', {}, name), ' ', el('small', {}, el('bdi', {}, withDates(details, setting)))),
              el('div', { class: 'actions' }, ...actionsFor(id, setting)),
            ),
          ),
        ),
      ),
    ),
  )
  const vitals = summary.vitals.flatMap((series) => {
    const dots = dotsOf(series)
    const last = dots.at(-1)
    if (!last) return []
    const value = `${last.sign ?? ''}${numberText(last.value, locale)} ${last.unit}`
    const label = `${series.name}: ${dots.length} results`
    const remarks = [last.status, last.remark].filter(Boolean).join(', ')
    return [
      el(
        'tr',
        {},
        el('th', { scope: 'row', dir: 'auto' }, series.name),
        el(
          'td',
          {},
          el('bdi', {}, value),
          ...(last.flag ? [' ', el('strong', { class: 'flag' }, last.flag)] : []),
          ...(remarks ? [' ', el('small', {}, el('bdi', {}, remarks))] : []),
        ),
        el('td', { class: 'spark' }, sparkline(dots, label) as unknown as Node),
        el('td', { class: 'quiet' }, dateText(last.at, locale)),
      ),
    ]
  })
  const head = el(
    'thead',
    {},
    el('tr', {}, ...['Vital sign', 'Last', 'Course', 'When'].map((text) => el('th', { scope: 'col' }, text))),
  )
  return [
    heading('Summary', summary.patient, setting),
    el('div', { class: 'cards' }, ...sections),
    el(
      'section',
      { class: 'card' },
      el('h2', {}, 'Last vital signs'),
      vitals.length === 0
        ? el('p', { class: 'empty' }, summary.vitalsFault ?? 'None found.')
        : el(
            'div',
            { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Last vital signs' },
            el('table', {}, head, el('tbody', {}, ...vitals)),
          ),
    ),
  ]
}
