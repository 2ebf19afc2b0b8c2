// Calls of the meter's functions (isolate/helpers.ts), as they are written into a program.

import type { Tree } from './syntax-tree.ts'

/** What writes a node with those below it. */
export interface Tools {
  text(node: Tree, write?: (child: Tree) => string): string
  write(node: Tree): string
  raw(node: Tree): string
  within(write: () => string): { text: string; weight: number }
  refuse(node: Tree, what: string): never
  isKnown(name: string): boolean
  /** Characters of the program. */
  length: number
  /** Additional steps of a property that is written. */
  wide: number
}

/** Counts steps for the values of rest elements. */
export function charge(names: readonly string[]): string {
  return names.map((name) => `$z(${name});`).join('')
}

/** A call of a helper with a node's text, which may be a sequence. */
export function call(helper: string, node: Tree, text: string): string {
  return node.type === 'SequenceExpression' ? `${helper}((${text}))` : `${helper}(${text})`
}
