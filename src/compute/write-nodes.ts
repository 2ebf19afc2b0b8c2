// Rewrites each kind of node so that it calls the meter first, and refuses what a program may not contain.

import { call, charge, type Tools } from './helper-calls.ts'
import { isNumeric, isScalar, maybe, part, restsOf, type Tree } from './syntax-tree.ts'
import { assigned, checkTarget, isOwn, placeOf, targetText } from './targets.ts'

/** Refuses `using`, which would call a method of its value when the scope ends. */
export function checkKind(node: Tree, { refuse }: Tools): void {
  if (!/^(?:const|let|var)$/.test(String(node.kind))) refuse(node, 'using is not available')
}

const HELPER_NAME = /^\$[a-z]$/

/** What to use instead of what models often write. */
const HINTS: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  console: 'return what you want to see',
  structuredClone: 'use JSON.parse(JSON.stringify(value))',
  BigInt: 'use numbers',
})

/** How nodes are written that are counted or refused. */
export const WRITE: Readonly<Record<string, (node: Tree, tools: Tools) => string>> = {
  Identifier(node, { refuse, isKnown, raw }) {
    const name = String(node.name)
    if (HELPER_NAME.test(name)) refuse(node, `the name ${name} is taken`)
    if (name === 'arguments') refuse(node, 'arguments is not available: use (...values)')
    if (isKnown(name)) return raw(node)
    const hint = HINTS[name]
    return refuse(node, `${name} is not available${hint ? `: ${hint}` : ''}`)
  },
  Literal(node, { refuse, raw }) {
    if (typeof node.bigint === 'string') refuse(node, 'BigInt is not available')
    const { flags } = (node.regex ?? { flags: '' }) as { flags: string }
    if (flags.includes('v')) refuse(node, 'the flag v of regular expressions is not available')
    return raw(node)
  },
  MetaProperty(node, { refuse, raw }) {
    if (raw(node).startsWith('import')) refuse(node, 'import.meta is not available')
    return raw(node)
  },
  VariableDeclaration(node, tools) {
    checkKind(node, tools)
    const { text } = tools
    const rests = restsOf(node)
    return rests.length === 0 ? text(node) : `${text(node)};${charge(rests)}`
  },
  AssignmentPattern(node, { text, write, within }) {
    const right = part(node, 'right')
    return text(node, (child) => {
      if (child !== right) return write(child)
      const value = within(() => write(child))
      return `($s(${value.weight}),${value.text})`
    })
  },
  PropertyDefinition(node, { text, write, within, refuse, wide }) {
    const key = part(node, 'key') as Tree & { name?: string; value?: unknown }
    if (key.name === 'length' || key.value === 'length') refuse(node, 'a field named length is not available')
    const room = (node.static ? 60 : 10) + wide + positionIn(key)
    const written = (child: Tree): string => {
      if (child === key) return node.computed ? assigned('', child, write(child)) : keyText(child, write)
      const value = within(() => write(child))
      return `($s(${value.weight + room}),${value.text})`
    }
    // A field without a value uses memory too.
    return node.value === null ? `${text(node, written).replace(/;$/, '')}=void $s(${room});` : text(node, written)
  },
  Property: writeProperty,
  MethodDefinition: writeProperty,
  ClassDeclaration: writeClass,
  ClassExpression: writeClass,
  MemberExpression(node, { text, write, raw }) {
    const property = part(node, 'property')
    const written = text(node, (child) => {
      if (child !== property) return write(child)
      if (!node.computed) return raw(child)
      return isScalar(child) ? write(child) : call('$k', child, write(child))
    })
    return nameOf(node, property) === 'prototype' ? `$x(${written})` : written
  },
  SpreadElement: (node, { text, write }) => text(node, (child) => call('$i', child, write(child))),
  ObjectExpression: (node, { text, write }) =>
    text(node, (child) =>
      child.type === 'SpreadElement' ? text(child, (one) => call('$o', one, write(one))) : write(child),
    ),
  BinaryExpression(node, { text, write, raw, refuse }) {
    const [left, right] = [part(node, 'left'), part(node, 'right')]
    const operator = String(node.operator)
    if (operator === 'instanceof') return text(node)
    if (operator === 'in')
      return text(node, (child) =>
        child.type === 'PrivateIdentifier'
          ? raw(child)
          : child === left
            ? call('$k', child, write(child))
            : write(child),
      )
    if (operator === '+') return isNumeric(node) ? text(node) : `$p(${text(node)})`
    const isEquality = /^[!=]==?$/.test(operator)
    if (/^[!=]=$/.test(operator)) {
      // It would call the program's functions for objects, and convert long texts to numbers.
      if (![left, right].some((one) => one.type === 'Literal' && raw(one) === 'null'))
        refuse(node, `use ${operator}= instead of ${operator}`)
      return text(node)
    }
    // A literal bounds how long a comparison takes.
    const isShort = /^[!=]==$/.test(operator) && (isScalar(left) || isScalar(right))
    return text(node, (child) =>
      isShort || isNumeric(child) || isScalar(child)
        ? write(child)
        : call(isEquality ? '$e' : '$n', child, write(child)),
    )
  },
  UnaryExpression(node, { text, write }) {
    const isArithmetic = /^[-+~]$/.test(String(node.operator))
    return text(node, (child) =>
      isArithmetic && !isScalar(child) ? ` ${call('$n', child, write(child))}` : write(child),
    )
  },
  UpdateExpression(node, tools) {
    const { refuse, text, write } = tools
    const argument = part(node, 'argument')
    checkTarget(argument, refuse)
    if (isOwn(argument, tools)) {
      const place = write(argument)
      return `$l(${place}=$n(${place}),${text(node)})`
    }
    const { object, key } = placeOf(argument, tools)
    return `$u(${object},${key},${node.operator === '++' ? 1 : -1},${node.prefix})`
  },
  AssignmentExpression(node, tools) {
    const { refuse, text, write } = tools
    const [left, right] = [part(node, 'left'), part(node, 'right')]
    const operator = String(node.operator).slice(0, -1)
    checkTarget(left, refuse)
    const plain = () =>
      text(node, (child) =>
        child === left && left.type === 'MemberExpression' ? targetText(left, tools) : write(child),
      )
    if (['', '&&', '||', '??'].includes(operator)) return plain()
    if (operator === '+') return `$p(${plain()})`
    if (isOwn(left, tools))
      return `$l(${write(left)}=$n(${write(left)}),${text(node, (child) => (child === right ? call('$n', child, write(child)) : write(child)))})`
    const { object, key } = placeOf(left, tools)
    return `$v(${object},${key},"${operator}",${call('', right, write(right))})`
  },
  TemplateLiteral: (node, { text }) => `$p(${text(node)})`,
  TaggedTemplateExpression: (node, { text, write }) =>
    text(node, (child) => (child === node.quasi ? text(child) : write(child))),
  SwitchStatement(node, { text, write }) {
    const discriminant = part(node, 'discriminant')
    return text(node, (child) => (child === discriminant ? call('$e', child, write(child)) : write(child)))
  },
  SwitchCase(node, { text, write }) {
    return text(node, (child) =>
      child === node.test && !isScalar(child) ? call('$e', child, write(child)) : write(child),
    )
  },
  // An error of the engine has a stack, and for its message the engine reads the function again.
  CatchClause(node, { text, write, length }) {
    const rests = maybe(node, 'param').flatMap(restsOf)
    return text(node, (child) =>
      child === node.body ? `{$s(${1000 + 2 * length});${charge(rests)}${write(child).slice(1)}` : write(child),
    )
  },
  TryStatement: (node, { text, write }) =>
    text(node, (child) => (child === node.finalizer ? `{$s(500);${write(child).slice(1)}` : write(child))),
  LabeledStatement: (node, { text, write, raw }) =>
    text(node, (child) => (child === node.label ? raw(child) : write(child))),
  BreakStatement: (node, { raw }) => raw(node),
  ContinueStatement: (node, { raw }) => raw(node),
}

function writeProperty(node: Tree, { text, write, refuse }: Tools): string {
  const key = part(node, 'key')
  const name = nameOf(node, key)
  if (name === '__proto__' || name === 'prototype') refuse(node, `${name} is not available`)
  return text(node, (child) => {
    if (child !== key || node.shorthand) return write(child)
    return node.computed ? call('$m', child, write(child)) : keyText(child, write)
  })
}

function writeClass(node: Tree, { text, write }: Tools): string {
  return text(node, (child) => (child === node.superClass ? call('$x', child, write(child)) : write(child)))
}

/** The name of a property, unless it is computed. */
function nameOf(node: Tree, key: Tree): unknown {
  if (key.type === 'Literal') return key.value
  return node.computed ? undefined : key.name
}

/** Steps for a field whose key is a position: the engine makes room for all before it. */
function positionIn(key: Tree): number {
  const position = key.type === 'Literal' ? Number(key.value) : 0
  return position > 0 ? Math.min(position, 1024) * 4 : 0
}

/** A name or literal as a key is not a reference. */
function keyText(key: Tree, write: (node: Tree) => string): string {
  if (key.type === 'Identifier') return String(key.name)
  return key.type === 'PrivateIdentifier' ? `#${String(key.name)}` : write(key)
}
