/** `npm run deploy`: deploys this version with the settings of `deployment.json`, if setup made one, otherwise of wrangler.toml. */
import { spawnSync } from 'node:child_process'
import { DEPLOYMENT_FILE, readDeployment, writeConfig } from './deployment.ts'
import { orStop } from './stop.ts'
import { WRANGLER } from './wrangler.ts'

await orStop(async () => {
  const deployment = readDeployment(DEPLOYMENT_FILE)
  const config = deployment ? ['--config', await writeConfig(deployment)] : []
  const { status } = spawnSync(process.execPath, [WRANGLER, 'deploy', ...config, ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
})
