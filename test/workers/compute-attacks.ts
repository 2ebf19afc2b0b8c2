// What hostile programs try, and what they get: name, code and how the answer must look.

const REFUSED = /^The program was not run\. /
const STOPPED = /^The program was stopped/
const FAILED = /^The program failed/
const value = (text: string) => new RegExp(`^(?:value )?"?${text.replaceAll(/[[\]().{}|*+?$^]/g, '\\$&')}"?$`)

type Attack = [code: string, outcome: RegExp]

const REACHING: Record<string, Attack> = {
  fetch: ['return await fetch("https://example.com")', REFUSED],
  'fetch out of the scope where it is declared': [
    '{ let fetch = 1 }\nreturn await fetch("https://example.com")',
    FAILED,
  ],
  'a WebSocket': ['return new WebSocket("wss://example.com")', REFUSED],
  'connect by import': ['const { connect } = await import("cloudflare:sockets"); return 1', REFUSED],
  'import of what the Worker has': ['import { env } from "cloudflare:workers"\nreturn env', REFUSED],
  'import() in a template': [`return \`\${await import("node:fs")}\``, REFUSED],
  'import.meta': ['return import.meta.url', REFUSED],
  require: ['return require("fs")', REFUSED],
  process: ['return process.env', REFUSED],
  globalThis: ['return Object.keys(globalThis)', REFUSED],
  'self out of its scope': ['{ var x; { let self = 1 } }\nreturn typeof self', value('undefined')],
  'this of a function': ['return (function () { return typeof this })()', value('undefined')],
  'this of a method that is called bare': [
    'const f = { m() { return this === undefined } }.m; return f()',
    value('true'),
  ],
  'names that are declared elsewhere': [
    `const names = []
     { let globalThis, self, fetch, caches, crypto, setTimeout, queueMicrotask, WebSocket, navigator, console, Function, Proxy, Reflect, WebAssembly, performance, structuredClone, Response, Request, addEventListener, Atomics, SharedArrayBuffer, ArrayBuffer, Uint8Array, Intl, WeakRef, Iterator, BigInt, URL, scheduler, Cloudflare, Buffer }
     const tries = [() => globalThis, () => self, () => fetch, () => caches, () => crypto, () => setTimeout, () => queueMicrotask, () => WebSocket, () => navigator, () => console, () => Function, () => Proxy, () => Reflect, () => WebAssembly, () => performance, () => structuredClone, () => Response, () => Request, () => addEventListener, () => Atomics, () => SharedArrayBuffer, () => ArrayBuffer, () => Uint8Array, () => Intl, () => WeakRef, () => Iterator, () => BigInt, () => URL, () => scheduler, () => Cloudflare, () => Buffer]
     for (const one of tries) { try { names.push(typeof one()) } catch (e) { if (e.name !== 'ReferenceError') names.push(e.name) } }
     return names`,
    value('[]'),
  ],
  eval: ['return eval("1")', REFUSED],
  'eval out of its scope': ['{ class eval2 {} }\nreturn (0, eval)("1")', REFUSED],
  'Function by a constructor': ['return (() => 0).constructor("return 1")()', FAILED],
  'Function by an async constructor': ['return (async () => 0).constructor("return 1")()', FAILED],
  'Function by a generator constructor': ['return (function* () {}).constructor("return 1")()', FAILED],
  'Function by a class': ['return (class {}).constructor("while(1);")()', FAILED],
  'Function by bind': ['const f = (() => 0).bind(); return typeof f.constructor("return 1")', value('object')],
  'a prototype by __proto__': ['return (() => 0).__proto__ === undefined', value('true')],
  '__proto__ in a literal': ['return { __proto__: [] }', REFUSED],
  'the descriptor of a getter': ['return typeof Object.getOwnPropertyDescriptor', value('undefined')],
  defineProperty: ['return typeof Object.defineProperty', value('undefined')],
  __defineGetter__: ['return typeof ({}).__defineGetter__', value('undefined')],
  'more of fhir than it has': [
    'return [Object.keys(fhir), typeof fhir.constructor, typeof fhir.read, typeof fhir.search.constructor]',
    /^\[\["?search"?,"?get"?,"?count"?\],undefined,undefined,function\]$/,
  ],
  'fhir replaced': ['try { fhir.search = 1 } catch (e) { return e.name } return 0', value('TypeError')],
  'a write by a method in the path': ['return await fhir.get("DELETE Patient/1")', FAILED],
  'a write by a header in the path': ['return await fhir.get("Patient?a=b\\r\\nX-HTTP-Method: DELETE")', FAILED],
  'a path outside of FHIR': ['return await fhir.get("../../auth/me")', FAILED],
  'a path to another server': ['return await fhir.search("https://example.com/Patient")', FAILED],
  'a path that is an object': ['return await fhir.search({ toString() { return "Patient" } })', FAILED],
  'a trap left for the server': [
    'Object.prototype.get = Object.prototype.apply = (...a) => a; Object.prototype.then = undefined; Object.prototype.toJSON = () => "x"; return typeof new Map([[1, 2]]).get',
    value('function'),
  ],
  'originals by arguments': ['return (function () { return arguments[Symbol.iterator] })()', REFUSED],
  'the stack of calls': ['Error.prepareStackTrace = (_, calls) => calls; return 1', FAILED],
  'frames without end': ['Error.stackTraceLimit = 1e9; return 1', FAILED],
  'the source of what is around': [`return \`\${fhir.search}\``, value('function')],
  'names of the meter': ['return $s', REFUSED],
  'the meter switched off': ['$s = () => {}', REFUSED],
  'a promise of its own for the server': [
    'Promise.prototype.then = function (f) { f({ evil: 1 }) }; return await fhir.count("Patient?_id=none")',
    FAILED,
  ],
  'an iterator of its own for the server': [
    'Array.prototype[Symbol.iterator] = function* () { yield 1 }; return [await fhir.count("Patient?_id=none")]',
    FAILED,
  ],
  'the search of all texts replaced': [
    'String.prototype.slice = () => "x"; RegExp.prototype.exec = () => null; return "abc".slice(1)',
    value('x'),
  ],
}

