/** Cloudflare's MCP client, in a Worker of its own under workerd, which takes the callback of the sign-in itself (agent/worker.ts). */

import { fileURLToPath } from 'node:url'
import { Person } from '../../programs/person.ts'
import { freePort, startWorker } from '../../programs/worker.ts'
import { SANDBOX_USERS } from '../../sandbox/core/people.ts'

import { answerOf } from '../clients/host.ts'
import type { Adapter } from '../clients/scenario.ts'

const CONFIG = fileURLToPath(new URL('agent/wrangler.toml', import.meta.url))

interface Called {
  result?: unknown
  error?: string
  told: number
}
interface State {
  tools: { name: string }[]
  servers: Record<string, { state: string; error: string | null }>
}

export const cloudflareAgents: Adapter = {
  name: "Cloudflare's MCP client (`agents`)",
  package: 'agents',
  asks: true,
  async open(mcpUrl) {
    const worker = await startWorker({ port: await freePort(), vars: {}, config: CONFIG })
    const ask = async <T>(act: string, asked: object = {}): Promise<T> => {
      const response = await fetch(`${worker.url}/agents/host/alice/${act}`, {
        method: 'POST',
        body: JSON.stringify(asked),
      })
      if (!response.ok) throw new Error(`${act} got ${response.status}: ${await response.text()}`)
      return (await response.json()) as T
    }
    const state = () => ask<State>('state')
    const { authUrl } = await ask<{ authUrl: string }>('connect', { mcpUrl })
    const callback = await new Person().signIn(authUrl, worker.url, SANDBOX_USERS.alice)
    await (await fetch(callback, { redirect: 'manual' })).text()
    const [server] = Object.values((await state()).servers)
    if (server?.state !== 'ready') throw new Error(`after the sign-in: ${JSON.stringify(server)}`)
    return {
      tools: async () => (await state()).tools.map(({ name }) => name),
      async call(name, args, onProgress) {
        const { result, error, told } = await ask<Called>('call', { name, args })
        for (let at = 0; at < told; at++) onProgress()
        if (error !== undefined) throw new Error(error)
        return answerOf(result)
      },
      async kept() {
        const stored = await ask<[string, unknown][]>('kept')
        const find = (end: string) => stored.find(([key]) => key.endsWith(end))?.[1]
        const { access_token } = (find('/token') ?? {}) as { access_token?: string }
        const { client_id } = (find('/client_info/') ?? {}) as { client_id?: string }
        if (!access_token || !client_id) throw new Error(`no token among ${stored.map(([key]) => key).join(', ')}`)
        return { accessToken: access_token, clientId: client_id }
      },
      close: () => worker.stop(),
    }
  },
}
