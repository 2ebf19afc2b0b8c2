// The FHIRPath functions that may be called: those that @medplum/core supports, that finish quickly, and that need no other resource.

/** How many arguments each takes, at least and at most. */
export const SUPPORTED_FUNCTIONS: ReadonlyMap<string, readonly [least: number, most: number]> = new Map([
  ...named('empty exists count allTrue anyTrue allFalse anyFalse distinct isDistinct not', 0),
  ...named('single first last tail', 0),
  ...named('upper lower length toBoolean toInteger toDate toDateTime toDecimal toString toTime', 0),
  ...named('convertsToBoolean convertsToInteger convertsToDate convertsToDateTime convertsToDecimal', 0),
  ...named('convertsToString convertsToTime now today timeOfDay getResourceKey', 0),
  ...named('abs ceiling exp floor ln sqrt truncate', 0),
  ...named('where all select ofType is as skip take extension', 1),
  ...named('indexOf startsWith endsWith contains log power', 1),
  ...named('exists join round getReferenceKey', 0, 1),
  ...named('substring', 1, 2),
  ...named('iif', 2, 3),
  ...named('between', 3),
])

const REGEX = "use contains('text'), startsWith('text') or substring(0, 10)"
const DESCENT = 'name the path, such as component.code'
const UNION = 'write a | b, such as name.given | name.family'

/** Functions of FHIRPath that are not supported, and what to write instead. */
export const REFUSED_FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ...['matches', 'matchesFull', 'replaceMatches'].map((name) => [name, REGEX] as const),
  ...['repeat', 'repeatAll', 'children', 'descendants'].map((name) => [name, DESCENT] as const),
  ...['union', 'combine'].map((name) => [name, UNION] as const),
  [
    'replace',
    'for the id in a reference write subject.getReferenceKey(), for part of a text code.text.substring(0, 10)',
  ],
  ['hasValue', 'write exists(), such as birthDate.exists()'],
  ...['toQuantity', 'convertsToQuantity'].map((name) => [name, 'write value.value and value.unit'] as const),
  ['resolve', 'write subject.reference or subject.getReferenceKey(), and ask for the other resource with _include'],
])

function named(names: string, least: number, most = least): [string, readonly [number, number]][] {
  return names.split(' ').map((name) => [name, [least, most]])
}
