/** `npm run test:medplum`: the Worker in front of a real Medplum. README.md here says what it needs and does. */
import type { Browser } from 'playwright-core'
import type { Way } from '../../programs/clients.ts'
import { launch } from '../e2e/browser.ts'
import { alike } from './alike.ts'
import { calls } from './calls.ts'
import { Ground } from './ground.ts'
import { load } from './load.ts'
import { measure } from './measure.ts'
import { type Options, readOptions, USAGE, WrongOptions } from './options.ts'
import { type Level, SESSION, type SignedIn, STATELESS, signInAt } from './people.ts'
import { recipes } from './recipes.ts'
import { recorded } from './recorded.ts'
import { Interrupted, Report } from './report.ts'
import { signIns } from './sign-in.ts'
import { startWorkers, type Workers } from './workers.ts'

const report = new Report()
/** What must end before the project is cleared. */
const running: (() => Promise<unknown>)[] = []

async function run(options: Options, ground: Ground): Promise<void> {
  const wanted = (name: string) => {
    if (options.only.length > 0 && !options.only.includes(name)) return false
    report.chapter(name)
    return true
  }
  console.log(`Project ${ground.project.name} at ${ground.url}, run ${ground.run}`)
  const patients = await ground.patients()
  if (patients > 0)
    console.log(`It has ${patients} patients already. Steps that count results may fail: use an empty project.`)
  await ground.populate()
  if (wanted('recordings')) await recorded(ground, report)
  const ids = await load(ground)
  console.log(`\n${ids.size} records loaded`)
  const workers: Workers = await startWorkers(ground)
  running.push(() => workers.stop())
  const browser: Browser = await launch()
  running.push(() => browser.close())
  if (wanted('sign-in')) await signIns(ground, workers, browser, ids, report)
  const { alice, dana } = ground.people
  const inPlain = async (who: typeof alice, level: Level, way: Way): Promise<SignedIn> =>
    signInAt(browser, workers.plain, who, level, { way })
  const stateless = await inPlain(alice, 'full', STATELESS)
  const inSession = await inPlain(alice, 'full', SESSION)
  const { client } = stateless
  // Before records are added that the sandbox doesn't have.
  if (wanted('alike')) await alike(ground, client, ids, report)
  if (wanted('calls')) await calls(ground, { stateless: client, 'in a session': inSession.client }, report)
  if (wanted('recipes')) {
    const ada = await inPlain(dana, 'admin', STATELESS)
    await recipes(ground, { alice: client, ada: ada.client }, report)
  }
  if (wanted('measured')) {
    const bearer = stateless.person.tokenSet?.access_token ?? ''
    await measure(ground, workers.plain, bearer, ids, options.rounds, report)
  }
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), process.env)
  const ground = await Ground.enter(options)
  if (options.clear) {
    await ground.adopt()
    await ground.leave()
    return 0
  }
  const interrupted = new Promise<never>((_, reject) => {
    const stop = (why: Interrupted) => {
      console.log(`\n${why.message}: deleting everything`)
      report.stop(why)
      reject(why)
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => stop(new Interrupted(signal)))
    process.on('uncaughtException', (error) => stop(new Interrupted(`An error nobody waited for: ${error.stack}`)))
  })
  const work = run(options, ground)
  let problem: unknown
  try {
    await Promise.race([work, interrupted])
  } catch (error) {
    problem = error
  }
  for (const end of running.reverse()) await end().catch(() => {})
  // Anything still running fails now, and writes nothing after this.
  await work.catch(() => {})
  await ground.leave()
  const good = report.close()
  if (problem) console.error(problem)
  return problem instanceof Interrupted ? 130 : problem || !good ? 1 : 0
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof WrongOptions)) throw error
  console.error(`${error.message}\n\n${USAGE}`)
  process.exitCode = 2
}
