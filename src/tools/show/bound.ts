// Limits what a view draws to what hosts accept.
import type { Shown } from './shown.ts'

/** Maximum characters of a view's content: hosts drop or cut larger ones. */
export const MAX_STRUCTURED = 90_000

/** The same content if it fits, otherwise with only the latest items of each list. A table already fits. */
export function bound(shown: Shown): Shown {
  let bounded = shown
  for (let keep = 0.7; JSON.stringify(bounded).length > MAX_STRUCTURED && keep > 0.001; keep *= 0.7)
    bounded = shortened(shown, keep)
  return bounded
}

function shortened(shown: Shown, keep: number): Shown {
  const length = (list: readonly unknown[]) => Math.max(1, Math.floor(list.length * keep))
  switch (shown.view) {
    case 'trend':
      return {
        ...shown,
        series: shown.series.map((one) => ({ ...one, points: one.points.slice(-length(one.points)) })),
      }
    case 'timeline':
      return {
        ...shown,
        lanes: shown.lanes.map((lane) => ({ ...lane, more: true, events: lane.events.slice(-length(lane.events)) })),
      }
    case 'summary':
      // These lists begin with the latest item.
      return {
        ...shown,
        sections: shown.sections.map((one) => ({ ...one, more: true, items: one.items.slice(0, length(one.items)) })),
      }
    case 'table':
      return shown
  }
}
