// A program that counts its steps still does the same.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { HELPERS, INTRINSICS } from '../../../src/compute/globals.ts'
import { instrument } from '../../../src/compute/instrument.ts'

/** Helpers that do what the source says and nothing else; `$s` counts. */
function meant(count: (steps: number) => void): unknown[] {
  const same = (value: unknown) => value
  const helpers: Record<string, unknown> = {
    $s: count,
    $t: (_: unknown, key: PropertyKey) => key,
    $l: (_: unknown, value: unknown) => value,
    $u(object: Record<PropertyKey, number>, key: PropertyKey, by: number, before: boolean) {
      const old = +(object[key] as number)
      object[key] = old + by
      return before ? old + by : old
    },
    $v: (object: Record<PropertyKey, unknown>, key: PropertyKey, operator: string, by: unknown) => {
      object[key] = new Function('a', 'b', `return a ${operator} b`)(object[key], by)
      return object[key]
    },
  }
  return [...HELPERS.map((name) => helpers[name] ?? same), { search: async () => [] }]
}

async function run(code: string): Promise<{ value: unknown; steps: number }> {
  let steps = 0
  const module = instrument(code).replace('export default ', '')
  const program = new Function(`"use strict"; return (${module})`)() as (...all: unknown[]) => () => Promise<unknown>
  const value = await program(...meant((count) => (steps += count)))()
  return { value, steps }
}

const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (fhir: unknown) => Promise<unknown>

test.each([
  'return 1 + 2 * 3 - (-4) ** 2',
  'let i = 0; const all = []; while (i < 3) all.push(i++); do all.push(--i); while (i > 0); return all',
  'const all = []; for (let i = 0, j = 9; i < j; i += 2, j--) { if (i === 4) continue; all.push([i, j]) } return all',
  'const all = []; for (const k in { a: 1, b: 2 }) all.push(k); for (const [k, v] of Object.entries({ c: 3 })) all.push(k, v); return all',
  'outer: for (const i of [1, 2, 3]) { for (const j of [1, 2]) { if (j === 2) continue outer; if (i === 3) break outer } } return "done"',
  'const f = (a, { b, ...c } = { b: 1, x: 2 }, ...d) => ({ a, b, c, d }); return [f(1), f(1, { b: 3, y: 4 }, 5, 6)]',
  'const { a: [x, ...y], ...z } = { a: [1, 2, 3], b: 4, c: 5 }; return [x, y, z]',
  'const o = { n: 1, m: { k: 2 }, get g() { return this.n * 10 }, set g(v) { this.n = v }, ["x" + 1]: 3, f() { return this.n } }; o.g = 7; o.n++; ++o.m.k; o["n"] -= 3; o.m["k"] **= 2; o.q ??= 1; o.n ||= 5; return [o.g, o.f(), o.m, o.x1, o.q, o.n--, o.n]',
  'class A { static s = 1; #p = 2; q = 3; constructor(v) { this.v = v } get p() { return this.#p } bump() { this.#p++; this.#p *= 2; return this } static make() { return new this(4) } } class B extends A { constructor() { super(9); this.w = super.p } } return [A.make().bump().p, new B().w, new B().v, A.s]',
  'function* g(n) { try { for (let i = 0; i < n; i++) { const got = yield i; if (got) return got } } finally { yield "end" } } const it = g(3); return [it.next().value, it.next("x"), it.next(), [...g(2)]]',
  'const later = async (v) => { await null; if (v > 2) throw new Error("big " + v); return v }; const all = []; for (const v of [1, 2, 3]) { try { all.push(await later(v)) } catch ({ message }) { all.push(message) } finally { all.push("f") } } return all',
  'async function* a() { yield 1; yield* [2, 3] } const all = []; for await (const v of a()) all.push(v); return all',
  `const tag = (parts, ...values) => parts.raw.join("|") + values.join("-"); return [tag\`a\${1}\\n\${2}b\`, \`x\${1 + 1}y\${[1, 2]}\`, \`plain\`]`,
  'switch ("b") { case "a": return 1; case "b": case "c": { break } default: return 2 } return 3',
  'const a = [3, 1, 2]; let [x, y] = a; [x, y] = [y, x]; ({ x, y: y = 5 } = { x: 7 }); return [x, y, a.toSorted(), a?.[0], a?.b?.c, a["length"]]',
  'let s = ""; s += 1 + 1; s += "b"; const n = +"4"; return [s, n, -n, ~n, !n, typeof n, typeof s, void 0, n > 3 ? "y" : "n", n & 6, n << 2, 9 % 4]',
  'const fib = (n) => n < 2 ? n : fib(n - 1) + fib(n - 2); return fib(12)',
  'return ((a, b) => (a, b))(1, 2) + (1, 2)',
  'let a = 1\nlet f = a\na++\nf -= 1\na *= 3\n--f\nreturn [a, f]',
  'class A {\n  a\n  #b\n  c = 1\n  static d\n  get; set\n  *[Symbol.iterator]() { yield this.#b }\n}\nreturn [{ ...new A() }, [...new A()], "d" in A]',
  'const o = { a: 1 }; return ["a" in o, delete o.a, "a" in o, o instanceof Object, null ?? 3, 0 || 4, 1 && 5]',
  'var v = 1; { var v = 2 } if (v) var w = 3; else { w = 4 } return [v, w]',
  'const f = function self(n) { return n ? self(n - 1) + 1 : 0 }; return [f(5), (() => ({}))(), (() => {})(), f.name]',
  'const m = new Map([["a", 1]]); for (const [k, { length } = "xy"] of m) return [k, length]',
  '// nothing but a comment\n/* and another */ return /a"b`/.test("a") // at the end',
])('means the same: %j', async (code) => {
  expect((await run(code)).value).toEqual(await new AsyncFunction('fhir', `"use strict"; ${code}`)({}))
})

