// `npm run bench -- NAME`: measures one kind of figures and prints them with their goals. It fails only for a broken promise, such as an
// answer without the requested data.
import { fhirpath } from './fhirpath.ts'
import { load } from './load/load.ts'
import { questions } from './questions/questions.ts'
import { sandbox } from './sandbox.ts'
import { shape } from './shape.ts'
import { size } from './size.ts'
import { stages } from './stages.ts'
import { tokens } from './tokens.ts'

const BENCHES: Record<string, () => Promise<void>> = { fhirpath, load, questions, sandbox, shape, size, stages, tokens }

const name = process.argv[2]
const bench = name === undefined ? undefined : BENCHES[name]
if (!bench) {
  console.error(`Usage: npm run bench -- ${Object.keys(BENCHES).join(' | ')}`)
  process.exit(2)
}
await bench()
