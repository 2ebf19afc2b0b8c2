// The parts of JavaScript that a program can use: the names that stay, by object; all others are deleted. Whatever takes more time than
// a step is counted (isolate/).

/** Names of the meter's functions inside a program, in the order of its parameters. */
export const HELPERS = [
  '$s',
  '$p',
  '$n',
  '$k',
  '$t',
  '$i',
  '$o',
  '$u',
  '$v',
  '$z',
  '$x',
  '$e',
  '$f',
  '$m',
  '$l',
] as const

/** Maximum number of reads by one program. */
export const MAX_READS = 300

/** Steps of a promise: what is thrown for it has a stack, and is kept. */
export const PROMISE = 400

/** Names after `get ` are accessors; those after `@@`, symbols. */
export const INTRINSICS: Readonly<Record<string, string>> = {
  Object: 'assign create entries freeze fromEntries groupBy hasOwn is keys values',
  'Object.prototype': 'hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf',
  'Function.prototype': 'apply bind call toString @@hasInstance',
  Array: 'from isArray of',
  'Array.prototype':
    'at concat entries every fill filter find findIndex findLast findLastIndex flat flatMap forEach includes indexOf join keys lastIndexOf map pop push reduce reduceRight reverse shift slice some sort splice toReversed toSorted toSpliced toString unshift values with @@iterator',
  String: 'fromCharCode fromCodePoint',
  'String.prototype':
    'at charAt charCodeAt codePointAt concat endsWith includes indexOf lastIndexOf localeCompare match matchAll normalize padEnd padStart repeat replace replaceAll search slice split startsWith substr substring toLocaleLowerCase toLocaleUpperCase toLowerCase toString toUpperCase trim trimEnd trimStart valueOf @@iterator',
  Number:
    'EPSILON MAX_SAFE_INTEGER MAX_VALUE MIN_SAFE_INTEGER MIN_VALUE NEGATIVE_INFINITY NaN POSITIVE_INFINITY isFinite isInteger isNaN isSafeInteger parseFloat parseInt',
  'Number.prototype': 'toExponential toFixed toLocaleString toPrecision toString valueOf',
  Boolean: '',
  'Boolean.prototype': 'toString valueOf',
  Symbol: 'asyncIterator hasInstance iterator toPrimitive toStringTag',
  'Symbol.prototype': 'description toString valueOf @@toPrimitive @@toStringTag',
  Math: 'E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 abs acos acosh asin asinh atan atan2 atanh cbrt ceil clz32 cos cosh exp expm1 floor fround hypot imul log log10 log1p log2 max min pow random round sign sin sinh sqrt tan tanh trunc @@toStringTag',
  JSON: 'parse stringify @@toStringTag',
  Map: 'groupBy',
  'Map.prototype': 'clear delete entries forEach get has keys set size values @@iterator @@toStringTag',
  Set: '',
  'Set.prototype':
    'add clear delete difference entries forEach has intersection isDisjointFrom isSubsetOf isSupersetOf keys size symmetricDifference union values @@iterator @@toStringTag',
  Date: 'UTC now parse',
  'Date.prototype':
    'getDate getDay getFullYear getHours getMilliseconds getMinutes getMonth getSeconds getTime getTimezoneOffset getUTCDate getUTCDay getUTCFullYear getUTCHours getUTCMilliseconds getUTCMinutes getUTCMonth getUTCSeconds setDate setFullYear setHours setMilliseconds setMinutes setMonth setSeconds setTime setUTCDate setUTCFullYear setUTCHours setUTCMilliseconds setUTCMinutes setUTCMonth setUTCSeconds toDateString toISOString toJSON toLocaleDateString toLocaleString toLocaleTimeString toString toTimeString toUTCString valueOf @@toPrimitive',
  RegExp: '',
  'RegExp.prototype':
    'dotAll exec flags global ignoreCase multiline source sticky test toString unicode unicodeSets hasIndices @@match @@matchAll @@replace @@search @@split',
  Promise: 'all allSettled any race reject resolve try withResolvers',
  'Promise.prototype': 'catch finally then @@toStringTag',
  Error: '',
  'Error.prototype': 'message name toString',
  AggregateError: '',
  'AggregateError.prototype': 'message name',
  EvalError: '',
  'EvalError.prototype': 'message name',
  RangeError: '',
  'RangeError.prototype': 'message name',
  ReferenceError: '',
  'ReferenceError.prototype': 'message name',
  SyntaxError: '',
  'SyntaxError.prototype': 'message name',
  TypeError: '',
  'TypeError.prototype': 'message name',
  URIError: '',
  'URIError.prototype': 'message name',
  // A program can't name these, but can reach them: the prototypes of functions, of generators and of what generators return.
  '%Iterator%.prototype': 'every filter find forEach map reduce some take toArray @@iterator',
  '%AsyncIterator%.prototype': '@@asyncIterator',
  '%ArrayIterator%': 'next @@toStringTag',
  '%StringIterator%': 'next @@toStringTag',
  '%MapIterator%': 'next @@toStringTag',
  '%SetIterator%': 'next @@toStringTag',
  '%RegExpStringIterator%': 'next @@toStringTag',
  '%IteratorHelper%': 'next return @@toStringTag',
  '%Generator%': '',
  '%Generator%.prototype': 'next return throw @@toStringTag',
  '%AsyncGenerator%': '',
  '%AsyncGenerator%.prototype': 'next return throw @@toStringTag',
  '%AsyncFunction%': '@@toStringTag',
}

const FUNCTIONS =
  'parseInt parseFloat isNaN isFinite encodeURIComponent decodeURIComponent encodeURI decodeURI atob btoa'
const VALUES = 'undefined NaN Infinity Intl'

/** Global functions. */
export const GLOBAL_FUNCTIONS: readonly string[] = FUNCTIONS.split(' ')

/** All names that a program may use without declaring them. */
export const GLOBALS: ReadonlySet<string> = new Set([
  'fhir',
  ...VALUES.split(' '),
  ...GLOBAL_FUNCTIONS,
  ...Object.keys(INTRINSICS).filter((name) => /^[A-Z]\w*$/.test(name)),
])
