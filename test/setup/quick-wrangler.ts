// A quick replacement for wrangler at the fake Cloudflare, for tests of what setup decides. setup.test.ts shows that the real wrangler
// accepts these commands.
import { readFileSync } from 'node:fs'
import type { wrangler } from '../../scripts/setup/wrangler.ts'
import { ACCOUNT, type startCloudflare } from './cloudflare.ts'

interface Config {
  name: string
  vars: Record<string, string>
  kv_namespaces: { binding: string; id: string }[]
  worker_loaders?: { binding: string }[]
  durable_objects: { bindings: { name: string; class_name: string }[] }
}

/** @param commands takes each command, without the path of the configuration */
export function quickWrangler(
  { url, world }: Pick<Awaited<ReturnType<typeof startCloudflare>>, 'url' | 'world'>,
  commands: string[],
): typeof wrangler {
  const send = async (method: string, path: string, body: object) => {
    const response = await fetch(`${url}/accounts/${ACCOUNT.id}${path}`, {
      method,
      headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`)
    return ''
  }
  return async (args, { input = '' } = {}) => {
    const [at, path = ''] = [args.indexOf('--config'), args.at(-1)]
    commands.push((at < 0 ? args : args.slice(0, at)).join(' '))
    if (args[0] === 'kv') return send('POST', '/storage/kv/namespaces', { title: path })
    const config = JSON.parse(readFileSync(path, 'utf8')) as Config
    if (args[0] === 'secret')
      return send('PUT', `/workers/scripts/${config.name}/secrets`, { name: args[2], text: input, type: 'secret_text' })
    return send('PUT', `/workers/scripts/${config.name}`, { bindings: bindingsOf(config) })
  }
}

function bindingsOf({ vars, kv_namespaces, durable_objects, worker_loaders = [] }: Config) {
  return [
    ...Object.entries(vars).map(([name, text]) => ({ type: 'plain_text', name, text })),
    ...kv_namespaces.map(({ binding, id }) => ({ type: 'kv_namespace', name: binding, namespace_id: id })),
    ...worker_loaders.map(({ binding }) => ({ type: 'worker_loader', name: binding })),
    ...durable_objects.bindings.map((one) => ({ type: 'durable_object_namespace', ...one })),
  ]
}
