/** The views as one HTML page that needs nothing else. */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

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
  // A closing tag inside a script or style would end it in the page.
  const script = part('.js').replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--')
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>Medplum records</title><style>${part('.css').replaceAll('</', '<\\/')}</style></head>`,
    `<body><script type="module">${script}</script></body></html>`,
  ].join('\n')
}
