// The view's entry point: waits for the host's tool result and draws it, and draws it again when the width or theme changes.
import type { Shown } from '../src/tools/show/shown.ts'
import { el } from './dom.ts'
import { Host, type HostContext, type ToolResult } from './host.ts'
import type { Setting } from './parts.ts'
import { summaryView } from './summary.ts'
import { tableView } from './table.ts'
import { timelineView } from './timeline.ts'
import { knownLocale } from './times.ts'
import { trendView } from './trend.ts'

const root = el('main', {})
document.body.append(root)

const context: HostContext = {}
let last: ToolResult | undefined
let drawnWidth = 0

const host = new Host({
  context(given) {
    Object.assign(context, given)
    adopt(context)
    if (last) draw(last)
  },
  input() {
    status('loading', 'Loading …')
  },
  result: draw,
  cancelled() {
    status('cancelled', 'This was cancelled.')
  },
})

function draw(result: ToolResult): void {
  last = result
  drawnWidth = Math.max(260, document.body.clientWidth - 24)
  const texts = (result.content ?? []).flatMap(({ type, text }) =>
    type === 'text' && typeof text === 'string' ? [text] : [],
  )
  const shown = result.structuredContent as Shown | undefined
  if (result.isError || typeof shown !== 'object' || shown === null || !Object.hasOwn(VIEWS, shown.view)) {
    status('error', texts[0] ?? 'There is nothing to draw.')
    return
  }
  const setting: Setting = {
    ...{ host, draw, width: drawnWidth, now: Date.now(), locale: knownLocale(context.locale, context.timeZone) },
    app: 'app' in shown && typeof shown.app === 'string' && /^https?:/.test(shown.app) ? shown.app : undefined,
  }
  const notes = texts.slice(1).map((text) => el('p', { class: 'quiet' }, el('bdi', {}, text)))
  let drawn: HTMLElement[]
  try {
    drawn = VIEWS[shown.view](shown, setting)
  } catch {
    // A host may pass on anything, but the result in words is always there.
    status('error', texts[0] ?? 'There is nothing to draw.')
    return
  }
  root.replaceChildren(...drawn, ...(notes.length > 0 ? [el('footer', {}, ...notes)] : []))
  document.documentElement.dataset.view = shown.view
}

const VIEWS: Readonly<Record<Shown['view'], (shown: Shown, setting: Setting) => HTMLElement[]>> = {
  trend: (shown, setting) => (shown.view === 'trend' ? trendView(shown, setting) : []),
  timeline: (shown, setting) => (shown.view === 'timeline' ? timelineView(shown, setting) : []),
  summary: (shown, setting) => (shown.view === 'summary' ? summaryView(shown, setting) : []),
  table: (shown, setting) => (shown.view === 'table' ? tableView(shown, setting) : []),
}

function status(state: string, text: string): void {
  document.documentElement.dataset.view = state
  root.replaceChildren(el('p', { class: 'empty', role: state === 'error' ? 'alert' : 'status' }, text))
}

/** Applies the host's theme, colours and fonts. */
function adopt({ theme, styles, safeAreaInsets }: HostContext): void {
  const { style } = document.documentElement
  if (theme === 'light' || theme === 'dark') style.colorScheme = theme
  for (const [name, value] of Object.entries(styles?.variables ?? {})) {
    if (/^--[\w-]+$/.test(name) && typeof value === 'string') style.setProperty(name, value)
  }
  const fonts = styles?.css?.fonts
  if (typeof fonts === 'string') {
    document.getElementById('host-fonts')?.remove()
    document.head.append(el('style', { id: 'host-fonts' }, fonts))
  }
  for (const [side, size] of Object.entries(safeAreaInsets ?? {}))
    document.body.style.setProperty(`padding-${side}`, `${Number(size) + 12}px`)
}

new ResizeObserver(() => {
  const width = Math.max(260, document.body.clientWidth - 24)
  if (last && Math.abs(width - drawnWidth) > 16) draw(last)
}).observe(document.documentElement)

status('loading', 'Loading …')
await host.connect()