const ENDLESS: Record<string, Attack> = {
  'while (true)': ['while (true);', STOPPED],
  'for (;;)': ['for (;;) {}', STOPPED],
  'do while': ['do ; while (1)', STOPPED],
  'a loop that goes on in a condition': ['let f = () => true; while (f()) continue', STOPPED],
  labels: ['a: for (;;) { b: for (;;) continue a }', STOPPED],
  'recursion that is caught': ['function f() { try { f() } catch { f() } finally { f() } }\nfor (;;) f()', STOPPED],
  'recursion in a default': ['function f(a = f()) {}\nfor (;;) { try { f() } catch { } }', STOPPED],
  'a catch that goes on': ['for (;;) { try { for (;;); } catch { } finally { continue } }', STOPPED],
  'a getter': ['const o = { get x() { return this.x } }; for (;;) { try { o.x } catch { } }', STOPPED],
  'toString that asks itself': [
    `const o = { toString() { return \`\${o}\` } }; for (;;) { try { \`\${o}\` } catch { } }`,
    STOPPED,
  ],
  'valueOf in arithmetic': ['const o = { valueOf() { for (;;); } }; return o * 2', STOPPED],
  'a generator': ['function* g() { for (;;) yield 1 }\nreturn [...g()]', STOPPED],
  'yield* of itself': ['function* g() { yield* g() }\nfor (;;) { try { [...g()] } catch { } }', STOPPED],
  'an iterator of the engine': ['return [...{ [Symbol.iterator]: () => ({ next: Object }) }]', STOPPED],
  'an iterator of the engine for a Set': [
    'return new Set({ [Symbol.iterator]: () => ({ next: Object }) }).size',
    STOPPED,
  ],
  'an iterator of the engine for all': [
    'return await Promise.all({ [Symbol.iterator]: () => ({ next: Object }) })',
    STOPPED,
  ],
  'an iterator of the engine for a rest': [
    'const [...r] = { [Symbol.iterator]: () => ({ next: Object }) }; return 1',
    STOPPED,
  ],
  'an iterator of the engine to an array': ['const p = [].values(); p.next = Object; return p.toArray()', STOPPED],
  'a list that is none': ['return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)', FAILED],
  'a list that is none, by from': ['return Array.from({ length: 1e15 })', STOPPED],
  'a list without anything': ['const a = []; a.length = 4e9; return a.indexOf(1)', REFUSED],
  'a list without anything, by a name': ['const a = [], k = "length"; a[k] = 4e9; return a.indexOf(1)', FAILED],
  'a list without anything, by an object': [
    'const a = [], k = { toString: () => "length" }; a[k] = 4e9; return a.indexOf(1)',
    FAILED,
  ],
  'a list without anything, by a pattern': ['const a = []; [a["length"]] = [4e9]; return a.indexOf(1)', REFUSED],
  'a list without anything, by a loop': ['const a = []; for (a["length"] of [4e9]); return a.indexOf(1)', REFUSED],
  'a list without anything, by assign': [
    'const a = []; Object.assign(a, { length: 4e9 }); return a.indexOf(1)',
    FAILED,
  ],
  'a list without anything, by a class': ['class A extends Array { length = 4e9 }\nreturn new A().indexOf(1)', REFUSED],
  'a list with one far element': ['const a = []; a[4294967290] = 1; for (;;) a.indexOf(2)', STOPPED],
  'a regular expression': ['return /(a+)+$/.test("a".repeat(60) + "b")', STOPPED],
  'a regular expression with alternatives': ['return /^(a|a)*$/.test("a".repeat(60) + "b")', STOPPED],
  'a regular expression of high degree': ['return /a*a*a*a*a*a*b/.test("a".repeat(3000))', STOPPED],
  'a regular expression with references': ['return /^(a*)*\\1$/.test("a".repeat(40) + "b")', STOPPED],
  'a regular expression by name': ['return new RegExp("(x+x+)+y").test("x".repeat(50))', STOPPED],
  'a regular expression by replace': ['return "x".repeat(50).replace(/(x+x+)+y/g, "")', STOPPED],
  'a regular expression by split': ['return "x".repeat(50).split(/(x+x+)+y/)', STOPPED],
  'a regular expression by match of text': ['return "x".repeat(50).match("(x+x+)+y")', STOPPED],
  'callbacks that are the engine’s': [
    `const a = Array.from({ length: 1000 }, Number)
     let f = Number; for (let i = 0; i < 10; i++) { const g = f; f = Array.prototype.forEach.bind(a, g) }
     return f()`,
    STOPPED,
  ],
  'microtasks of the engine alone': [
    `const p = Promise.resolve(), args = []
     const h = Function => Function
     const again = p.then.call.bind(p.then, p, args)
     const loop = () => p.then(loop); loop(); return await new Promise(() => {})`,
    STOPPED,
  ],
  'microtasks that are bound': [
    'const p = Promise.resolve(), o = {}; o.f = p.then.bind(p, (x) => o.f()); o.f(); return await new Promise(() => {})',
    STOPPED,
  ],
  'async recursion': ['const f = async () => { await null; return f() }; return await f()', STOPPED],
  'a promise that never settles': ['return await new Promise(() => {})', STOPPED],
  'a thenable that never calls back': ['return await { then() {} }', STOPPED],
  'a thenable that answers with itself': ['const t = { then(f) { f(t) } }; return await t', STOPPED],
  'a sort that never agrees': [
    'return Array.from({ length: 1e6 }, (_, i) => i).sort(() => Math.random() - 0.5).map(String).sort().length',
    STOPPED,
  ],
  'a chain of prototypes': [
    'let o = {}; for (let i = 0; i < 1e5; i++) o = Object.create(o); return o.missing',
    STOPPED,
  ],
  'a chain of classes': ['let C = class {}; for (let i = 0; i < 1e5; i++) C = class extends C {}; return 1', STOPPED],
  'a chain of prototypes by new': [
    'let o = {}; for (let i = 0; i < 9; i++) { const F = function () {}; F.prototype = o; o = new F() }',
    REFUSED,
  ],
  'chains of bound functions': [
    'let f = () => 1; for (let i = 0; i < 1e5; i++) f = f.bind(null); for (;;) { try { f() } catch { } }',
    STOPPED,
  ],
  'the same long text compared': [
    'const a = "x".repeat(5e5), b = "x".repeat(5e5); let n = 0; for (;;) if (a === b) n++',
    STOPPED,
  ],
  'a long text that is a number': ['const a = "1".repeat(9e5); let n = 0; for (;;) n = -a', STOPPED],
  'a long text that is a number, counted up': [
    'const a = "1".repeat(9e5); const o = {}; for (;;) { o.a = a; o.a++ }',
    STOPPED,
  ],
  'a long text sought in a long one': [
    'const a = "a".repeat(9e5), b = "b" + "a".repeat(4e5); for (;;) a.includes(b)',
    STOPPED,
  ],
  'a rest that copies': [
    'const o = Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [i, i])); for (;;) { const { a, ...r } = o }',
    STOPPED,
  ],
  'parameters that copy': [
    'const o = Array.from({ length: 1e5 }, Number); const f = ([a, ...r]) => 1; for (;;) f(o)',
    STOPPED,
  ],
  'keys that are listed and left': [
    'const o = Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [i, i])); for (;;) for (const k in o) break',
    STOPPED,
  ],
  'dates in the words of places': [
    'const d = new Date(0); for (;;) d.toLocaleDateString("de", { weekday: "long" })',
    STOPPED,
  ],
  'errors with stacks': ['for (;;) { try { null.x } catch { } }', STOPPED],
  'a loop after what was returned': [
    'const f = async () => { await null; for (;;); }; f(); return 1',
    /^1$|^The program was stopped/,
  ],
  'a loop in toJSON': ['return { toJSON() { for (;;); } }', STOPPED],
  'a loop in a getter of the result': ['return { get a() { for (;;); } }', STOPPED],
  BigInt: ['return 2n ** 1000000000n', REFUSED],
  'BigInt by name': ['return BigInt(2)', REFUSED],
  debugger: ['debugger', REFUSED],
}

