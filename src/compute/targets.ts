// The targets of assignments: which are allowed, and how their objects and keys are written.

import { call, type Tools } from './helper-calls.ts'
import { children, part, type Tree } from './syntax-tree.ts'

/** Checks an assignment's target: setting a length or a prototype could do much work in one step. */
export function checkTarget(node: Tree, refuse: Tools['refuse'], inPattern = false): void {
  if (node.type === 'MemberExpression') {
    const property = part(node, 'property')
    if (part(node, 'object').type === 'Super') refuse(node, 'assigning to super is not available')
    if (node.computed && inPattern) refuse(node, 'assign to a variable here, not to a property in brackets')
    const name = node.computed ? undefined : (property as Tree & { name?: string }).name
    if (name === 'length') refuse(node, 'assigning to length is not available: use splice, or a new array')
    if (name === 'prototype' || name === '__proto__' || name === 'constructor')
      refuse(node, `assigning to ${name} is not available`)
  } else if (node.type === 'RestElement') {
    refuse(node, 'a rest element (...) is available only in const, let and parameters')
  } else if (node.type === 'AssignmentPattern') {
    checkTarget(part(node, 'left'), refuse, true)
  } else if (node.type === 'Property') {
    checkTarget(part(node, 'value'), refuse, true)
  } else if (/Pattern$/.test(node.type)) {
    for (const child of children(node)) checkTarget(child, refuse, true)
  }
}

/** Whether a target may be evaluated twice: a variable, or a private field of one. */
export function isOwn(node: Tree, { refuse }: Tools): boolean {
  if (node.type !== 'MemberExpression') return true
  if (part(node, 'property').type !== 'PrivateIdentifier') return false
  if (/^(?:Identifier|ThisExpression)$/.test(part(node, 'object').type)) return true
  return refuse(node, 'changing a private field is available only on a variable or this')
}

export function placeOf(node: Tree, { write }: Tools): { object: string; key: string } {
  const property = part(node, 'property')
  return {
    object: call('', part(node, 'object'), write(part(node, 'object'))),
    key: node.computed
      ? assigned(ownName(part(node, 'object')), property, write(property))
      : JSON.stringify((property as Tree & { name: string }).name),
  }
}

/** A property as an assignment's target. */
export function targetText(node: Tree, { text, write, raw }: Tools): string {
  const property = part(node, 'property')
  return text(node, (child) => {
    if (child !== property) return write(child)
    return node.computed ? assigned(ownName(part(node, 'object')), child, write(child)) : raw(child)
  })
}

/** An object that may be named twice, since nothing runs when it is. */
function ownName(object: Tree): string {
  if (object.type === 'ThisExpression') return 'this'
  return object.type === 'Identifier' ? String(object.name) : ''
}

export function assigned(object: string, key: Tree, text: string): string {
  return `$t(${object || 'undefined'},${call('', key, text)})`
}
