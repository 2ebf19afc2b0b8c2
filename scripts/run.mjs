// Runs a program of this project on the Node that it needs: `node scripts/run.mjs PROGRAM [ARGUMENTS]`. npm puts the Node of the package
// "node" first; where the install left it out, an older one would end in an error that tells nobody why. Plain JavaScript, so that
// every Node reads it.
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
