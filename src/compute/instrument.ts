// Rewrites a program so that each function, loop and costly operation is counted by the meter (isolate/meter.ts), since workerd alone
// limits no time. Lines stay where they were, so that errors name the right line.

import { parse } from 'acorn'
import { UserError } from '../base/told-error.ts'
import { GLOBALS, HELPERS, PROMISE } from './globals.ts'
import { call, charge, type Tools } from './helper-calls.ts'
import { children, FUNCTION_NODES, hasReturn, list, maybe, namesIn, part, restsOf, type Tree } from './syntax-tree.ts'
import { checkTarget } from './targets.ts'
import { weightOf, wideOf, writtenName } from './weights.ts'
import { checkKind, WRITE } from './write-nodes.ts'

const REFUSED: Readonly<Record<string, string>> = {
  ImportDeclaration: 'import is not available',
  ImportExpression: 'import() is not available',
  ExportNamedDeclaration: 'export is not available: end the program with `return VALUE`',
  ExportDefaultDeclaration: 'export is not available: end the program with `return VALUE`',
  ExportAllDeclaration: 'export is not available',
  DebuggerStatement: 'debugger is not available',
}

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
    this.#tools.wide = wideOf(this.#written.size)
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
    const written = writtenName(node)
    if (written !== undefined) this.#written.add(written)
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
    this.#weights.push((this.#weights.pop() ?? 0) + weightOf(node, this.#tools.wide))
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
    length: 0,
    wide: 0,
  }

  #loop(node: Tree): string {
    const [body, left] = [part(node, 'body'), maybe(node, 'left')[0]]
    if (left && left.type !== 'VariableDeclaration') checkTarget(left, this.#tools.refuse, true)
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
}
