// Rewrites a program so that each function, loop and costly operation is counted by the meter (isolate/meter.ts), since workerd alone
// limits no time. Lines stay where they were, so that errors name the right line.

import { parse } from 'acorn'
import { UserError } from '../base/told-error.ts'
import { GLOBALS, HELPERS, PROMISE } from './globals.ts'
import { children, FUNCTION_NODES, hasReturn, list, maybe, namesIn, part, restsOf, type Tree } from './syntax-tree.ts'
import { call, charge, checkKind, type Tools, WRITE } from './write-nodes.ts'

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

const REFUSED: Readonly<Record<string, string>> = {
  ImportDeclaration: 'import is not available',
  ImportExpression: 'import() is not available',
  ExportNamedDeclaration: 'export is not available: end the program with `return VALUE`',
  ExportDefaultDeclaration: 'export is not available: end the program with `return VALUE`',
  ExportAllDeclaration: 'export is not available',
  DebuggerStatement: 'debugger is not available',
}

/** The key of a property that a node writes. */
const WRITTEN: Readonly<Record<string, (node: Tree) => Tree | undefined>> = {
  Property: (node) => part(node, 'key'),
  PropertyDefinition: (node) => part(node, 'key'),
  AssignmentExpression: (node) => maybe(part(node, 'left'), 'property')[0],
}
/** So many names of properties cost nothing: with each further one, the engine may copy the shape of an object. */
const FEW_NAMES = 20

/** Additional steps of a call. */
const CALL = 8
/** Characters of a function that is short. */
const SHORT = 200
/** Placeholder for a weight, which is known only at the end. */
const MARK = '\0'

const LOOPS = new Set(['ForStatement', 'ForInStatement', 'ForOfStatement', 'WhileStatement', 'DoWhileStatement'])

/**
 * The module of a program: its default export takes the helpers and `fhir`, and gives the program.
 *
 * @throws {UserError} for invalid JavaScript, and for parts that a program may not use
 */
export function instrument(code: string): string {
  if (code.includes(MARK)) throw refusal('it contains a NUL character', undefined)
  try {
    return new Instrumenter(code).module()
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw refusal(error.message.replace(/ \(\d+:\d+\)$/, ''), (error as SyntaxError & { loc?: Position }).loc)
    }
    if (error instanceof RangeError) throw refusal('it is nested too deeply', undefined)
    throw error
  }
}

interface Position {
  line: number
}

function refusal(what: string, position: Position | undefined): UserError {
  const where = position ? `line ${position.line}: ` : ''
  return new UserError(`The program was not run. ${where}${what}.`)
}

/** The memory that a node uses and that no node below it counts, in steps. */
function room(node: Tree): number {
  if (node.type === 'ArrayExpression') return (node.elements as unknown[]).length * 2
  return node.type === 'Literal' && node.regex !== undefined ? 30 : 0
}

class Instrumenter {
  readonly #code: string
  readonly #program: Tree
  readonly #declared = new Set<string>()
  /** Names of the properties that the program writes. */
  readonly #written = new Set<string>()
  /** Weights of the functions and loops around the current node, innermost last. */
  readonly #weights: number[] = [0]

