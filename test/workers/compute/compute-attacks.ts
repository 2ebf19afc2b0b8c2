// What hostile programs try, and what they get: name, code and how the answer must look.
import { type Attack, each, FAILED, REFUSED, STOPPED, value } from './attacks.ts'
import { ENGINE } from './compute-attacks-engine.ts'
import { DEAR, HUGE, ODD } from './compute-attacks-heavy.ts'
import { SHAPES } from './compute-attacks-shapes.ts'

const REACHING: Record<string, Attack> = {
  ...each(REFUSED, {
    fetch: 'return await fetch("https://example.com")',
    'a WebSocket': 'return new WebSocket("wss://example.com")',
    'connect by import': 'const { connect } = await import("cloudflare:sockets"); return 1',
    'import of what the Worker has': 'import { env } from "cloudflare:workers"\nreturn env',
    'import() in a template': `return \`\${await import("node:fs")}\``,
    'import.meta': 'return import.meta.url',
    require: 'return require("fs")',
    process: 'return process.env',
    globalThis: 'return Object.keys(globalThis)',
    eval: 'return eval("1")',
    'eval out of its scope': '{ class eval2 {} }\nreturn (0, eval)("1")',
    '__proto__ in a literal': 'return { __proto__: [] }',
    'originals by arguments': 'return (function () { return arguments[Symbol.iterator] })()',
    'names of the meter': 'return $s',
    'the meter switched off': '$s = () => {}',
  }),
  ...each(FAILED, {
    'fetch out of the scope where it is declared': '{ let fetch = 1 }\nreturn await fetch("https://example.com")',
    'Function by a constructor': 'return (() => 0).constructor("return 1")()',
    'Function by an async constructor': 'return (async () => 0).constructor("return 1")()',
    'Function by a generator constructor': 'return (function* () {}).constructor("return 1")()',
    'Function by a class': 'return (class {}).constructor("while(1);")()',
    'a write by a method in the path': 'return await fhir.get("DELETE Patient/1")',
    'a write by a header in the path': 'return await fhir.get("Patient?a=b\\r\\nX-HTTP-Method: DELETE")',
    'a path outside of FHIR': 'return await fhir.get("../../auth/me")',
    'a path to another server': 'return await fhir.search("https://example.com/Patient")',
    'a path that is an object': 'return await fhir.search({ toString() { return "Patient" } })',
    'the stack of calls': 'Error.prepareStackTrace = (_, calls) => calls; return 1',
    'frames without end': 'Error.stackTraceLimit = 1e9; return 1',
    'a promise of its own for the server':
      'Promise.prototype.then = function (f) { f({ evil: 1 }) }; return await fhir.count("Patient?_id=none")',
    'an iterator of its own for the server':
      'Array.prototype[Symbol.iterator] = function* () { yield 1 }; return [await fhir.count("Patient?_id=none")]',
  }),
  'self out of its scope': ['{ var x; { let self = 1 } }\nreturn typeof self', value('undefined')],
  'this of a function': ['return (function () { return typeof this })()', value('undefined')],
  'this of a method that is called bare': [
    'const f = { m() { return this === undefined } }.m; return f()',
    value('true'),
  ],
  'names that are declared elsewhere': [
    `const names = []
     { let globalThis, self, fetch, caches, crypto, setTimeout, queueMicrotask, WebSocket, navigator, console, Function, Proxy, Reflect, WebAssembly, performance, structuredClone, Response, Request, addEventListener, Atomics, SharedArrayBuffer, ArrayBuffer, Uint8Array, WeakRef, Iterator, BigInt, URL, scheduler, Cloudflare, Buffer }
     const tries = [() => globalThis, () => self, () => fetch, () => caches, () => crypto, () => setTimeout, () => queueMicrotask, () => WebSocket, () => navigator, () => console, () => Function, () => Proxy, () => Reflect, () => WebAssembly, () => performance, () => structuredClone, () => Response, () => Request, () => addEventListener, () => Atomics, () => SharedArrayBuffer, () => ArrayBuffer, () => Uint8Array, () => WeakRef, () => Iterator, () => BigInt, () => URL, () => scheduler, () => Cloudflare, () => Buffer]
     for (const one of tries) { try { names.push(typeof one()) } catch (e) { if (e.name !== 'ReferenceError') names.push(e.name) } }
     return names`,
    value('[]'),
  ],
  'Function by bind': ['const f = (() => 0).bind(); return typeof f.constructor("return 1")', value('object')],
  'a prototype by __proto__': ['return (() => 0).__proto__ === undefined', value('true')],
  'the descriptor of a getter': ['return typeof Object.getOwnPropertyDescriptor', value('undefined')],
  defineProperty: ['return typeof Object.defineProperty', value('undefined')],
  __defineGetter__: ['return typeof ({}).__defineGetter__', value('undefined')],
  'more of fhir than it has': [
    'return [Object.keys(fhir), typeof fhir.constructor, typeof fhir.read, typeof fhir.search.constructor]',
    /^\[\["?search"?,"?get"?,"?count"?\],undefined,undefined,function\]$/,
  ],
  'fhir replaced': ['try { fhir.search = 1 } catch (e) { return e.name } return 0', value('TypeError')],
  'a trap left for the server': [
    'Object.prototype.get = Object.prototype.apply = (...a) => a; Object.prototype.then = undefined; Object.prototype.toJSON = () => "x"; return typeof new Map([[1, 2]]).get',
    FAILED,
  ],
  'the source of what is around': [`return \`\${fhir.search}\``, value('function')],
  'the search of all texts replaced': [
    'String.prototype.slice = () => "x"; RegExp.prototype.exec = () => null; return "abc".slice(1)',
    FAILED,
  ],
}

