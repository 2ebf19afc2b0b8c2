/** A client that is a program, run in a home folder of its own. A person signs in at the address that it prints. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { Person } from '../../programs/person.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'

import type { Kept } from './scenario.ts'

export class Home {
  readonly path: string
  /** Rejects when the program asks for a second sign-in, which nobody answers. */
  readonly askedAgain: Promise<never>
  #askAgain = () => {}
  #address: string | undefined

  private constructor(path: string) {
    this.path = path
    this.askedAgain = new Promise((_, reject) => {
      this.#askAgain = () => reject(new Error('asked to sign in again'))
    })
    this.askedAgain.catch(() => {})
  }

  static async create(): Promise<Home> {
    return new Home(await mkdtemp(join(tmpdir(), 'mcp-client-')))
  }

  /** Without a browser, a desktop or the files of the person who runs this. */
  env(): Record<string, string> {
    const inspector = { MCP_INSPECTOR_SECRET_STORE: 'file', MCP_AUTO_OPEN_ENABLED: 'true' }
    return { PATH: process.env.PATH ?? '', HOME: this.path, BROWSER: 'true', ...inspector }
  }

  /** Signs in once, at the first authorization address that is printed; `askedAgain` reports another one. */
  watch(output: NodeJS.EventEmitter): void {
    let text = ''
    output.on('data', (chunk: Buffer) => {
      text += chunk
      for (const [address] of stripVTControlCharacters(text).matchAll(
        /http:\/\/localhost:\d+\/authorize\?[^\s"']+(?=[\s"'])/g,
      )) {
        if (this.#address === undefined) {
          this.#address = address
          this.#signIn(address).catch((error) => console.error(error))
        } else if (address !== this.#address) this.#askAgain()
      }
    })
  }

  async #signIn(address: string): Promise<void> {
    const redirectUri = new URL(address).searchParams.get('redirect_uri') ?? ''
    const callback = await new Person().signIn(address, redirectUri, SANDBOX_USERS.alice)
    await (await fetch(callback)).text()
  }

  /** Runs a program of node_modules to its end, or until it asks for a second sign-in. */
  async run(script: string, args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child: ChildProcess = spawn(process.execPath, [moduleFile(script), ...args], {
      cwd: this.path,
      env: this.env(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    })
    this.askedAgain.catch(() => child.kill())
    const printed = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      const stream = child[name]
      if (!stream) continue
      this.watch(stream)
      stream.on('data', (chunk: Buffer) => {
        printed[name] += chunk
      })
    }
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, ...printed }
  }

  /** The token and client id among the files that the program keeps. */
  async kept(): Promise<Kept> {
    const files = await this.#jsonFiles()
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
    const find = (key: string) => new RegExp(`"${key}": *"([^"]+)"`).exec(texts.join('\n').replaceAll('\\"', '"'))?.[1]
    const accessToken = find('access_token') ?? find('accessToken')
    const clientId = find('client_id') ?? find('clientId')
    if (!accessToken || !clientId) throw new Error(`no token among ${files.join(', ')}`)
    return { accessToken, clientId }
  }

  /** Makes the program believe that its token has expired. */
  async age(): Promise<void> {
    for (const file of await this.#jsonFiles()) {
      const text = await readFile(file, 'utf8')
      if (text.includes('expiresAt')) await writeFile(file, text.replaceAll(/"expiresAt": *\d+/g, '"expiresAt":1'))
    }
  }

  async #jsonFiles(): Promise<string[]> {
    const entries = await readdir(this.path, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile() && /\.json$/.test(entry.name))
    return files.map((file) => join(file.parentPath, file.name))
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

export function moduleFile(path: string): string {
  return fileURLToPath(new URL(`node_modules/${path}`, import.meta.url))
}
