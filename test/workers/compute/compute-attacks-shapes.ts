// What makes the engine rewrite objects, errors, promises and formats for few steps of a program: name and code. All are stopped or fail.

import { type Attack, each } from './attacks.ts'

const named = (count: number, write: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => write(at)).join('')
const BIG = 'const big = new Array(1e6).fill(1);'
const LATE = 'const s = "1".repeat(9e5), o = { valueOf: () => s, toString: () => s };'
const BAD =
  'const u = undefined, bad = { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }), return: () => u() }) };'

export const SHAPES: Record<string, Attack> = each(/^The program (?:was stopped|failed|was not run)/, {
  'far elements of literals': 'const all = []; for (;;) all.push({ [1023]: 1 })',
  'far fields': 'class A { 1023 = 1 }\nconst all = []; for (;;) all.push(new A())',
  'far elements of entries': 'const all = [], e = [[1023, 1]]; for (;;) all.push(Object.fromEntries(e))',
  'far elements assigned': 'const all = [], e = { 1023: 1 }; for (;;) all.push(Object.assign({}, e))',
  'far elements spread': 'const all = [], e = { 1023: 1 }; for (;;) all.push({ ...e })',
  'far elements of a rest': 'const all = [], e = { 1023: 1, a: 1 }; for (;;) { const { a, ...r } = e; all.push(r) }',
  'far elements of groups': 'const all = []; for (;;) all.push(Object.groupBy([1], () => 1023))',
  'fields without values': `class A { ${named(2500, (at) => `a${at};`)} }\nconst all = []; for (;;) all.push(new A())`,
  'private fields without values': `class A { ${named(2500, (at) => `#a${at};`)} }\nfor (;;) new A()`,
  'static fields of new classes': `for (;;) { class A { ${named(500, (at) => `static a${at};`)} } }`,
  'properties of new classes': `for (;;) { class A {}; ${named(500, (at) => `A.a${at}=1;`)} }`,
  'properties of what has a new prototype': `for (;;) { const o = Object.create({}); ${named(500, (at) => `o.a${at}=1;`)} }`,
  'literals of ever new shapes': `for (let i = 0; ; i++) ({ ["z" + i]: 1, ${named(500, (at) => `a${at}:1,`)} })`,
  'a prototype that changes':
    'const o = {}; for (let i = 0; i < 900; i++) o["k" + i] = i; const c = Object.create(o); for (;;) { delete o.k5; o.k5 = 1; c.k7 }',
  'the prototype of a function': 'const F = function () {}; F.prototype.x = 1; return 1',
  'a prototype by a pattern': 'const F = function () {}; const { prototype: p } = F; p.x = 1; return 1',
  'a prototype by a computed name': 'const F = function () {}; F["proto" + "type"].x = 1; return 1',
  'a parent class that changes': 'class A {}\nclass B extends A {}\nA.x = 1; return 1',
  'iterators in turns':
    `${BIG} let n = 0; class A extends Array { get [Symbol.iterator]() { return n++ % 2 ? () => big.values() : super[Symbol.iterator] } }\n` +
    'const a = new A(); for (;;) [...a]',
  'an iterator of all texts': `${BIG} String.prototype[Symbol.iterator] = () => big.values(); for (;;) [..."a"]`,
  'a reviver that throws':
    'const b = Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => ["k" + i, 1])); for (;;) { try { JSON.parse(`{"a":1,"b":2}`, function (k, v) { if (k === "a") { this.b = b; return v } throw 0 }) } catch { } }',
  'elements spliced': 'const a = []; for (let i = 0; i < 3e5; i++) a.push(i); for (;;) { a.splice(1, 1); a.push(1) }',
  'a list whose class is another': 'const a = [], k = "constructor"; a[k] = Object; return 1',
  'a far element of a long list':
    'const a = new Array(3e5).fill(1); for (;;) { a[a.length + 1100] = 1; while (a.length > 3e5) a.pop() }',
  'the end of a list of holes':
    'const a = new Array(3e5).fill(1); for (let i = 0; i < 3e5; i++) if (i % 7) delete a[i]; for (;;) { a.pop(); a.push(1) }',
  'many digits': 'const x = 5e-324; for (;;) x.toPrecision(100)',
  'flags read': `const r = /a/gimsuy; for (;;) { ${'r.flags;'.repeat(8)} }`,
  'classes of characters': 'for (let i = 0; ; i++) new RegExp("\\\\p{L}".repeat(1e5) + i, "iu")',
  'classes of characters, by match': 'for (let i = 0; ; i++) "".match("[^a]".repeat(2e5) + i)',
  'sets of characters': 'for (let i = 0; ; i++) new RegExp("\\\\p{RGI_Emoji}".repeat(5e4) + i, "v")',
  'sets of characters in a literal': 'return /[a--b]/v.test("a")',
  'an expression from an object':
    'let t; const o = { toString: () => t }, b = "[^a]".repeat(2e5); for (let i = 0; ; i++) { t = b + i; new RegExp(o) }',
  'many classes in one expression':
    'for (let i = 0; ; i++) new RegExp(Array.from({ length: 4e4 }, (_, j) => "[" + String.fromCharCode(256 + j) + "-\\uffff]").join("") + i, "i").test("a")',
  rejections: 'for (;;) Promise.reject(1)',
  'rejections by resolvers': 'for (;;) Promise.withResolvers().reject(1)',
  'errors of async functions': 'const f = async () => null.x; for (;;) f()',
  'errors of tries': 'const f = () => null.x; for (;;) Promise.try(f)',
  'errors of executors': 'const f = () => null.x; for (;;) new Promise(f)',
  'errors of callbacks':
    'const f = () => null.x, p = Promise.resolve(); for (;;) { for (let i = 0; i < 1000; i++) p.then(f); await null }',
  'errors of thenables': 'const a = Array(1000).fill({ then() { null.x } }); for (;;) await Promise.allSettled(a)',
  'errors in a long function': `const u = undefined; const f = () => { let q = 1; if (q === 0) { ${named(1500, (at) => `q=${at}+1*q;`)} } for (;;) { try { u() } catch { } } }; f()`,
  'errors when iterators end': `${BAD} const f = (n) => { if (n === 0) throw 1; for (const x of bad) f(n - 1) }; for (;;) { try { f(500) } catch { } }`,
  'long locales':
    'const l = Array.from({ length: 10 }, (_, i) => "en-x-" + "aaaaaaaa-".repeat(9) + "b" + i); for (;;) "a".toLocaleUpperCase(l)',
  'calendars that take long':
    'for (let i = 0; ; i++) new Date(i * 1e9).toLocaleDateString(i % 2 ? "zh-u-ca-chinese" : "ko-u-ca-dangi", { dateStyle: "full" })',
  'formats without end': 'for (;;) new Intl.DateTimeFormat("en", { dateStyle: "full", timeZone: "America/New_York" })',
  'dates of one format':
    'const f = new Intl.DateTimeFormat("zh-u-ca-chinese", { dateStyle: "full" }); for (let i = 0; ; i++) f.format(i)',
  'Intl replaced': 'Intl.NumberFormat = 1; return 1',
  'a position that is a long text': `${LATE} for (;;) "a".indexOf("b", o)`,
  'a limit that is a long text': `${LATE} for (;;) "a".split("b", o)`,
  'a number that is a long text': `${LATE} for (;;) Number.parseInt(o)`,
  'a key that is a long text': `${LATE} for (;;) ({}).hasOwnProperty(o)`,
  'nothing replaced everywhere': 'const s = "a".repeat(3e5); for (;;) s.replaceAll("", "b")',
  'reads without end': 'const s = "x".repeat(15000); for (;;) fhir.get(s)',
  'reads of long paths': 'const s = "x".repeat(9e5); for (;;) await fhir.get(s)',
})