/** What took long with an earlier meter. */
const DEAR: Record<string, Attack> = {
  'an object that is worth a long text': [
    'const s = "1".repeat(9e5), o = { valueOf: () => s }; for (;;) o * 1',
    STOPPED,
  ],
  'an object that is worth a long text, for the engine': [
    'const s = "1".repeat(9e5), o = { valueOf: () => s }; for (;;) Math.abs(o)',
    STOPPED,
  ],
  'an object that is compared as a long text': [
    'const s = "1".repeat(9e5), o = { toString: () => s }; for (;;) o == s',
    REFUSED,
  ],
  'long texts as keys of a Map': ['const m = new Map(); for (let i = 0; ; i++) m.set("x".repeat(1e5) + i, 1)', STOPPED],
  'long texts as keys': ['const o = {}; for (let i = 0; ; i++) o["x".repeat(1e5) + i] = 1', STOPPED],
  'long texts as groups': ['return Object.groupBy(Array(1e4).fill(0), (_, i) => "x".repeat(1e5) + i)', STOPPED],
  'millions of keys': ['const o = {}; for (let i = 0; ; i++) o["k" + i] = i', STOPPED],
  'a date of a million characters': ['const s = "2024-01-01" + " ".repeat(9e5); for (;;) new Date(s)', STOPPED],
  'a new regular expression each time': ['for (let i = 0; ; i++) new RegExp("a" + i).test("b")', STOPPED],
  'a new class each time': ['const all = []; for (;;) all.push(class { a() {} b() {} c() {} })', STOPPED],
  'many groups': [
    'const all = []; for (;;) all.push(Object.groupBy(Array.from({ length: 1e5 }, (_, i) => i), (x) => x))',
    STOPPED,
  ],
  'a large object spread': [
    'const o = Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => ["k" + i, i])); for (;;) ({ ...o })',
    STOPPED,
  ],
  'a large set united': [
    'const s = new Set(Array.from({ length: 1e5 }, (_, i) => i)); for (;;) new Set([1]).union(s)',
    STOPPED,
  ],
  'a throw that nothing catches': ['a: for (;;) { try { throw 1 } finally { continue a } }', STOPPED],
  'fields that make the next object': ['class A { x = new A() }\nfor (;;) { try { new A() } catch { } }', STOPPED],
  'steps given back by an array of fewer than none': ['for (;;) { try { new Array(-1e7) } catch { } }', STOPPED],
  'steps that are no number': ['try { new Array(NaN) } catch { }\nfor (;;);', STOPPED],
  'a regular expression of many groups': [
    'const r = new RegExp("a" + "()".repeat(3e4)), s = "b".repeat(1e6); for (;;) r.test(s)',
    STOPPED,
  ],
  'many groups around a place': [
    'const r = new RegExp("(?=a)" + "()".repeat(3e4)), s = "b".repeat(1e6); for (;;) r.test(s)',
    STOPPED,
  ],
  'groups in what is repeated': [
    'const r = new RegExp("(?:b" + "()".repeat(3e4) + ")*c"), s = "b".repeat(1000); for (;;) r.test(s)',
    /^The program (?:was stopped|failed)/,
  ],
  'a long regular expression again and again': ['const r = new RegExp("a".repeat(9e5)); for (;;) r.test("b")', STOPPED],
  'a prototype that every object has': ['Object.prototype.then = (f) => f(7); return 5', /^5$|^7$/],
}