const ENDLESS: Record<string, Attack> = {
  ...each(REFUSED, {
    'a list without anything': 'const a = []; a.length = 4e9; return a.indexOf(1)',
    'a list without anything, by a pattern': 'const a = []; [a["length"]] = [4e9]; return a.indexOf(1)',
    'a list without anything, by a loop': 'const a = []; for (a["length"] of [4e9]); return a.indexOf(1)',
    'a list without anything, by a class': 'class A extends Array { length = 4e9 }\nreturn new A().indexOf(1)',
    'prototype chains by new':
      'let o = {}; for (let i = 0; i < 9; i++) { const F = function () {}; F.prototype = o; o = new F() }',
    BigInt: 'return 2n ** 1000000000n',
    'BigInt by name': 'return BigInt(2)',
    debugger: 'debugger',
  }),
  ...each(STOPPED, {
    'while (true)': 'while (true);',
    'for (;;)': 'for (;;) {}',
    'do while': 'do ; while (1)',
    'a loop that goes on in a condition': 'let f = () => true; while (f()) continue',
    labels: 'a: for (;;) { b: for (;;) continue a }',
    'recursion that is caught': 'function f() { try { f() } catch { f() } finally { f() } }\nfor (;;) f()',
    'recursion in a default': 'function f(a = f()) {}\nfor (;;) { try { f() } catch { } }',
    'a catch that goes on': 'for (;;) { try { for (;;); } catch { } finally { continue } }',
    'a getter': 'const o = { get x() { return this.x } }; for (;;) { try { o.x } catch { } }',
    'toString that asks itself': `const o = { toString() { return \`\${o}\` } }; for (;;) { try { \`\${o}\` } catch { } }`,
    'valueOf in arithmetic': 'const o = { valueOf() { for (;;); } }; return o * 2',
    'a generator': 'function* g() { for (;;) yield 1 }\nreturn [...g()]',
    'yield* of itself': 'function* g() { yield* g() }\nfor (;;) { try { [...g()] } catch { } }',
    'an iterator of the engine': 'return [...{ [Symbol.iterator]: () => ({ next: Object }) }]',
    'an iterator of the engine for a Set': 'return new Set({ [Symbol.iterator]: () => ({ next: Object }) }).size',
    'an iterator of the engine for all': 'return await Promise.all({ [Symbol.iterator]: () => ({ next: Object }) })',
    'an iterator of the engine for a rest': 'const [...r] = { [Symbol.iterator]: () => ({ next: Object }) }; return 1',
    'an iterator of the engine to an array': 'const p = [].values(); p.next = Object; return p.toArray()',
    'a list that is none, by from': 'return Array.from({ length: 1e15 })',
    'a list with one far element': 'const a = []; a[4294967290] = 1; for (;;) a.indexOf(2)',
    'a regular expression': 'return /(a+)+$/.test("a".repeat(60) + "b")',
    'a regular expression with alternatives': 'return /^(a|a)*$/.test("a".repeat(60) + "b")',
    'a regular expression of high degree': 'return /a*a*a*a*a*a*b/.test("a".repeat(3000))',
    'a regular expression with references': 'return /^(a*)*\\1$/.test("a".repeat(40) + "b")',
    'a regular expression by name': 'return new RegExp("(x+x+)+y").test("x".repeat(50))',
    'a regular expression by replace': 'return "x".repeat(50).replace(/(x+x+)+y/g, "")',
    'a regular expression by split': 'return "x".repeat(50).split(/(x+x+)+y/)',
    'a regular expression by match of text': 'return "x".repeat(50).match("(x+x+)+y")',
    'callbacks that are the engine’s': `const a = Array.from({ length: 1000 }, Number)
     let f = Number; for (let i = 0; i < 10; i++) { const g = f; f = Array.prototype.forEach.bind(a, g) }
     return f()`,
    'microtasks of the engine alone': `const p = Promise.resolve(), args = []
     const h = Function => Function
     const again = p.then.call.bind(p.then, p, args)
     const loop = () => p.then(loop); loop(); return await new Promise(() => {})`,
    'microtasks that are bound':
      'const p = Promise.resolve(), o = {}; o.f = p.then.bind(p, (x) => o.f()); o.f(); return await new Promise(() => {})',
    'async recursion': 'const f = async () => { await null; return f() }; return await f()',
    'a promise that never settles': 'return await new Promise(() => {})',
    'a thenable that never calls back': 'return await { then() {} }',
    'a thenable that answers with itself': 'const t = { then(f) { f(t) } }; return await t',
    'a sort that never agrees':
      'return Array.from({ length: 1e6 }, (_, i) => i).sort(() => Math.random() - 0.5).map(String).sort().length',
    'prototype chains': 'let o = {}; for (let i = 0; i < 1e5; i++) o = Object.create(o); return o.missing',
    'a chain of classes': 'let C = class {}; for (let i = 0; i < 1e5; i++) C = class extends C {}; return 1',
    'chains of bound functions':
      'let f = () => 1; for (let i = 0; i < 1e5; i++) f = f.bind(null); for (;;) { try { f() } catch { } }',
    'the same long text compared':
      'const a = "x".repeat(5e5), b = "x".repeat(5e5); let n = 0; for (;;) if (a === b) n++',
    'a long text that is a number': 'const a = "1".repeat(9e5); let n = 0; for (;;) n = -a',
    'a long text that is a number, counted up': 'const a = "1".repeat(9e5); const o = {}; for (;;) { o.a = a; o.a++ }',
    'a long text sought in a long one': 'const a = "a".repeat(9e5), b = "b" + "a".repeat(4e5); for (;;) a.includes(b)',
    'a rest that copies':
      'const o = Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [i, i])); for (;;) { const { a, ...r } = o }',
    'parameters that copy': 'const o = Array.from({ length: 1e5 }, Number); const f = ([a, ...r]) => 1; for (;;) f(o)',
    'keys that are listed and left':
      'const o = Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [i, i])); for (;;) for (const k in o) break',
    'dates in the words of places': 'const d = new Date(0); for (;;) d.toLocaleDateString("de", { weekday: "long" })',
    'errors with stacks': 'for (;;) { try { null.x } catch { } }',
    'a loop in toJSON': 'return { toJSON() { for (;;); } }',
    'a loop in a getter of the result': 'return { get a() { for (;;); } }',
  }),
  ...each(FAILED, {
    'a list that is none': 'return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)',
    'a list without anything, by a name': 'const a = [], k = "length"; a[k] = 4e9; return a.indexOf(1)',
    'a list without anything, by an object':
      'const a = [], k = { toString: () => "length" }; a[k] = 4e9; return a.indexOf(1)',
    'a list without anything, by assign': 'const a = []; Object.assign(a, { length: 4e9 }); return a.indexOf(1)',
  }),
  'a loop after what was returned': [
    'const f = async () => { await null; for (;;); }; f(); return 1',
    /^1$|^The program was stopped/,
  ],
}

export const ATTACKS: Record<string, Attack> = {
  ...REACHING,
  ...ENDLESS,
  ...DEAR,
  ...HUGE,
  ...ODD,
  ...ENGINE,
  ...SHAPES,
}
