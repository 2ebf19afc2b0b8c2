// What makes the engine itself work for long, or take up much memory, for few steps of a program: name and code. All are stopped or fail.

import { type Attack, each } from './attacks.ts'

/** A function of the engine that a program can call, and that counts nothing. */
const RESOLVE = 'const { resolve } = Promise.withResolvers();'
const ANSWERS = 'const next = (async function* () {})().next;'
const KEYS = 'for (let i = 0; i < 1e5; i++) a["k" + i] = i;'
const LONG = 'const s = "1".repeat(9e5), o = { valueOf: () => s };'
const ALIKE = 'const a = Array.from({ length: 8000 }, (_, i) => String(i * 2 ** 17));'
const SET_LIKE = '{ size: 0, has() {}, keys: () => a.values() }'

export const ENGINE: Record<string, Attack> = each(/^The program (?:was stopped|failed|was not run)/, {
  'a set visited by the engine': `${RESOLVE} const s = new Set(Array.from({ length: 3e5 }, (_, i) => i)); for (;;) s.forEach(resolve)`,
  'an iterator emptied by the engine': `${RESOLVE} const a = new Array(1e6).fill(1); for (;;) a.values().some(resolve)`,
  'an iterator filtered by the engine': `${RESOLVE} const a = new Array(1e6).fill(1); for (;;) a.values().filter(resolve).next()`,
  'an iterator that answers with promises': `${RESOLVE} ${ANSWERS} const p = [].values(); p.next = next; p.some(resolve)`,
  'a rest that answers with promises': `${ANSWERS} const [...r] = { [Symbol.iterator]: () => ({ next }) }; return 1`,
  'a set united with what never ends': `${ANSWERS} return new Set([1]).union({ size: 0, has() {}, keys: () => ({ next }) })`,
  'what acts as a set': `const a = new Array(1e6).fill(1), s = new Set([1]); for (;;) s.isSupersetOf(${SET_LIKE})`,
  'an exec that finds groups without end':
    'const r = /a/; r.exec = () => ({ length: 2 ** 53 - 1 }); return "a".replace(r, "")',
  'an exec of all expressions': 'RegExp.prototype.exec = () => ({ length: 2 ** 53 - 1 }); return "abc".split(/b/)',
  'an exec that never ends': `${ANSWERS} const r = /a/g; r.exec = next; return "a".match(r)`,
  'an exec of a class': 'class A extends RegExp { exec() { return null } }\nreturn "a".replace(new A("a"), "b")',
  'names of a replacer': `const names = Array.from({ length: 1e5 }, (_, i) => "n" + i), o = Object.fromEntries(names.slice(0, 1000).map((n) => [n + "x", 1]))
    for (;;) JSON.stringify(o, names)`,
  'keys of an array': `const a = []; ${KEYS} for (;;) Object.keys(a)`,
  'keys of a function': `const a = () => 1; ${KEYS} for (;;) Object.keys(a)`,
  'a function spread': `const a = () => 1; ${KEYS} for (;;) ({ ...a })`,
  'keys that are inherited': `const a = {}; ${KEYS} const o = Object.create(a); for (;;) for (const k in o) break`,
  'isNaN of a long text': `${LONG} for (;;) isNaN(o)`,
  'a date of long texts': `${LONG} for (;;) Date.UTC(o)`,
  'an iterator of a long text': `${LONG} for (;;) [].values().take(o)`,
  'a comparison that answers with a long text': `${LONG} const a = Array.from({ length: 1e4 }, (_, i) => i); for (;;) a.sort(() => s)`,
  'objects sorted as long texts':
    'const s = "1".repeat(9e5), t = s.slice(1) + "2"; let n = 0; const o = { toString: () => (n++ % 2 ? s : t) }, a = Array(1000).fill(o); for (;;) a.toSorted()',
  'a search from a long text': `${LONG} const r = /a/g; for (;;) { r.lastIndex = s; r.test("") }`,
  'digits of one hash in a set': `${ALIKE} const s = new Set(); for (const n of a) s.add(n); for (;;) for (const n of a) s.has(n)`,
  'digits of one hash in a map': `${ALIKE} const m = new Map(a.map((n) => [n, 1])); for (;;) for (const n of a) m.get(n)`,
  'groups of one hash': `${ALIKE} for (;;) Map.groupBy(a, (n) => n)`,
  'sets of one hash united': `${ALIKE} const s = new Set(a.slice(4000)), t = new Set(a); for (;;) s.union(t)`,
  'numbers compared in texts': 'for (;;) "a10".localeCompare("a9", undefined, { numeric: true })',
  'two locales in turn':
    'const d = new Date(0); for (let i = 0; ; i++) d.toLocaleDateString(i % 2 ? undefined : "en-US")',
  'an error of a long text': 'const s = "x".repeat(9e5), o = { toString: () => s }; for (;;) new Error(o).stack',
  'a list of holes turned round': 'const a = []; a[999990] = 1; for (;;) a.reverse()',
  'a list of a class moved':
    'class A extends Array {}\nconst a = new A(); for (let i = 0; i < 5e5; i++) a.push(i); for (;;) { a.unshift(1); a.pop() }',
  'an element of every object': 'Object.prototype[5] = 1; const a = new Array(9e5).fill(1); for (;;) a.push(a.shift())',
  'holes in a literal': `const all = []; for (;;) { const a = [${','.repeat(15_000)}]; a[0] = 1; all.push(a) }`,
  'room up to a far element': 'const all = []; for (;;) { const a = []; a[1023] = 1; all.push(a) }',
  'room in an object': 'const all = []; for (;;) { const o = {}; o[1000] = 1; all.push(o) }',
  'room of generators': `function* g() { f(${'1,'.repeat(8000)}); yield 1 }\nconst f = () => 1, all = []; for (;;) all.push(g())`,
  'room of generators with more than they take': 'function* g(...all) { yield all }\nfor (;;) g()',
  'marks on one letter': 'return ("a" + "\u0301\u0327".repeat(4e5)).normalize()',
  'marks compared': 'return ("a" + "\u0301\u0327".repeat(4e5)).localeCompare("a" + "\u0302\u0327".repeat(4e5))',
  'locales without end': 'return "a".localeCompare("b", { length: 2 ** 53 - 1 })',
  'a long time zone':
    'const timeZone = "x".repeat(9e5); for (;;) { try { new Date(0).toLocaleString("en", { timeZone }) } catch { } }',
  'many locales':
    'const a = Array.from({ length: 1000 }, (_, i) => "en-x-a" + i); for (;;) { try { (1).toLocaleString(a) } catch { } }',
  'a reviver that puts a list in':
    'const a = Array(1e6).fill(0); for (;;) JSON.parse(`{"a":1,"b":2}`, function (k, v) { if (k === "a") this.b = a; return v })',
})
