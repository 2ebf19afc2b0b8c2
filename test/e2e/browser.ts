// Debian's Chromium, driven by playwright-core. It must be there: CI installs it, a developer is told how to.
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const PATHS = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The browser's program, if this machine has one. */
export const chromiumPath = PATHS.find((path) => path !== undefined && existsSync(path))

export function launch(): Promise<Browser> {
  if (!chromiumPath) throw new Error('No Chromium found: `apt-get install chromium`, or set CHROMIUM_PATH')
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  })
}
