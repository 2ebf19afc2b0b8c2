// All that Workers serve as static assets, in views/dist: the page of the views, and the skills.
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { skillsFile } from '../manual/build.ts'
import { writeChanged } from '../scripts/write-changed.ts'
import { page } from './page.ts'

/** Bytes of the page, compressed: what a host has to load before it shows anything. */
const MAX_GZIP = 150 * 1024

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** @returns what was built, in words */
export async function buildAssets(): Promise<string> {
  const [html, skills] = [await page(), await skillsFile()]
  const size = gzipSync(html).byteLength
  if (size > MAX_GZIP) throw new Error(`The views have ${size} bytes (gzip); at most ${MAX_GZIP} are allowed.`)
  await mkdir(here('dist'), { recursive: true })
  await writeChanged(here('dist/show.html'), html)
  await writeChanged(here('dist/skills.json'), skills)
  return `views/dist: show.html ${(size / 1024).toFixed(1)} KiB gzip, skills.json ${(skills.length / 1024).toFixed(1)} KiB`
}
