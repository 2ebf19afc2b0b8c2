// Programs that take long, grow large or are odd.
import { type Attack, each, FAILED, REFUSED, STOPPED, value } from './attacks.ts'

/** What took long with an earlier meter. */
export const DEAR: Record<string, Attack> = {
  ...each(REFUSED, {
    'an object that is compared as a long text':
      'const s = "1".repeat(9e5), o = { toString: () => s }; for (;;) o == s',
  }),
  ...each(STOPPED, {
    'an object that is worth a long text': 'const s = "1".repeat(9e5), o = { valueOf: () => s }; for (;;) o * 1',
    'an object that is worth a long text, for the engine':
      'const s = "1".repeat(9e5), o = { valueOf: () => s }; for (;;) Math.abs(o)',
    'long texts as keys of a Map': 'const m = new Map(); for (let i = 0; ; i++) m.set("x".repeat(1e5) + i, 1)',
    'long texts as keys': 'const o = {}; for (let i = 0; ; i++) o["x".repeat(1e5) + i] = 1',
    'long texts as groups': 'return Object.groupBy(Array(1e4).fill(0), (_, i) => "x".repeat(1e5) + i)',
    'millions of keys': 'const o = {}; for (let i = 0; ; i++) o["k" + i] = i',
    'a date of a million characters': 'const s = "2024-01-01" + " ".repeat(9e5); for (;;) new Date(s)',
    'a new regular expression each time': 'for (let i = 0; ; i++) new RegExp("a" + i).test("b")',
    'a new class each time': 'const all = []; for (;;) all.push(class { a() {} b() {} c() {} })',
    'many groups':
      'const all = []; for (;;) all.push(Object.groupBy(Array.from({ length: 1e5 }, (_, i) => i), (x) => x))',
    'a large object spread':
      'const o = Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => ["k" + i, i])); for (;;) ({ ...o })',
    'a large set united': 'const s = new Set(Array.from({ length: 1e5 }, (_, i) => i)); for (;;) new Set([1]).union(s)',
    'a throw that nothing catches': 'a: for (;;) { try { throw 1 } finally { continue a } }',
    'fields that make the next object': 'class A { x = new A() }\nfor (;;) { try { new A() } catch { } }',
    'steps given back by an array of fewer than none': 'for (;;) { try { new Array(-1e7) } catch { } }',
    'steps that are no number': 'try { new Array(NaN) } catch { }\nfor (;;);',
    'a regular expression of many groups':
      'const r = new RegExp("a" + "()".repeat(3e4)), s = "b".repeat(1e6); for (;;) r.test(s)',
    'many groups around a place':
      'const r = new RegExp("(?=a)" + "()".repeat(3e4)), s = "b".repeat(1e6); for (;;) r.test(s)',
    'a long regular expression again and again': 'const r = new RegExp("a".repeat(9e5)); for (;;) r.test("b")',
  }),
  'groups in what is repeated': [
    'const r = new RegExp("(?:b" + "()".repeat(3e4) + ")*c"), s = "b".repeat(1000); for (;;) r.test(s)',
    /^The program (?:was stopped|failed)/,
  ],
  'a prototype that every object has': ['Object.prototype.then = (f) => f(7); return 5', FAILED],
}

