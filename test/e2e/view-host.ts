/// <reference lib="dom" />
// Runs within a page: a host that shows one view in a sandboxed frame, by the official bridge.

import type { McpUiHostContext } from '@modelcontextprotocol/ext-apps/app-bridge'
import { AppBridge, PostMessageTransport } from '@modelcontextprotocol/ext-apps/app-bridge'

/** What the test gives to the page. */
interface Outside {
  callTool(params: unknown): Promise<never>
  say(params: unknown): Promise<void>
  openLink(params: unknown): Promise<void>
}

declare global {
  interface Window extends Outside {
    show(html: string, context: McpUiHostContext, result: never): Promise<void>
    showAgain(result: never): Promise<void>
    change(context: McpUiHostContext): Promise<void>
  }
}

/** What the specification has hosts apply where a resource declares no origin. */
const CSP =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:; connect-src 'none'"

let bridge: AppBridge

window.show = async (html, hostContext, result) => {
  const frame = document.createElement('iframe')
  frame.setAttribute('sandbox', 'allow-scripts')
  frame.title = 'View'
  frame.style.cssText = 'border:0;width:100%;height:200px;display:block'
  const abilities = { serverTools: {}, openLinks: {}, message: { text: {} } }
  bridge = new AppBridge(null, { name: 'test-host', version: '1' }, abilities, { hostContext })
  bridge.oncalltool = (params) => window.callTool(params)
  bridge.onmessage = async (params) => {
    await window.say(params)
    return {}
  }
  bridge.onopenlink = async (params) => {
    await window.openLink(params)
    return {}
  }
  bridge.onsizechange = ({ height }) => {
    if (height !== undefined) frame.style.height = `${height}px`
  }
  const ready = new Promise<void>((resolve) => {
    bridge.oninitialized = () => resolve()
  })
  frame.srcdoc = html.replace('<head>', `<head><meta http-equiv="Content-Security-Policy" content="${CSP}">`)
  document.body.replaceChildren(frame)
  if (!frame.contentWindow) throw new Error('The frame has no window')
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow))
  await ready
  await bridge.sendToolInput({ arguments: {} })
  await bridge.sendToolResult(result)
}

window.showAgain = (result) => bridge.sendToolResult(result)
window.change = async (context) => bridge.setHostContext(context)