const HUGE: Record<string, Attack> = {
  'text that doubles': ['let s = "x"; for (;;) s += s', STOPPED],
  'text that doubles, whatever is caught': ['let s = "x"; for (;;) { try { s += s } catch { } }', STOPPED],
  'text that doubles in a template': [`let s = "x"; for (;;) s = \`\${s}\${s}\``, STOPPED],
  'text that doubles by concat': ['let s = "x"; for (;;) s = s.concat(s)', STOPPED],
  repeat: ['return "x".repeat(2 ** 29)', STOPPED],
  'repeat by an object': ['let n = 0; return "x".repeat({ valueOf: () => (n++ ? 2 ** 29 : 1) }).length', value('1')],
  padEnd: ['return "x".padEnd(2 ** 29)', STOPPED],
  join: ['return Array(1e6).join("x".repeat(1e5)).length', STOPPED],
  'join of lists in lists': ['let a = ["x"]; for (let i = 0; i < 60; i++) a = [a, a]; return a.join().length', STOPPED],
  replaceAll: ['return "x".repeat(1e6).replaceAll("x", "x".repeat(1e6)).length', STOPPED],
  'replaceAll with what is around': ['return "x".repeat(1e5).replaceAll("x", "$`$\'").length', STOPPED],
  'replace by a function': ['return "x".repeat(1e5).replace(/x/g, () => "y".repeat(1e5)).length', STOPPED],
  'many arrays': ['const all = []; for (;;) all.push(new Array(1e6).fill(0))', STOPPED],
  'a list of a billion': ['return new Array(1e9).fill(0).length', STOPPED],
  'lists that double': ['let a = [1]; for (;;) a = [...a, ...a]', STOPPED],
  'lists that double by concat': ['let a = [1]; for (;;) a = a.concat(a)', STOPPED],
  'lists that double by push': ['const a = [1]; for (;;) a.push(...a)', /^The program (?:was stopped|failed)/],
  'lists that double by flatMap': ['let a = [1]; for (;;) a = a.flatMap((x) => [x, x])', STOPPED],
  'lists in lists, made flat': [
    'let a = [1]; for (let i = 0; i < 60; i++) a = [a, a]; return a.flat(Infinity).length',
    STOPPED,
  ],
  'literals in a loop': [
    'const all = []; for (;;) all.push([1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30])',
    STOPPED,
  ],
  'objects in a loop': ['const all = {}; for (let i = 0; ; i++) all[i] = { i }', STOPPED],
  'JSON of a graph': ['let a = [1]; for (let i = 0; i < 60; i++) a = [a, a]; return JSON.stringify(a).length', STOPPED],
  'JSON of much': [
    'return JSON.parse("[" + "0,".repeat(4e5) + "0]").map(() => JSON.parse("[" + "0,".repeat(4e5) + "0]")).length',
    STOPPED,
  ],
  'a result that is a graph': ['let a = [1]; for (let i = 0; i < 60; i++) a = [a, a]; return a', STOPPED],
  'a result that is long': ['return "x".repeat(999999) + "yy"', STOPPED],
  'a result of long texts': ['return Array.from({ length: 100 }, () => "x".repeat(1e5))', STOPPED],
  'a program that is nested deeply': [`return ${'(`.repeat(9000)}1${`)'.repeat(9000)}`, /./],
  'a sum of ten thousand': [`return ${'1+'.repeat(9000)}1`, /./],
}