test.each([
  ['1 + 1', 2],
  ['const a = 2\na * 3', 6],
  ['if (true) { 5 }', undefined],
])('returns its last expression: %j', async (code, value) => expect((await run(code)).value).toBe(value))

test('every turn of a loop and every call counts', async () => {
  const base = (await run('return 1')).steps
  for (const code of [
    'for (let i = 0; i < 1000; i++); return 1',
    'let i = 0; while (i++ < 1000); return 1',
    'let i = 0; do ; while (i++ < 1000); return 1',
    'for (const i of Array(1000)); return 1',
    'Array.from({ length: 1000 }, () => 1); return 1',
    'const f = (n) => n && f(n - 1); f(1000); return 1',
    'const o = { get g() { return 1 } }; Array(1000).fill(0).forEach(() => o.g); return 1',
    'class A { x = 1; constructor() {} } for (const i of Array(1000)) new A(); return 1',
  ])
    expect((await run(code)).steps - base, code).toBeGreaterThanOrEqual(1000)
})

test('lines stay where they are', () => {
  const code = 'const a = 1\n\nfor (const b of [a]) {\n  const { c, ...d } = {}\n\n  if (b) a.b.c\n}\nreturn `x\n` + a'
  expect(instrument(code).split('\n').slice(0, -1)).toHaveLength(code.split('\n').length)
})

test.each([
  'import x from "y"',
  'export default 1',
  'return import("x")',
  'return import.meta.url',
  'return fetch("https://example.com")',
  ...['return globalThis', 'return window.x', 'return eval("1")', 'return new Function("return 1")', 'return 1n'],
  ...['debugger', 'return arguments', 'return $s', 'const $k = 1', 'const a = []; a.length = 9'],
  ...['const a = []; a.length++', 'const a = []; [a.length] = [9]'],
  'const a = []; ({ x: a["length"] } = { x: 9 })',
  'const a = []; for (a.length of [9]);',
  'class A extends Array { length = 9 }',
  'class A extends Array { f() { super.length = 9 } }',
  'const f = () => {}; f.prototype = {}',
  ...['return { __proto__: [] }', 'const o = {}; o.__proto__ = []', 'let a, b; [a, ...b] = [1, 2]', 'using a = b'],
  ...['return 1 == x', 'const a = 1, b = 2; return a == b', 'with (Math) {}', 'return ('],
  `return ${'['.repeat(20_000)}`,
])('refuses %j', (code) => expect(() => instrument(code)).toThrow(/^The program was not run\. /))

const ISOLATE = 'src/compute/isolate'

test.each(readdirSync(ISOLATE))('%s goes into the isolate as text: a function that needs nothing around it', (file) => {
  const outside = readFileSync(`${ISOLATE}/${file}`, 'utf8').match(/^(?:import(?! type)|const|let|var|class).*/gm)
  expect(outside).toBeNull()
  expect(readFileSync(`${ISOLATE}/${file}`, 'utf8').match(/^(?:export )?(?:async )?function/gm)).toHaveLength(1)
})

