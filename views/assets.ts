// All that Workers serve as static assets, in views/dist: the page of the views, and the skills.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { skillsFile } from '../manual/build.ts'
import { page } from './page.ts'

/** Bytes of the page, compressed: what a host has to load before it shows anything. */
const MAX_GZIP = 150 * 1024

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** @returns what was built, in words */
export async function buildAssets(): Promise<string> {
  const [html, skills] = [await page(), await skillsFile()]
  const size = gzipSync(html).byteLength
  if (size > MAX_GZIP) throw new Error(`The views have ${size} bytes gzip, at most ${MAX_GZIP} are allowed.`)
  await mkdir(here('dist'), { recursive: true })
  await put('show.html', html)
  await put('skills.json', skills)
  return `views/dist: show.html ${(size / 1024).toFixed(1)} KiB gzip, skills.json ${(skills.length / 1024).toFixed(1)} KiB`
}

/**
 * Writes a file, if it changes: a running `wrangler dev` restarts its Worker, and cuts its streams, with any write here. Several
 * programs may build at the same time: each reader finds a whole file.
 */
async function put(name: string, text: string): Promise<void> {
  const path = here(`dist/${name}`)
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return
  const made = here(`../node_modules/.${name}-${process.pid}`)
  await writeFile(made, text)
  await rename(made, path)
}
