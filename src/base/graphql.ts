// GraphQL documents, parsed.
import { type DocumentNode, parse } from 'graphql'

let last: { text: string; document: DocumentNode | undefined } | undefined

/**
 * A document; undefined for text that is none. Whoever checks a request asks for the same document in turn, so the last one is kept
 * until they are done, and no longer.
 */
export function graphqlDocument(text: string): DocumentNode | undefined {
  if (last?.text !== text) {
    last = { text, document: parsed(text) }
    queueMicrotask(() => {
      last = undefined
    })
  }
  return last.document
}

function parsed(text: string): DocumentNode | undefined {
  try {
    return parse(text, { noLocation: true })
  } catch {
    return undefined
  }
}