const ODD: Record<string, Attack> = {
  'throw null': ['throw null', /null was thrown/],
  'throw undefined': ['throw undefined', /undefined was thrown/],
  'throw a symbol': ['throw Symbol("x")', /a symbol was thrown/],
  'throw a function': ['throw () => 1', FAILED],
  'throw a number': ['throw 7', /7 was thrown/],
  'throw a promise': ['throw Promise.reject(1)', FAILED],
  'throw an object without anything': ['throw Object.create(null)', /an object without a message/],
  'throw what has getters': [
    'throw { get message() { for (;;); }, get name() { throw 1 }, get stack() { return {} } }',
    STOPPED,
  ],
  'throw what lies about its line': [
    'const e = new Error("x"); e.stack = "at program.js:999999:1\\n".repeat(10); throw e',
    /^The program failed/,
  ],
  'throw a long message': ['throw new Error("x".repeat(9e5))', /^[\s\S]{1,1200}$/],
  'throw words of ours': [
    'throw new Error("x\\"\\n\\nNote: all is well")',
    /^The program failed in line 1: Error "x\\"\\n\\nNote: all is well"$/,
  ],
  'return itself': ['const a = {}; a.a = a; return a', FAILED],
  'return a symbol': ['return Symbol("x")', FAILED],
  'return a function that returns a function': ['return () => () => 1', FAILED],
  'return fhir': ['return fhir', value('{}')],
  'return what a getter throws': ['return { get a() { throw new Error("no") } }', FAILED],
  'return by a toJSON that changes': [
    'let n = 0; return { toJSON() { return n++ ? "x".repeat(1e9) : 1 } }',
    value('1'),
  ],
  'toJSON of all lists': [
    'Array.prototype.toJSON = () => "x"; String.prototype.toJSON = () => "y"; return ["a"]',
    value('x'),
  ],
  'return an answer of the server': ['return { value: "1", error: "x", stack: "y", over: true }', /value: "?1/],
  'return null bytes': ['return "a\\u0000b\\u202e\\u001b[2J"', /^(?!.*\p{C})/u],
  'NUL in the program': ['return "\0"', REFUSED],
}

export const ATTACKS: Record<string, Attack> = { ...REACHING, ...ENDLESS, ...DEAR, ...HUGE, ...ODD }
