// Runs a program of this project and checks that Node is recent enough: `node scripts/run.mjs PROGRAM [ARGUMENTS]`. npm scripts use the
// Node of the package "node"; if its install was skipped, an older Node would fail with an error that doesn't say why. Plain JavaScript,
// so that every Node can run it.
import { pathToFileURL } from 'node:url'

const NEEDED = 24
const [program = '', ...args] = process.argv.slice(2)

if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  console.error(
    `This needs Node ${NEEDED}, but it is running on ${process.version}. "npm ci" installs Node ${NEEDED} in this project, through an install script of the package "node". ` +
      'That script did not run, for example because of --ignore-scripts. Run "npm rebuild node", or use Node 24 or later.',
  )
  process.exit(1)
}
process.argv = [process.argv[0] ?? '', program, ...args]
await import(pathToFileURL(program).href)