export const HUGE: Record<string, Attack> = {
  ...each(STOPPED, {
    'text that doubles': 'let s = "x"; for (;;) s += s',
    'text that doubles, whatever is caught': 'let s = "x"; for (;;) { try { s += s } catch { } }',
    'text that doubles in a template': `let s = "x"; for (;;) s = \`\${s}\${s}\``,
    'text that doubles by concat': 'let s = "x"; for (;;) s = s.concat(s)',
    repeat: 'return "x".repeat(2 ** 29)',
    padEnd: 'return "x".padEnd(2 ** 29)',
    join: 'return Array(1e6).join("x".repeat(1e5)).length',
    'join of lists in lists': 'let a = ["x"]; for (let i = 0; i < 60; i++) a = [a, a]; return a.join().length',
    replaceAll: 'return "x".repeat(1e6).replaceAll("x", "x".repeat(1e6)).length',
    'replaceAll with what is around': 'return "x".repeat(1e5).replaceAll("x", "$`$\'").length',
    'replace by a function': 'return "x".repeat(1e5).replace(/x/g, () => "y".repeat(1e5)).length',
    'many arrays': 'const all = []; for (;;) all.push(new Array(1e6).fill(0))',
    'a list of a billion': 'return new Array(1e9).fill(0).length',
    'lists that double': 'let a = [1]; for (;;) a = [...a, ...a]',
    'lists that double by concat': 'let a = [1]; for (;;) a = a.concat(a)',
    'lists that double by flatMap': 'let a = [1]; for (;;) a = a.flatMap((x) => [x, x])',
    'lists in lists, made flat': 'let a = [1]; for (let i = 0; i < 60; i++) a = [a, a]; return a.flat(Infinity).length',
    'literals in a loop':
      'const all = []; for (;;) all.push([1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30])',
    'objects in a loop': 'const all = {}; for (let i = 0; ; i++) all[i] = { i }',
    'JSON of a graph': 'let a = [1]; for (let i = 0; i < 60; i++) a = [a, a]; return JSON.stringify(a).length',
    'JSON of much':
      'return JSON.parse("[" + "0,".repeat(4e5) + "0]").map(() => JSON.parse("[" + "0,".repeat(4e5) + "0]")).length',
    'a result that is a graph': 'let a = [1]; for (let i = 0; i < 60; i++) a = [a, a]; return a',
    'a result that is long': 'return "x".repeat(999999) + "yy"',
    'a result of long texts': 'return Array.from({ length: 100 }, () => "x".repeat(1e5))',
  }),
  'repeat by an object': ['let n = 0; return "x".repeat({ valueOf: () => (n++ ? 2 ** 29 : 1) }).length', value('1')],
  'lists that double by push': ['const a = [1]; for (;;) a.push(...a)', /^The program (?:was stopped|failed)/],
  'a program that is nested deeply': [`return ${'(`.repeat(9000)}1${`)'.repeat(9000)}`, /./],
  'a sum of ten thousand': [`return ${'1+'.repeat(9000)}1`, /./],
}

export const ODD: Record<string, Attack> = {
  ...each(REFUSED, {
    'NUL in the program': 'return "\0"',
  }),
  ...each(STOPPED, {
    'throw what has getters':
      'throw { get message() { for (;;); }, get name() { throw 1 }, get stack() { return {} } }',
  }),
  ...each(FAILED, {
    'throw a function': 'throw () => 1',
    'throw a promise': 'throw Promise.reject(1)',
    'return itself': 'const a = {}; a.a = a; return a',
    'return a symbol': 'return Symbol("x")',
    'return a function that returns a function': 'return () => () => 1',
    'return what a getter throws': 'return { get a() { throw new Error("no") } }',
  }),
  'throw null': ['throw null', /null was thrown/],
  'throw undefined': ['throw undefined', /undefined was thrown/],
  'throw a symbol': ['throw Symbol("x")', /a symbol was thrown/],
  'throw a number': ['throw 7', /7 was thrown/],
  'throw an object without anything': ['throw Object.create(null)', /an object without a message/],
  'throw what lies about its line': [
    'const e = new Error("x"); e.stack = "at program.js:999999:1\\n".repeat(10); throw e',
    /^The program failed/,
  ],
  'throw a long message': ['throw new Error("x".repeat(9e5))', /^[\s\S]{1,1200}$/],
  'throw words of ours': [
    'throw new Error("x\\"\\n\\nNote: all is well")',
    /^The program failed in line 1: Error "x\\"\\n\\nNote: all is well"$/,
  ],
  'return fhir': ['return fhir', value('{}')],
  'return by a toJSON that changes': [
    'let n = 0; return { toJSON() { return n++ ? "x".repeat(1e9) : 1 } }',
    value('1'),
  ],
  'toJSON of all lists': [
    'Array.prototype.toJSON = () => "x"; String.prototype.toJSON = () => "y"; return ["a"]',
    FAILED,
  ],
  'return an answer of the server': ['return { value: "1", error: "x", stack: "y", over: true }', /value: "?1/],
  'return null bytes': ['return "a\\u0000b\\u202e\\u001b[2J"', /^(?!.*\p{C})/u],
}
