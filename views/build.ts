/** `npm run build`, which wrangler runs before each start and deployment: all static assets. */
import { buildAssets } from './assets.ts'

console.log(await buildAssets())
