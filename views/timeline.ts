// A patient's history in lanes, over a period that can be chosen.
import type { Timeline } from '../src/tools/show/shown.ts'
import { barChart, reachable } from './charts.ts'
import { button, dataTable, el } from './dom.ts'
import { type Bar, rowsOf, spanOf, timesOfLanes } from './marks.ts'
import { Chosen, heading, type Setting } from './parts.ts'
import { dateText } from './times.ts'
import { drawnOrder } from './trend.ts'

const YEAR = 365.25 * 86_400_000
const COLOURS = ['var(--line-1)', 'var(--line-2)', 'var(--line-3)', 'var(--line-4)']

export function timelineView(timeline: Timeline, setting: Setting): HTMLElement[] {
  const { now, width, locale } = setting
  const whole = spanOf(timesOfLanes(timeline.lanes, now))
  const lanes = el('div', {})
  const chosen = new Chosen(setting, 'Choose an event with the pointer, or Tab and the arrow keys.')
  const shown = el('p', { class: 'quiet', role: 'status' })
  let x = whole
  const say = ({ name, status, unreal, when: { from, to } }: Bar) =>
    [
      name,
      status,
      unreal && 'did not happen, or not yet',
      `${dateText(from, locale)}${to && to !== from ? ` to ${dateText(to, locale)}` : ''}`,
    ]
      .filter(Boolean)
      .join(', ')
  const draw = () => {
    shown.replaceChildren(
      `${dateText(new Date(x[0]).toISOString().slice(0, 10), locale)} to ${dateText(new Date(x[1]).toISOString().slice(0, 10), locale)}`,
    )
    lanes.replaceChildren(
      ...timeline.lanes.map(({ title, events, fault, more }, at) => {
        const inside = rowsOf(events, now, ((x[1] - x[0]) / width) * 11).filter(
          ({ from, to }) => to >= x[0] && from <= x[1],
        )
        const hollow = inside.filter(({ unreal }) => unreal).length
        const count = [
          inside.length === events.length ? `${events.length}` : `${inside.length} of ${events.length}`,
          ...(hollow > 0 ? [`${hollow} hollow: did not happen, or not yet`] : []),
          ...(more ? ['older ones not drawn'] : []),
        ].join(', ')
        const head = el('h2', {}, el('bdi', {}, title), ' ', el('small', {}, fault ?? count))
        if (inside.length === 0) return el('section', { class: 'lane' }, head)
        const chart = barChart(inside, { width, left: 12, x, locale }, title, COLOURS[at % COLOURS.length])
        reachable(chart, drawnOrder(inside), say, (bar) => chosen.tell(say(bar), bar.id))
        return el('section', { class: 'lane' }, head, chart as unknown as Node)
      }),
    )
  }
  const move = (to: [number, number]) => {
    const length = Math.min(to[1] - to[0], whole[1] - whole[0])
    const from = Math.max(whole[0], Math.min(to[0], whole[1] - length))
    x = [from, from + length]
    draw()
  }
  const last = (years: number) => () => move([whole[1] - years * YEAR, whole[1]])
  const zoomed = (by: number) => () => {
    const [middle, half] = [(x[0] + x[1]) / 2, ((x[1] - x[0]) / 2) * by]
    move([middle - half, middle + half])
  }
  const panned = (by: number) => () => move([x[0] + (x[1] - x[0]) * by, x[1] + (x[1] - x[0]) * by])
  draw()
  const bar = el(
    'div',
    { class: 'actions', role: 'group', 'aria-label': 'Time range' },
    button('1 year', last(1)),
    button('5 years', last(5)),
    button('All', () => move(whole)),
    button('+', zoomed(0.5), { 'aria-label': 'Zoom in' }),
    button('−', zoomed(2), { 'aria-label': 'Zoom out' }),
    button('←', panned(-0.5), { 'aria-label': 'Earlier' }),
    button('→', panned(0.5), { 'aria-label': 'Later' }),
  )
  const rows = timeline.lanes.flatMap(({ title, events }) =>
    events.map(({ name, from, to, status = '', unreal }) => [
      ...[title, name, dateText(from, locale), to ? dateText(to, locale) : ''],
      [status, unreal && 'did not happen, or not yet'].filter(Boolean).join(', '),
    ]),
  )
  const isEmpty = timeline.lanes.every(({ events }) => events.length === 0)
  return [
    heading('Timeline', timeline.patient, setting),
    ...(isEmpty ? [el('p', { class: 'empty' }, 'There are no events to draw.')] : [bar, shown, chosen.element]),
    lanes,
    dataTable('All events', ['Lane', 'What', 'From', 'To', 'Status'], rows),
  ]
}
