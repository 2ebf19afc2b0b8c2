// All that Workers serve as static assets: the page of the views, and the skills.
import { join } from 'node:path'
import { buildSkills } from '../manual/build.ts'
import { buildViews } from './page.ts'

/** @returns what was built, in words */
export async function buildAssets(): Promise<string> {
  const page = await buildViews()
  const skills = await buildSkills(join(import.meta.dirname, 'dist'))
  return `views/dist: show.html ${(page / 1024).toFixed(1)} KiB gzip, skills.json ${(skills / 1024).toFixed(1)} KiB`
}
