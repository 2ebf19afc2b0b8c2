// GraphQL documents, parsed.
import { type DocumentNode, parse } from 'graphql'

let last: { text: string; document: DocumentNode | undefined } | undefined

/** A document; undefined if the text isn't one. All checks of a request need the same one, so the last is kept until they are done. */
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
