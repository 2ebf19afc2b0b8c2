/** `npm run deploy`: this version with the settings of `deployment.json`, if setup made one; otherwise as wrangler.toml says. */
import { DEPLOYMENT_FILE, readDeployment, writeConfig } from './deployment.ts'
import { wrangler } from './wrangler.ts'

const deployment = readDeployment(DEPLOYMENT_FILE)
console.log(
  await wrangler(['deploy', ...(deployment ? ['--config', writeConfig(deployment)] : []), ...process.argv.slice(2)]),
)