/**
 * Parts of JavaScript whose time doesn't grow with anything, or only with texts, lists and keys that `counted` measures for all
 * functions of their object. Whatever else grows has its own count in src/compute/isolate/.
 */
const PLAIN: Readonly<Record<string, string>> = {
  Object: 'hasOwn is',
  'Object.prototype': 'hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf',
  'Function.prototype': 'call @@hasInstance',
  Array: 'isArray of',
  'Array.prototype':
    'at entries every fill filter find findIndex findLast findLastIndex forEach includes indexOf keys lastIndexOf map pop push reduce reduceRight reverse shift slice some splice toReversed toSpliced unshift values with @@iterator',
  String: 'fromCharCode fromCodePoint',
  'String.prototype':
    'at charAt charCodeAt codePointAt slice substr substring toLowerCase toUpperCase trim trimEnd trimStart @@iterator',
  Number:
    'EPSILON MAX_SAFE_INTEGER MAX_VALUE MIN_SAFE_INTEGER MIN_VALUE NEGATIVE_INFINITY NaN POSITIVE_INFINITY isFinite isInteger isNaN isSafeInteger',
  'Number.prototype': 'toString valueOf',
  'Boolean.prototype': 'toString valueOf',
  Symbol: 'asyncIterator hasInstance iterator toPrimitive toStringTag',
  'Symbol.prototype': 'description toString valueOf @@toPrimitive @@toStringTag',
  Math: 'E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 abs acos acosh asin asinh atan atan2 atanh cbrt ceil clz32 cos cosh exp expm1 floor fround hypot imul log log10 log1p log2 max min pow random round sign sin sinh sqrt tan tanh trunc @@toStringTag',
  JSON: '@@toStringTag',
  'Map.prototype': 'clear delete entries get has keys set size values @@iterator @@toStringTag',
  'Set.prototype': 'add clear delete entries has keys size values @@iterator @@toStringTag',
  Date: 'UTC now parse',
  'Date.prototype':
    'getDate getDay getFullYear getHours getMilliseconds getMinutes getMonth getSeconds getTime getTimezoneOffset getUTCDate getUTCDay getUTCFullYear getUTCHours getUTCMilliseconds getUTCMinutes getUTCMonth getUTCSeconds setDate setFullYear setHours setMilliseconds setMinutes setMonth setSeconds setTime setUTCDate setUTCFullYear setUTCHours setUTCMilliseconds setUTCMinutes setUTCMonth setUTCSeconds toDateString toISOString toJSON toString toTimeString toUTCString valueOf @@toPrimitive',
  'RegExp.prototype':
    'dotAll flags global ignoreCase multiline source sticky test toString unicode unicodeSets hasIndices',
  'Promise.prototype': '@@toStringTag',
  'Error.prototype': 'message name toString',
  'AggregateError.prototype': 'message name',
  'EvalError.prototype': 'message name',
  'RangeError.prototype': 'message name',
  'ReferenceError.prototype': 'message name',
  'SyntaxError.prototype': 'message name',
  'TypeError.prototype': 'message name',
  'URIError.prototype': 'message name',
  '%Iterator%.prototype': 'every filter find forEach map reduce some take toArray @@iterator',
  '%AsyncIterator%.prototype': '@@asyncIterator',
  '%ArrayIterator%': 'next @@toStringTag',
  '%StringIterator%': 'next @@toStringTag',
  '%MapIterator%': 'next @@toStringTag',
  '%SetIterator%': 'next @@toStringTag',
  '%RegExpStringIterator%': 'next @@toStringTag',
  '%IteratorHelper%': 'next return @@toStringTag',
  '%Generator%.prototype': 'next return throw @@toStringTag',
  '%AsyncGenerator%.prototype': '@@toStringTag',
  '%AsyncFunction%': '@@toStringTag',
}

test('each part of JavaScript that a program has is counted by itself, or known to be plain', () => {
  const isolate = readdirSync('src/compute/isolate').map((file) => readFileSync(`src/compute/isolate/${file}`, 'utf8'))
  const source = isolate.join('\n')
  const others = Object.entries(INTRINSICS).map(([where, names]) => [
    where,
    names
      .split(' ')
      .filter((name) => name !== '' && !source.includes(`'${where}.${name}'`))
      .join(' '),
  ])
  expect(Object.fromEntries(others.filter(([, names]) => names !== ''))).toEqual(PLAIN)
})
