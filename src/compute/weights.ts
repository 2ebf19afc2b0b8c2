// How many steps a node counts besides those of the nodes below it.

import { maybe, part, type Tree } from './syntax-tree.ts'

/** Steps of nodes that count more than one because they use memory. */
const WEIGHT: Readonly<Record<string, number>> = {
  ArrayExpression: 6,
  ObjectExpression: 8,
  Property: 4,
  ArrowFunctionExpression: 8,
  FunctionExpression: 8,
  FunctionDeclaration: 8,
  ClassExpression: 400,
  ClassDeclaration: 400,
  NewExpression: 30,
  ThrowStatement: 100,
  AwaitExpression: 40,
  YieldExpression: 10,
  TemplateLiteral: 6,
  Literal: 2,
}

/** The key of a property that a node writes. */
const WRITTEN: Readonly<Record<string, (node: Tree) => Tree | undefined>> = {
  Property: (node) => part(node, 'key'),
  PropertyDefinition: (node) => part(node, 'key'),
  AssignmentExpression: (node) => maybe(part(node, 'left'), 'property')[0],
}
/** Property names that a program may write without extra steps. For each further one, the engine may copy the shape of an object. */
const FEW_NAMES = 20

/** The memory that a node uses and that no node below it counts, in steps. */
function room(node: Tree): number {
  if (node.type === 'ArrayExpression') return (node.elements as unknown[]).length * 2
  return node.type === 'Literal' && node.regex !== undefined ? 30 : 0
}

/** The name of a property that a node writes, if it is not computed. */
export function writtenName(node: Tree): string | undefined {
  const key = WRITTEN[node.type]?.(node)
  return key?.type === 'Identifier' || key?.type === 'PrivateIdentifier' ? String(key.name) : undefined
}

/** Additional steps of a property that is written, in a program that writes this many names. */
export function wideOf(names: number): number {
  return Math.max(0, names - FEW_NAMES)
}

/** @param wide additional steps of a property that is written */
export function weightOf(node: Tree, wide: number): number {
  return (WEIGHT[node.type] ?? 1) + room(node) + (WRITTEN[node.type]?.(node) ? wide : 0)
}
