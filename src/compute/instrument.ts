// A program as it runs: each function, loop and costly operation asks the meter (meter.ts) first, since workerd bounds no time on
// a machine of one's own. Lines stay where they were, so that an error's line is the program's.

import { type Node, parse } from 'acorn'
import { UserError } from '../base/told-error.ts'
import { GLOBALS } from './globals.ts'

/** Names that the meter has inside a program. */
export const HELPERS = ['$s', '$p', '$n', '$k', '$t', '$i', '$o', '$u', '$v', '$z', '$x', '$e'] as const
const HELPER_NAME = /^\$[a-z]$/

type Tree = Node & Record<string, unknown>

/** Steps that a node of the source counts, where it is more than one: those that take up memory. */
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

const REFUSED: Readonly<Record<string, string>> = {
  ImportDeclaration: 'import is not available',
  ImportExpression: 'import() is not available',
  ExportNamedDeclaration: 'export is not available: end the program with `return VALUE`',
  ExportDefaultDeclaration: 'export is not available: end the program with `return VALUE`',
  ExportAllDeclaration: 'export is not available',
  DebuggerStatement: 'debugger is not available',
}

/** Steps that a call counts besides. */
const CALL = 8
/** Stands where a weight will be written, which isn't known before all of it is. */
const MARK = '\0'

const LOOPS = new Set(['ForStatement', 'ForInStatement', 'ForOfStatement', 'WhileStatement', 'DoWhileStatement'])
const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

/**
 * The module of a program: its default export takes the helpers and `fhir`, and gives the program.
 *
 * @throws {UserError} for what is no JavaScript, or may not be in a program
 */
export function instrument(code: string): string {
  if (code.includes(MARK)) throw refusal('it holds a NUL character', undefined)
  try {
    return new Instrumenter(code).module()
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw refusal(error.message.replace(/ \(\d+:\d+\)$/, ''), (error as SyntaxError & { loc?: Place }).loc)
    }
    if (error instanceof RangeError) throw refusal('it is nested too deeply', undefined)
    throw error
  }
}

interface Place {
  line: number
}

function refusal(what: string, place: Place | undefined): UserError {
  const where = place ? `line ${place.line}: ` : ''
  return new UserError(`The program was not run. ${where}${what}.`)
}

class Instrumenter {
  readonly #code: string
  readonly #program: Tree
  readonly #declared = new Set<string>()
  /** Weight of the functions and loops around the node that is being written, innermost last. */
  readonly #weights: number[] = [0]

