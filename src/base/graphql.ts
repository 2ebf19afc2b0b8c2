// GraphQL documents, parsed.
import { type DocumentNode, parse } from 'graphql'

let last: { text: string; document: DocumentNode | undefined } | undefined

/** The parsed document; undefined if the text isn't one. The last one is remembered, since all checks of a request need the same. */
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
