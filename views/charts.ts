// Draws panels and bars as SVG with Observable Plot. Each mark can be reached by the keyboard and has a label.
import { axisX, axisY, barX, dot, gridX, gridY, line, plot, rect, text } from '@observablehq/plot'
import type { Bar, Dot, Panel } from './marks.ts'
import { type Locale, tickText } from './times.ts'

const COLOURS = ['var(--line-1)', 'var(--line-2)', 'var(--line-3)', 'var(--line-4)']
const MARGIN_RIGHT = 12
/** Width in pixels of a digit of an axis label, and of a tick. */
const [DIGIT, TICK] = [6.6, 14]

interface Frame {
  width: number
  /** Room for the labels beside the axis. */
  left: number
  x: [number, number]
  locale: Locale
}

type Svg = SVGSVGElement

function timeAxis({ x, width, locale }: Frame) {
  const span = x[1] - x[0]
  const form: Intl.DateTimeFormatOptions =
    span > 2 * 365 * 86_400_000
      ? { year: 'numeric' }
      : span > 60 * 86_400_000
        ? { month: 'short', year: '2-digit' }
        : { day: 'numeric', month: 'short' }
  const format = new Intl.DateTimeFormat(locale.locale, { ...form, timeZone: 'UTC' })
  return axisX({
    ticks: Math.max(2, Math.floor(width / 110)),
    tickFormat: (tick: Date) => format.format(tick),
    label: null,
  })
}

/** The room that panels need beside their axes, so that all are aligned. */
export function roomBeside(panels: readonly Panel[], locale: Locale): number {
  const ends = panels.flatMap((panel) => extentOf(panel))
  const digits = ends.reduce((most, end) => Math.max(most, tickText(Number(end.toPrecision(2)), locale).length), 0)
  return Math.max(40, Math.ceil(digits * DIGIT + TICK))
}

/** The lowest and highest value that a panel draws. */
function extentOf({ dots }: Panel): [number, number] {
  const values = dots.flatMap(({ value, low, high }) => [value, low, high]).filter((one) => one !== undefined)
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]
}

/** One panel of results: ranges as areas, a line for each series, results as dots; those out of range are filled differently. */
export function panelChart(panel: Panel, frame: Frame): Svg {
  const { dots, bands, names } = panel
  const colour = (name: string) => COLOURS[names.indexOf(name) % COLOURS.length] ?? 'currentColor'
  const [least, most] = extentOf(panel)
  const room = (most - least || Math.abs(most) || 1) * 0.08
  const chart = plot({
    ...{
      width: frame.width,
      height: 190,
      marginLeft: frame.left,
      marginRight: MARGIN_RIGHT,
      marginTop: 14,
      marginBottom: 24,
    },
    x: { type: 'utc', domain: frame.x.map((time) => new Date(time)) },
    y: { domain: [least - room, most + room] },
    ariaLabel: `${panel.names.join(', ')}, ${panel.unit || 'without a unit'}`,
    marks: [
      rect(bands, {
        x1: ({ from }) => new Date(from),
        x2: ({ to }) => new Date(to),
        y1: ({ low }) => low ?? least - room,
        y2: ({ high }) => high ?? most + room,
        fill: 'var(--range)',
        ariaHidden: 'true',
      }),
      gridY({ ticks: 4, stroke: 'var(--grid)', strokeOpacity: 1 }),
      timeAxis(frame),
      axisY({ ticks: 4, tickFormat: (tick: number) => tickText(tick, frame.locale), label: null }),
      ...names.map((name) =>
        line(
          dots.filter((one) => one.name === name),
          {
            x: ({ time }: Dot) => new Date(time),
            y: 'value',
            stroke: colour(name),
            strokeWidth: 1.75,
            ariaHidden: 'true',
          },
        ),
      ),
      dot(dots, {
        className: 'marks',
        ...{ x: ({ time }: Dot) => new Date(time), y: 'value', r: 4 },
        fill: ({ status, flag, name }: Dot) => (status ? 'var(--ground)' : flag ? 'var(--flag)' : colour(name)),
        stroke: ({ flag, name }: Dot) => (flag ? 'var(--flag)' : colour(name)),
        strokeWidth: 1.75,
      }),
    ],
    color: { type: 'identity' },
  })
  return chart as Svg
}

