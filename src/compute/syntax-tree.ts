// Queries on a program's syntax tree, as acorn returns it: the nodes below a node, the names it binds, its possible values.

import type { Node } from 'acorn'

export type Tree = Node & Record<string, unknown>

export const FUNCTION_NODES = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

/** The names that a pattern binds. */
export function namesIn(pattern: Tree): string[] {
  if (pattern.type === 'Identifier') return [String(pattern.name)]
  if (pattern.type === 'AssignmentPattern') return namesIn(part(pattern, 'left'))
  if (pattern.type === 'Property') return namesIn(part(pattern, 'value'))
  return /Pattern$|^RestElement$/.test(pattern.type) ? children(pattern).flatMap(namesIn) : []
}

/** The names of rest elements, whose values were copied in one step. */
export function restsOf(node: Tree): string[] {
  if (node.type === 'VariableDeclaration') return list(node, 'declarations').flatMap((one) => restsOf(part(one, 'id')))
  if (node.type === 'RestElement') return namesIn(node)
  if (node.type === 'AssignmentPattern') return restsOf(part(node, 'left'))
  if (node.type === 'Property') return restsOf(part(node, 'value'))
  return /Pattern$/.test(node.type) ? children(node).flatMap(restsOf) : []
}

export function isNumeric(node: Tree): boolean {
  if (node.type === 'Literal') return typeof node.value === 'number'
  if (node.type === 'UpdateExpression') return true
  if (node.type === 'UnaryExpression') return /^[-+~]$/.test(String(node.operator))
  if (node.type !== 'BinaryExpression') return false
  if (node.operator === '+') return isNumeric(part(node, 'left')) && isNumeric(part(node, 'right'))
  return /^(?:[-*/%&|^]|\*\*|<<|>>>?)$/.test(String(node.operator))
}

/** Whether a node is a literal or can't be a long text. */
export function isScalar(node: Tree): boolean {
  if (node.type === 'Literal') return typeof node.value !== 'string' || node.value.length < 100
  return node.type === 'UnaryExpression' && /^(?:typeof|void|!)$/.test(String(node.operator))
}

export function hasReturn(node: Tree): boolean {
  return children(node).some(
    (child) =>
      child.type === 'ReturnStatement' ||
      (!FUNCTION_NODES.has(child.type) && !/^Class/.test(child.type) && hasReturn(child)),
  )
}

export function part(node: Tree, name: string): Tree {
  return node[name] as Tree
}

export function maybe(node: Tree, name: string): Tree[] {
  return isNode(node[name]) ? [part(node, name)] : []
}

export function list(node: Tree, name: string): Tree[] {
  return (node[name] as Tree[]).filter(isNode)
}

function isNode(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && typeof (value as Tree).type === 'string'
}

/** The nodes below a node, in source order. In `{a}`, one name is key and value. */
export function children(node: Tree): Tree[] {
  const found = Object.entries(node).flatMap(([name, value]) =>
    name === 'key' && node.shorthand ? [] : Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  )
  return found.sort((a, b) => a.start - b.start)
}
