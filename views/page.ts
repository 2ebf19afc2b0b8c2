/** The views as one HTML file that needs nothing else, in views/dist, which Workers serve as a static asset. */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** Bytes, compressed: what a host has to load before it shows anything. */
const MAX_GZIP = 150 * 1024

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** @returns the page, as it is served */
export async function page(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [here('main.ts'), here('style.css')],
    ...{
      bundle: true,
      write: false,
      minify: true,
      format: 'esm',
      target: 'es2022',
      legalComments: 'none',
      charset: 'utf8',
    },
    outdir: here('dist'),
    logLevel: 'warning',
  })
  const part = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? ''
  // What ends a script or style within it would end it in the page.
  const script = part('.js').replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--')
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>Medplum records</title><style>${part('.css').replaceAll('</', '<\\/')}</style></head>`,
    `<body><script type="module">${script}</script></body></html>`,
  ].join('\n')
}

/** Writes the page to where Workers serve it from. */
export async function buildViews(): Promise<number> {
  const html = await page()
  const size = gzipSync(html).byteLength
  if (size > MAX_GZIP) throw new Error(`The views have ${size} bytes gzip, at most ${MAX_GZIP} are allowed.`)
  await mkdir(here('dist'), { recursive: true })
  // Several programs may build at the same time: each reader finds a whole file.
  const made = here(`../node_modules/.views-${process.pid}`)
  await writeFile(made, html)
  await rename(made, here('dist/show.html'))
  return size
}
