/** A host built on Cloudflare's `agents`: one Agent that connects to the server and makes the calls that it gets over HTTP. */
import { Agent, routeAgentRequest } from 'agents'

interface Env extends Cloudflare.Env {
  HOST: DurableObjectNamespace<Host>
}

interface Asked {
  mcpUrl: string
  name: string
  args: Record<string, unknown>
}

const ID = 'medplum'

export class Host extends Agent<Env> {
  override onStart() {
    // The person agrees to every question.
    const form = async () => ({ action: 'accept' as const, content: {} })
    this.mcp.configureElicitationHandlers({ form })
  }

  override async onRequest(request: Request): Promise<Response> {
    const asked = (await request.json()) as Asked
    const act = new URL(request.url).pathname.split('/').at(-1)
    if (act === 'connect') return Response.json(await this.addMcpServer('Medplum', asked.mcpUrl, { id: ID }))
    // It connects in the background once the sign-in came back.
    await this.mcp.waitForConnections()
    if (act === 'state') return Response.json(this.getMcpServers())
    if (act === 'kept') return Response.json([...(await this.ctx.storage.list({ prefix: '/' }))])
    let told = 0
    const onprogress = () => {
      told++
    }
    const { name, args } = asked
    const call = () => this.mcp.callTool({ serverId: ID, name, arguments: args }, { onprogress })
    // Its client doesn't connect again by itself after the server was away.
    const again = async (error: Error) => {
      if (error.message !== 'Not connected') throw error
      await this.mcp.connectToServer(ID)
      return call()
    }
    return Response.json(
      await call()
        .catch(again)
        .then(
          (result) => ({ result, told }),
          (error: Error) => ({ error: error.message, told }),
        ),
    )
  }
}

export default {
  fetch: async (request: Request, env: Env) =>
    (await routeAgentRequest(request, env)) ?? new Response('Not found', { status: 404 }),
}
