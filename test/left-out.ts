// Says at the end of a run how much of it was left to `npm run check`.
import type { Reporter } from 'vitest/node'

export const leftOut: Reporter = {
  onTestRunEnd(modules) {
    const counts = modules.map((module) => module.meta().leftOut ?? 0).filter((count) => count > 0)
    if (counts.length === 0) return
    const cases = counts.reduce((sum, count) => sum + count, 0).toLocaleString('en-US')
    console.log(`Left out: ${cases} cases in ${counts.length} files. With them: npm test -- --mode full\n`)
  },
}