/** Bars in rows, moments as dots. */
export function barChart(
  bars: readonly Bar[],
  frame: Frame,
  label: string,
  colour = 'var(--line-1)',
  named = false,
): Svg {
  const rows = bars.reduce((most, { row }) => Math.max(most, row + 1), 1)
  const labels = named ? [...new Map(bars.map((bar) => [bar.row, bar])).values()] : []
  const size = named ? 28 : 18
  // Bars of what did not happen are hollow.
  const fillOf = ({ unreal }: Bar) => (unreal ? 'var(--ground)' : colour)
  const strokeOf = ({ unreal }: Bar) => (unreal ? colour : 'var(--ground)')
  const chart = plot({
    ...{
      width: frame.width,
      height: rows * size + 30,
      marginLeft: frame.left,
      marginRight: MARGIN_RIGHT,
      marginTop: 4,
      marginBottom: 24,
    },
    x: { type: 'utc', domain: frame.x.map((time) => new Date(time)) },
    y: { type: 'band', domain: Array.from({ length: rows }, (_, at) => at), axis: null, padding: named ? 0.6 : 0.25 },
    ariaLabel: label,
    clip: 'frame',
    marks: [
      gridX({ ticks: Math.max(2, Math.floor(frame.width / 110)), stroke: 'var(--grid)', strokeOpacity: 1 }),
      timeAxis(frame),
      barX(
        bars.filter(({ point }) => !point),
        {
          className: 'marks',
          ...{
            x1: ({ from }: Bar) => new Date(from),
            x2: ({ to }: Bar) => new Date(to),
            y: 'row',
            fill: fillOf,
            rx: 3,
            clip: 'frame',
          },
          ...{ stroke: strokeOf, strokeWidth: 1 },
        },
      ),
      dot(
        bars.filter(({ point }) => point),
        {
          className: 'marks',
          x: ({ from }: Bar) => new Date(from),
          y: 'row',
          r: 4.5,
          fill: fillOf,
          stroke: strokeOf,
          clip: 'frame',
        },
      ),
      ...(named
        ? [
            text(labels, {
              ...{ x: () => new Date(frame.x[0]), y: 'row', text: ({ name }: Bar) => name, dx: 4, dy: -12 },
              ...{
                textAnchor: 'start',
                fill: 'currentColor',
                ariaHidden: 'true',
                textOverflow: 'ellipsis',
                lineWidth: (frame.width - frame.left - MARGIN_RIGHT) / 11 - 1,
              },
            }),
          ]
        : []),
    ],
    color: { type: 'identity' },
  })
  return chart as Svg
}

/** A line without axes. */
export function sparkline(dots: readonly Dot[], label: string): Svg {
  const last = dots.at(-1)
  const chart = plot({
    ...{ width: 110, height: 28, margin: 4, axis: null, ariaLabel: label },
    x: { type: 'utc' },
    y: { zero: false },
    marks: [
      line(dots, { x: ({ time }: Dot) => new Date(time), y: 'value', stroke: 'var(--line-1)', strokeWidth: 1.5 }),
      dot(last ? [last] : [], { x: ({ time }: Dot) => new Date(time), y: 'value', r: 3, fill: 'var(--line-1)' }),
    ],
  }) as Svg
  chart.setAttribute('role', 'img')
  return plain(chart)
}

/** Removes the labels that Plot gives to its groups, such as "dot": they are useless, and not allowed without a role. */
function plain(chart: Svg): Svg {
  for (const group of chart.querySelectorAll('g[aria-label]')) group.removeAttribute('aria-label')
  return chart
}

/**
 * Makes a chart's marks a list for the keyboard: Tab reaches one of them, and the arrow keys move between them.
 *
 * @param data what the marks show, in the order in which they were drawn
 */
export function reachable<Datum>(
  chart: Svg,
  data: readonly Datum[],
  say: (datum: Datum) => string,
  choose: (datum: Datum) => void,
): void {
  chart.setAttribute('role', 'group')
  plain(chart)
  const marks = [...chart.querySelectorAll<SVGElement>('.marks circle, .marks rect')]
  const focus = (at: number) => {
    const next = marks[Math.max(0, Math.min(marks.length - 1, at))]
    for (const mark of marks) mark.setAttribute('tabindex', mark === next ? '0' : '-1')
    next?.focus()
  }
  for (const [at, mark] of marks.entries()) {
    const datum = data[at]
    if (datum === undefined) continue
    mark.setAttribute('role', 'button')
    mark.setAttribute('aria-label', say(datum))
    mark.setAttribute('tabindex', at === marks.length - 1 ? '0' : '-1')
    mark.addEventListener('focus', () => choose(datum))
    mark.addEventListener('pointerenter', () => choose(datum))
    mark.addEventListener('click', () => choose(datum))
    mark.addEventListener('keydown', (event) => {
      const step = {
        ArrowLeft: at - 1,
        ArrowUp: at - 1,
        ArrowRight: at + 1,
        ArrowDown: at + 1,
        Home: 0,
        End: marks.length - 1,
      }[event.key]
      if (step === undefined && event.key !== 'Enter' && event.key !== ' ') return
      event.preventDefault()
      if (step === undefined) choose(datum)
      else focus(step)
    })
  }
}
