/** `npm run build`, which wrangler runs before each start and deployment. */
import { buildViews } from './page.ts'

console.log(`views/dist/show.html: ${((await buildViews()) / 1024).toFixed(1)} KiB gzip`)