  constructor(code: string) {
    this.#code = code
    this.#program = parse(code, {
      ecmaVersion: 'latest',
      sourceType: 'module',
      allowReturnOutsideFunction: true,
      locations: true,
    }) as unknown as Tree
  }

  module(): string {
    this.#declare(this.#program)
    const statements = children(this.#program)
    const last = statements.at(-1)
    const text = this.#text(this.#program, (node) =>
      node === last && node.type === 'ExpressionStatement' && !hasReturn(this.#program)
        ? `return (${this.#write(part(node, 'expression'))})`
        : this.#write(node),
    )
    return `export default (${[...HELPERS, 'fhir'].join(',')})=>async()=>{$s(${this.#weights[0]});${text}\n}`
  }

  /** All names that the program declares, wherever. */
  #declare(node: Tree): void {
    const bound = [
      ...(node.type === 'VariableDeclarator' ? [part(node, 'id')] : []),
      ...(FUNCTIONS.has(node.type) ? [...list(node, 'params'), ...maybe(node, 'id')] : []),
      ...(/^Class/.test(node.type) && node.type !== 'ClassBody' ? maybe(node, 'id') : []),
      ...(node.type === 'CatchClause' ? maybe(node, 'param') : []),
    ]
    for (const one of bound) for (const name of namesIn(one)) this.#declared.add(name)
    for (const child of children(node)) this.#declare(child)
  }

  /** A node's source with its children written. */
  #text(node: Tree, write = (child: Tree) => this.#write(child)): string {
    let text = ''
    let at = node.start
    for (const child of children(node)) {
      text += this.#code.slice(at, child.start) + write(child)
      at = child.end
    }
    return text + this.#code.slice(at, node.end)
  }

  #refuse(node: Tree, what: string): never {
    throw refusal(what, (node as unknown as { loc: { start: Place } }).loc.start)
  }

  /** What is written within one function or one turn of a loop, and its weight. */
  #within(write: () => string): { text: string; weight: number } {
    this.#weights.push(0)
    const text = write()
    return { text, weight: (this.#weights.pop() ?? 0) + 1 }
  }

  #write(node: Tree): string {
    const refused = REFUSED[node.type]
    if (refused !== undefined) this.#refuse(node, refused)
    this.#weights.push((this.#weights.pop() ?? 0) + (WEIGHT[node.type] ?? 1))
    if (LOOPS.has(node.type)) return this.#loop(node)
    if (FUNCTIONS.has(node.type)) return this.#function(node)
    const write = WRITE[node.type]
    return write ? write(node, this.#tools) : this.#text(node)
  }

  readonly #tools: Tools = {
    text: (node, write) => this.#text(node, write),
    write: (node) => this.#write(node),
    raw: (node) => this.#code.slice(node.start, node.end),
    within: (write) => this.#within(write),
    refuse: (node, what) => this.#refuse(node, what),
    isKnown: (name) => this.#declared.has(name) || GLOBALS.has(name),
    target: (node) => this.#target(node),
  }

  #loop(node: Tree): string {
    const [body, left] = [part(node, 'body'), maybe(node, 'left')[0]]
    if (left && left.type !== 'VariableDeclaration') this.#target(left, true)
    // What is done once belongs to what is around the loop.
    const once = [...maybe(node, 'init'), ...maybe(node, 'right')]
    const before = new Map(once.map((child) => [child, this.#head(child)]))
    const rests = [...once, ...(left ? [left] : [])].flatMap((one) =>
      one.type === 'VariableDeclaration' ? restsOf(one) : [],
    )
    const { text, weight } = this.#within(() =>
      this.#text(node, (child) => {
        const known = before.get(child)
        if (known !== undefined) return node.type === 'ForInStatement' ? call('$o', child, known) : known
        return child === body ? `{${MARK}${charge(rests)}${this.#write(child)}}` : this.#head(child)
      }),
    )
    return text.replace(MARK, () => `$s(${weight});`)
  }

  /** A part of a loop's head: nothing can follow a declaration there. */
  #head(node: Tree): string {
    if (node.type !== 'VariableDeclaration') return this.#write(node)
    checkKind(node, this.#tools)
    return this.#text(node)
  }

  #function(node: Tree): string {
    const body = part(node, 'body')
    const params = list(node, 'params')
    const rests = params.filter(({ type }) => type !== 'RestElement').flatMap(restsOf)
    const { text, weight } = this.#within(() =>
      this.#text(node, (child) => {
        const written = this.#write(child)
        if (child !== body) return written
        if (body.type === 'BlockStatement') return `{${MARK}${written.slice(1)}`
        return `(${MARK}${written})`
      }),
    )
    const step =
      body.type === 'BlockStatement'
        ? `$s(${weight + CALL});${charge(rests)}`
        : `$s(${weight + CALL}),${rests.map((name) => `$z(${name}),`).join('')}`
    return text.replace(MARK, () => step)
  }

  /** What is assigned to: the length of an array grows it, and a prototype lengthens a chain, in one step. */
  #target(node: Tree, inPattern = false): void {
    if (node.type === 'MemberExpression') {
      const property = part(node, 'property')
      if (part(node, 'object').type === 'Super') this.#refuse(node, 'assigning to super is not available')
      if (node.computed && inPattern) this.#refuse(node, 'assign to a variable here, not to a property in brackets')
      const name = node.computed ? undefined : (property as Tree & { name?: string }).name
      if (name === 'length') this.#refuse(node, 'assigning to length is not available: use splice, or a new array')
      if (name === 'prototype' || name === '__proto__') this.#refuse(node, `assigning to ${name} is not available`)
    } else if (node.type === 'RestElement') {
      this.#refuse(node, 'a rest element (...) is available in const and let and in parameters only')
    } else if (node.type === 'AssignmentPattern') {
      this.#target(part(node, 'left'), true)
    } else if (node.type === 'Property') {
      this.#target(part(node, 'value'), true)
    } else if (/Pattern$/.test(node.type)) {
      for (const child of children(node)) this.#target(child, true)
    }
  }
}

