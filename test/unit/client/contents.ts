import { compose } from '../../../src/tools/request/compose.ts'

export const task = { resourceType: 'Task', status: 'requested' }

/** Type and text of what is sent. */
export function sent(...args: Parameters<typeof compose>) {
  const { content } = compose(...args)
  return (
    content && {
      type: content.type,
      text: new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(content.bytes),
    }
  )
}
