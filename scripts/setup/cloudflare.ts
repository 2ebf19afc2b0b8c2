// The Cloudflare account, read-only: whether this Worker may be deployed there, and what already exists.
import * as z from 'zod'
import { Stop } from './stop.ts'
import { PERMISSIONS, wrangler } from './wrangler.ts'

export interface Account {
  id: string
  name: string
  /** The account's part of its workers.dev addresses, such as `clinic`. */
  subdomain: string
}

/** The Worker of this name, as deployed. */
export interface Deployed {
  bindings: {
    type: string
    name: string
    text?: string | undefined
    namespace_id?: string | undefined
    class_name?: string | undefined
  }[]
  secrets: string[]
}

const envelope = z.object({
  success: z.boolean(),
  result: z.unknown(),
  errors: z.array(z.object({ code: z.number(), message: z.string() })).default([]),
})

type Answer = z.infer<typeof envelope> & { status: number }

export class Cloudflare {
  readonly #token: string
  private constructor(token: string) {
    this.#token = token
  }

  /** With CLOUDFLARE_API_TOKEN, or with wrangler's own login. @throws {Stop} without either */
  static async open(): Promise<Cloudflare> {
    const given = process.env.CLOUDFLARE_API_TOKEN
    const token = given ?? (await wrangler(['auth', 'token']).catch(() => '')).trim().split('\n').at(-1)
    if (token) return new Cloudflare(token)
    throw new Stop('There is no Cloudflare login, or it has expired', LOG_IN)
  }

  /** @param wanted id of the account, if there are several. @throws {Stop} if the account lacks something */
  async account(wanted: string | undefined): Promise<Account> {
    const answer = await this.#get('/accounts')
    const accounts = z
      .array(z.object({ id: z.string(), name: z.string() }))
      .catch([])
      .parse(answer.result)
    if (!answer.success) throw new Stop(`Cloudflare refused the login: ${wordsOf(answer)}`, LOG_IN)
    const chosen = wanted ? accounts.find(({ id }) => id === wanted) : accounts[0]
    if (!chosen || (!wanted && accounts.length > 1))
      throw new Stop(
        wanted ? `This login has no account ${wanted}` : 'This login has several Cloudflare accounts, or none',
        `Set CLOUDFLARE_ACCOUNT_ID to one of: ${accounts.map(({ id, name }) => `${id} (${name})`).join(', ') || 'none'}.`,
      )
    const of = `https://dash.cloudflare.com/${chosen.id}/workers`
    const objects = await this.#get(`/accounts/${chosen.id}/workers/durable_objects/namespaces`)
    if (!objects.success)
      throw new Stop(
        `The account has no Durable Objects: ${wordsOf(objects)}`,
        `Enable Workers and Durable Objects at ${of}, and give the API token "Workers Scripts: Edit".`,
      )
    const named = await this.#get(`/accounts/${chosen.id}/workers/subdomain`)
    const { subdomain } = z.object({ subdomain: z.string() }).catch({ subdomain: '' }).parse(named.result)
    if (!subdomain) throw new Stop('The account has no workers.dev subdomain yet', `Choose one at ${of}/onboarding.`)
    return { ...chosen, subdomain }
  }

  /** The Worker of this name. @returns undefined if there is none. @throws {Stop} when another Worker has the name */
  async worker(account: Account, name: string): Promise<Deployed | undefined> {
    const script = `/accounts/${account.id}/workers/scripts/${name}`
    const settings = await this.#get(`${script}/settings`)
    if (settings.status === 404) return undefined
    const { bindings } = deployed.parse(this.#sure(settings))
    const classes = bindings.filter(({ type }) => type === 'durable_object_namespace').map((one) => one.class_name)
    if (!classes.includes('McpSession') || !classes.includes('Grant'))
      throw new Stop(`The name ${name} is taken by another Worker of this account`, 'Choose another with --name.')
    const secrets = z.array(z.object({ name: z.string() })).parse(this.#sure(await this.#get(`${script}/secrets`)))
    return { bindings, secrets: secrets.map((one) => one.name) }
  }

  /** The id of the KV namespace with this title. */
  async namespace(account: Account, title: string): Promise<string | undefined> {
    for (let page = 1; ; page++) {
      const answer = await this.#get(`/accounts/${account.id}/storage/kv/namespaces?per_page=100&page=${page}`)
      const all = z.array(z.object({ id: z.string(), title: z.string() })).parse(this.#sure(answer))
      const found = all.find((one) => one.title === title)
      if (found || all.length < 100) return found?.id
    }
  }

  #sure(answer: Answer): unknown {
    if (answer.success) return answer.result
    throw new Stop(`Cloudflare refused: ${wordsOf(answer)}`, PERMISSIONS)
  }

  async #get(path: string): Promise<Answer> {
    const base = process.env.CLOUDFLARE_API_BASE_URL ?? 'https://api.cloudflare.com/client/v4'
    const response = await fetch(`${base}${path}`, { headers: { authorization: `Bearer ${this.#token}` } }).catch(
      () => {
        throw new Stop('Cloudflare does not respond', 'Check the network and run npm run setup again.')
      },
    )
    const body = envelope.safeParse(await response.json().catch(() => undefined))
    return { success: false, result: undefined, errors: [], ...body.data, status: response.status }
  }
}

const LOG_IN =
  'Run npx wrangler login, or set CLOUDFLARE_API_TOKEN to a token from the template "Edit Cloudflare Workers".'

const deployed = z.object({
  bindings: z.array(
    z.object({
      type: z.string(),
      name: z.string(),
      text: z.string().optional(),
      namespace_id: z.string().optional(),
      class_name: z.string().optional(),
    }),
  ),
})

function wordsOf({ status, errors }: Answer): string {
  return errors.map(({ code, message }) => `${message} (${code})`).join('; ') || `status ${status}`
}