interface Tools {
  text(node: Tree, write?: (child: Tree) => string): string
  write(node: Tree): string
  raw(node: Tree): string
  within(write: () => string): { text: string; weight: number }
  refuse(node: Tree, what: string): never
  isKnown(name: string): boolean
  target(node: Tree): void
}

/** A declaration that calls what it declares when it ends. */
function checkKind(node: Tree, { refuse }: Tools): void {
  if (!/^(?:const|let|var)$/.test(String(node.kind))) refuse(node, 'using is not available')
}

/** How nodes are written that ask the meter, or that a program may not have. */
const WRITE: Readonly<Record<string, (node: Tree, tools: Tools) => string>> = {
  Identifier(node, { refuse, isKnown, raw }) {
    const name = String(node.name)
    if (HELPER_NAME.test(name)) refuse(node, `the name ${name} is taken`)
    if (name === 'arguments') refuse(node, 'arguments is not available: use (...values)')
    if (isKnown(name)) return raw(node)
    const hint = name === 'console' ? ': return what is to be seen' : ''
    return refuse(node, `${name} is not available${hint}`)
  },
  Literal(node, { refuse, raw }) {
    if (typeof node.bigint === 'string') refuse(node, 'BigInt is not available')
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
  PropertyDefinition(node, { text, write, within, refuse }) {
    const key = part(node, 'key') as Tree & { name?: string; value?: unknown }
    if (key.name === 'length' || key.value === 'length') refuse(node, 'a field named length is not available')
    return text(node, (child) => {
      if (child === key) return node.computed ? call('$t', child, write(child)) : keyText(child, write)
      const value = within(() => write(child))
      return `($s(${value.weight}),${value.text})`
    })
  },
  Property: writeProperty,
  MethodDefinition: writeProperty,
  ClassDeclaration: writeClass,
  ClassExpression: writeClass,
  MemberExpression(node, { text, write, raw }) {
    const property = part(node, 'property')
    return text(node, (child) => {
      if (child !== property) return write(child)
      if (!node.computed) return raw(child)
      return isScalar(child) ? write(child) : call('$k', child, write(child))
    })
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
      // It converts objects by functions of the program, and long texts to numbers.
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
    const { target, text, write } = tools
    const argument = part(node, 'argument')
    target(argument)
    if (isOwn(argument, tools)) {
      const place = write(argument)
      return `(${place}=$n(${place}),${text(node)})`
    }
    const { object, key } = placeOf(argument, tools)
    return `$u(${object},${key},${node.operator === '++' ? 1 : -1},${node.prefix})`
  },
  AssignmentExpression(node, tools) {
    const { target, text, write } = tools
    const [left, right] = [part(node, 'left'), part(node, 'right')]
    const operator = String(node.operator).slice(0, -1)
    target(left)
    const plain = () =>
      text(node, (child) =>
        child === left && left.type === 'MemberExpression' ? targetText(left, tools) : write(child),
      )
    if (['', '&&', '||', '??'].includes(operator)) return plain()
    if (operator === '+') return `$p(${plain()})`
    if (isOwn(left, tools))
      return `(${write(left)}=$n(${write(left)}),${text(node, (child) => (child === right ? call('$n', child, write(child)) : write(child)))})`
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
  // An error of the engine brings its stack along.
  CatchClause(node, { text, write }) {
    const rests = maybe(node, 'param').flatMap(restsOf)
    return text(node, (child) =>
      child === node.body ? `{$s(1000);${charge(rests)}${write(child).slice(1)}` : write(child),
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
  const key = part(node, 'key') as Tree & { name?: string; value?: unknown }
  if (!node.computed && (key.name === '__proto__' || key.value === '__proto__'))
    refuse(node, '__proto__ is not available')
  return text(node, (child) => {
    if (child !== key || node.shorthand) return write(child)
    return node.computed ? call('$k', child, write(child)) : keyText(child, write)
  })
}

function writeClass(node: Tree, { text, write }: Tools): string {
  return text(node, (child) => (child === node.superClass ? call('$x', child, write(child)) : write(child)))
}

/** A name or a literal as a key is no reference. */
function keyText(key: Tree, write: (node: Tree) => string): string {
  if (key.type === 'Identifier') return String(key.name)
  return key.type === 'PrivateIdentifier' ? `#${String(key.name)}` : write(key)
}

/** A place that may be named twice: a variable, or a private field of one. */
function isOwn(node: Tree, { refuse }: Tools): boolean {
  if (node.type !== 'MemberExpression') return true
  if (part(node, 'property').type !== 'PrivateIdentifier') return false
  if (/^(?:Identifier|ThisExpression)$/.test(part(node, 'object').type)) return true
  return refuse(node, 'changing a private field is available on a variable or this only')
}

function placeOf(node: Tree, { write }: Tools): { object: string; key: string } {
  const property = part(node, 'property')
  return {
    object: call('', part(node, 'object'), write(part(node, 'object'))),
    key: node.computed
      ? call('$t', property, write(property))
      : JSON.stringify((property as Tree & { name: string }).name),
  }
}

/** A property that is assigned to. */
function targetText(node: Tree, { text, write, raw }: Tools): string {
  const property = part(node, 'property')
  return text(node, (child) => {
    if (child !== property) return write(child)
    return node.computed ? call('$t', child, write(child)) : raw(child)
  })
}

/** The names that a pattern binds. */
function namesIn(pattern: Tree): string[] {
  if (pattern.type === 'Identifier') return [String(pattern.name)]
  if (pattern.type === 'AssignmentPattern') return namesIn(part(pattern, 'left'))
  if (pattern.type === 'Property') return namesIn(part(pattern, 'value'))
  return /Pattern$|^RestElement$/.test(pattern.type) ? children(pattern).flatMap(namesIn) : []
}

/** The names of rest elements: what they hold was copied in one step. */
function restsOf(node: Tree): string[] {
  if (node.type === 'VariableDeclaration') return list(node, 'declarations').flatMap((one) => restsOf(part(one, 'id')))
  if (node.type === 'RestElement') return namesIn(node)
  if (node.type === 'AssignmentPattern') return restsOf(part(node, 'left'))
  if (node.type === 'Property') return restsOf(part(node, 'value'))
  return /Pattern$/.test(node.type) ? children(node).flatMap(restsOf) : []
}

function charge(names: readonly string[]): string {
  return names.map((name) => `$z(${name});`).join('')
}

/** A call of a helper with what a node wrote, which may be a sequence. */
function call(helper: string, node: Tree, text: string): string {
  return node.type === 'SequenceExpression' ? `${helper}((${text}))` : `${helper}(${text})`
}

function isNumeric(node: Tree): boolean {
  if (node.type === 'Literal') return typeof node.value === 'number'
  if (node.type === 'UpdateExpression') return true
  if (node.type === 'UnaryExpression') return /^[-+~]$/.test(String(node.operator))
  if (node.type !== 'BinaryExpression') return false
  if (node.operator === '+') return isNumeric(part(node, 'left')) && isNumeric(part(node, 'right'))
  return /^(?:[-*/%&|^]|\*\*|<<|>>>?)$/.test(String(node.operator))
}

/** A literal, or what is never a long text. */
function isScalar(node: Tree): boolean {
  if (node.type === 'Literal') return typeof node.value !== 'string' || node.value.length < 100
  return node.type === 'UnaryExpression' && /^(?:typeof|void|!)$/.test(String(node.operator))
}

function hasReturn(node: Tree): boolean {
  return children(node).some(
    (child) =>
      child.type === 'ReturnStatement' ||
      (!FUNCTIONS.has(child.type) && !/^Class/.test(child.type) && hasReturn(child)),
  )
}

function part(node: Tree, name: string): Tree {
  return node[name] as Tree
}

function maybe(node: Tree, name: string): Tree[] {
  return isNode(node[name]) ? [part(node, name)] : []
}

function list(node: Tree, name: string): Tree[] {
  return (node[name] as Tree[]).filter(isNode)
}

function isNode(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && typeof (value as Tree).type === 'string'
}

/** The nodes below a node, as they stand in the source. `{a}` is one name that means two things. */
function children(node: Tree): Tree[] {
  const found = Object.entries(node).flatMap(([name, value]) =>
    name === 'key' && node.shorthand ? [] : Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  )
  return found.sort((a, b) => a.start - b.start)
}