  constructor(code: string) {
    this.#code = code
    this.#tools.length = code.length
    this.#program = parse(code, {
      ecmaVersion: 'latest',
      sourceType: 'module',
      allowReturnOutsideFunction: true,
      locations: true,
    }) as unknown as Tree
  }

  module(): string {
    this.#declare(this.#program)
    this.#tools.wide = Math.max(0, this.#written.size - FEW_NAMES)
    const statements = children(this.#program)
    const last = statements.at(-1)
    const text = this.#text(this.#program, (node) =>
      node === last && node.type === 'ExpressionStatement' && !hasReturn(this.#program)
        ? `return (${this.#write(part(node, 'expression'))})`
        : this.#write(node),
    )
    return `export default (${[...HELPERS, 'fhir'].join(',')})=>async()=>{$s(${this.#weights[0]});${text}\n}`
  }

  /** All names that the program declares anywhere. */
  #declare(node: Tree): void {
    const bound = [
      ...(node.type === 'VariableDeclarator' ? [part(node, 'id')] : []),
      ...(FUNCTION_NODES.has(node.type) ? [...list(node, 'params'), ...maybe(node, 'id')] : []),
      ...(/^Class/.test(node.type) && node.type !== 'ClassBody' ? maybe(node, 'id') : []),
      ...(node.type === 'CatchClause' ? maybe(node, 'param') : []),
    ]
    const written = WRITTEN[node.type]?.(node)
    if (written?.type === 'Identifier' || written?.type === 'PrivateIdentifier') this.#written.add(String(written.name))
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
    throw refusal(what, (node as unknown as { loc: { start: Position } }).loc.start)
  }

  /** The text of one function or one turn of a loop, and its weight. */
  #within(write: () => string): { text: string; weight: number } {
    this.#weights.push(0)
    const text = write()
    return { text, weight: (this.#weights.pop() ?? 0) + 1 }
  }

  #write(node: Tree): string {
    const refused = REFUSED[node.type]
    if (refused !== undefined) this.#refuse(node, refused)
    this.#weights.push(
      (this.#weights.pop() ?? 0) +
        (WEIGHT[node.type] ?? 1) +
        room(node) +
        (WRITTEN[node.type]?.(node) ? this.#tools.wide : 0),
    )
    if (LOOPS.has(node.type)) return this.#loop(node)
    if (FUNCTION_NODES.has(node.type)) return this.#function(node)
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
    length: 0,
    wide: 0,
  }

  #loop(node: Tree): string {
    const [body, left] = [part(node, 'body'), maybe(node, 'left')[0]]
    if (left && left.type !== 'VariableDeclaration') this.#target(left, true)
    // The parts that run once belong to the code around the loop.
    const once = [...maybe(node, 'init'), ...maybe(node, 'right')]
    const before = new Map(once.map((child) => [child, this.#head(child)]))
    const rests = [...once, ...(left ? [left] : [])].flatMap((one) =>
      one.type === 'VariableDeclaration' ? restsOf(one) : [],
    )
    const { text, weight } = this.#within(() =>
      this.#text(node, (child) => {
        const known = before.get(child)
        if (known !== undefined) return node.type === 'ForInStatement' ? call('$f', child, known) : known
        return child === body ? `{${MARK}${charge(rests)}${this.#write(child)}}` : this.#head(child)
      }),
    )
    return text.replace(MARK, () => `$s(${weight});`)
  }

  /** A part of a loop's head, where no statement can be added after a declaration. */
  #head(node: Tree): string {
    if (node.type !== 'VariableDeclaration') return this.#write(node)
    checkKind(node, this.#tools)
    return this.#text(node)
  }

  #function(node: Tree): string {
    const body = part(node, 'body')
    const params = list(node, 'params')
    const rests = params.filter(({ type }) => type !== 'RestElement').flatMap(restsOf)
    if (node.generator === true) return this.#generator(node, body, params, rests)
    const { text, weight } = this.#within(() =>
      this.#text(node, (child) => {
        const written = this.#write(child)
        if (child !== body) return written
        if (body.type === 'BlockStatement') return `{${MARK}${written.slice(1)}`
        return `(${MARK}${written})`
      }),
    )
    const steps = weight + CALL + this.#calling(node)
    const step =
      body.type === 'BlockStatement'
        ? `$s(${steps});${charge(rests)}`
        : `$s(${steps}),${rests.map((name) => `$z(${name}),`).join('')}`
    return text.replace(MARK, () => step)
  }

  /** Additional steps of a call: an error in a long function takes long, and an async function makes a promise. */
  #calling(node: Tree): number {
    return Math.max(0, node.end - node.start - SHORT) + (node.async === true ? PROMISE : 0)
  }

  /** A generator gets its memory when it is created, but its body runs later, so the steps are counted in its parameters. */
  #generator(node: Tree, body: Tree, params: Tree[], rests: string[]): string {
    const from = params.at(-1)?.end ?? maybe(node, 'id')[0]?.end ?? node.start
    const head = this.#code.slice(from, body.start)
    const isPlain = params.length === 0 ? /^[\s\w*]*\(\s*\)\s*$/.test(head) : /^\s*\)\s*$/.test(head)
    if (!isPlain || params.some(({ type }) => type === 'RestElement'))
      this.#refuse(
        node,
        'rest parameters (...), comments and trailing commas are not available in the parameters of a generator',
      )
    const { text, weight } = this.#within(() =>
      this.#text(node, (child) => {
        const written = this.#write(child)
        return child === body ? `${MARK}{${charge(rests)}${written.slice(1)}` : written
      }),
    )
    const at = text.indexOf(MARK)
    const close = text.lastIndexOf(')', at)
    const counting = `${params.length === 0 ? '' : ','}...{[$s(${weight + CALL + this.#calling(node)})]:$q}`
    return `${text.slice(0, close)}${counting}${text.slice(close, at)}${text.slice(at + 1)}`
  }

  /** Checks an assignment's target: setting a length or a prototype could do much work in one step. */
  #target(node: Tree, inPattern = false): void {
    if (node.type === 'MemberExpression') {
      const property = part(node, 'property')
      if (part(node, 'object').type === 'Super') this.#refuse(node, 'assigning to super is not available')
      if (node.computed && inPattern) this.#refuse(node, 'assign to a variable here, not to a property in brackets')
      const name = node.computed ? undefined : (property as Tree & { name?: string }).name
      if (name === 'length') this.#refuse(node, 'assigning to length is not available: use splice, or a new array')
      if (name === 'prototype' || name === '__proto__' || name === 'constructor')
        this.#refuse(node, `assigning to ${name} is not available`)
    } else if (node.type === 'RestElement') {
      this.#refuse(node, 'a rest element (...) is available only in const, let and parameters')
    } else if (node.type === 'AssignmentPattern') {
      this.#target(part(node, 'left'), true)
    } else if (node.type === 'Property') {
      this.#target(part(node, 'value'), true)
    } else if (/Pattern$/.test(node.type)) {
      for (const child of children(node)) this.#target(child, true)
    }
  }
}
