// Results over time: a chart for each unit, medications beneath, and tables behind.
import type { Trend } from '../src/tools/show/shown.ts'
import { barChart, panelChart, reachable, roomBeside } from './charts.ts'
import { dataTable, el, isolated } from './dom.ts'
import { type Bar, coursesOf, type Dot, type Panel, panelsOf, spanOf } from './marks.ts'
import { Chosen, heading, type Setting, withDates } from './parts.ts'
import { dateText, numberText } from './times.ts'

export function trendView(trend: Trend, setting: Setting): HTMLElement[] {
  const { locale, width, now } = setting
  const panels = panelsOf(trend)
  const bars = coursesOf(trend.medications ?? [], now)
  const results = panels.flatMap(({ dots }) => dots.map(({ time }) => time))
  const frame = {
    width,
    left: roomBeside(panels, locale),
    locale,
    x: spanOf(results.length > 0 ? results : bars.flatMap(({ from, to }) => [from, to])),
  }
  const value = ({ sign = '', value: of, unit }: Dot) => `${sign}${numberText(of, locale)}${unit ? ` ${unit}` : ''}`
  const range = ({ low, high }: Dot) =>
    low === undefined && high === undefined
      ? ''
      : low === undefined
        ? `up to ${numberText(high ?? 0, locale)}`
        : high === undefined
          ? `from ${numberText(low, locale)}`
          : `${numberText(low, locale)} to ${numberText(high, locale)}`
  const say = (one: Dot) =>
    [
      ...[`${one.name} ${value(one)}`, one.flag, one.status, dateText(one.at, locale)],
      ...[range(one) && `range ${range(one)}`, one.remark && withDates(one.remark, setting)],
    ]
      .filter(Boolean)
      .join(', ')
  const sections = panels.map((panel) => {
    const chosen = new Chosen(setting, `${counted(panel)}. Choose one with the pointer, or Tab and the arrow keys.`)
    const title = panel.names.map(isolated).join(', ')
    const chart = panelChart(panel, frame)
    reachable(chart, panel.dots, say, (one) => chosen.tell(say(one), one.id))
    const legend =
      panel.names.length < 2 ? [] : panel.names.map((name, at) => el('span', { class: `key key-${at % 4}` }, name))
    return el(
      'section',
      {},
      el('h2', {}, title, ' ', el('small', {}, el('bdi', {}, panel.unit || 'no unit'))),
      ...(legend.length > 0 ? [el('p', { class: 'legend' }, ...legend)] : []),
      chart as unknown as Node,
      chosen.element,
      dataTable(
        `${title} (${isolated(panel.unit || 'no unit')}): ${counted(panel)}`,
        ['Date', 'Result', 'Value', 'Range', 'Remark'],
        panel.dots
          .toReversed()
          .map((one) => [
            dateText(one.at, locale),
            one.name,
            value(one),
            range(one),
            [one.flag, one.status, one.remark && withDates(one.remark, setting)].filter(Boolean).join(', '),
          ]),
      ),
    )
  })
  return [
    heading('Trend', trend.patient, setting),
    ...(panels.length === 0 ? [el('p', { class: 'empty' }, 'There are no results to draw.')] : sections),
    ...(trend.medications ? [medications(bars, { ...frame }, setting)] : []),
    ...(trend.undrawn.length > 0
      ? [
          el(
            'ul',
            { class: 'quiet' },
            ...trend.undrawn.map(({ name, reason, count }) =>
              el('li', {}, 'Not drawn: ', el('bdi', {}, name), `, ${count} × ${reason}`),
            ),
          ),
        ]
      : []),
  ]
}

/** How many results a panel draws. */
function counted({ dots, total }: Panel): string {
  const results = total === 1 ? 'result' : 'results'
  return dots.length === total ? `${total} ${results}` : `${dots.length} of ${total} ${results}`
}

function medications(bars: readonly Bar[], frame: Parameters<typeof barChart>[1], setting: Setting): HTMLElement {
  const { locale } = setting
  const when = ({ active, when: { from, to } }: Bar) =>
    `${dateText(from, locale)} to ${to !== undefined ? dateText(to, locale) : active ? 'today' : 'an unknown end'}`
  const say = (bar: Bar) => [bar.name, when(bar), bar.status].filter(Boolean).join(', ')
  if (bars.length === 0)
    return el('section', {}, el('h2', {}, 'Medications'), el('p', { class: 'empty' }, 'None recorded.'))
  const chosen = new Chosen(setting, 'Medications over the same time.')
  const chart = barChart(bars, frame, 'Medications', 'var(--line-3)', true)
  reachable(chart, drawnOrder(bars), say, (bar) => chosen.tell(say(bar), bar.id))
  return el(
    'section',
    {},
    el('h2', {}, 'Medications'),
    chart as unknown as Node,
    chosen.element,
    dataTable(
      'Medications',
      ['Medication', 'Time', 'Remark'],
      bars.toReversed().map((bar) => [bar.name, when(bar), bar.status ?? '']),
    ),
  )
}

/** Bars are drawn before moments. */
export function drawnOrder(bars: readonly Bar[]): Bar[] {
  return [...bars.filter(({ point }) => !point), ...bars.filter(({ point }) => point)]
}
