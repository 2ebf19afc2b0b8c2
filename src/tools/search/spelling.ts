// The same name with and without accents: Medplum compares letters exactly, and people don't always write them.

/** A letter, and the accented letters for which it is written when accents are left out; the most common in names first. */
const ACCENTED: Readonly<Record<string, string>> = {
  a: 'áäàãâåăąāạảấầẩẫậắằẳẵặæ',
  c: 'çćč',
  d: 'đďð',
  e: 'éèëêěęēėẹẻẽếềểễệ',
  g: 'ğģ',
  i: 'íïìîıịĩỉīį',
  k: 'ķ',
  l: 'łľļĺ',
  n: 'ñńňņ',
  o: 'óöøôõòőọỏốồổỗộơớờởỡợōœ',
  r: 'řŕ',
  s: 'šśşșß',
  t: 'ťţțþ',
  u: 'úüùûůűụủũưứừửữựūų',
  y: 'ýỳỷỹỵÿ',
  z: 'žźż',
}

/** Letters that Unicode doesn't decompose, and their replacements. */
const WHOLE: Readonly<Record<string, string>> = {
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ı: 'i',
  '’': "'",
  ʼ: "'",
}

/** Maximum number of spellings of one word in a search. */
export const MAX_SPELLINGS = 120
/** Maximum characters of a word to vary: no name is longer. */
const MAX_NAME = 64

/** The word in lower case and without accents: `müller` is `muller`. */
export function withoutAccents(word: string): string {
  const lower = word.toLowerCase().normalize('NFD').replaceAll(/\p{M}/gu, '')
  return lower.replaceAll(/[øłđðþßæœı’ʼ]/g, (letter) => WHOLE[letter] ?? letter)
}

/** A form that is the same for all spellings of a name: for comparing, not for showing or searching. */
export function folded(text: string): string {
  return withoutAccents(text.normalize('NFKC'))
    .replaceAll(/([aou])e/g, '$1')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** The word as it was typed and, if it has accents, without them. */
export function asTyped(word: string): string[] {
  const typed = word.normalize('NFC').replaceAll(/[’ʼ]/g, "'")
  return withoutAccents(typed) === typed.toLowerCase() ? [typed] : [typed, withoutAccents(typed)]
}

/**
 * The ways in which a word may be written in a record: without accents, with one of any kind, with two of the most common,
 * and with an umlaut for `ue` and the like. In lower case: Medplum's searches of text ignore case.
 *
 * @returns at most {@link MAX_SPELLINGS}, the likeliest first
 */
export function spellings(word: string): string[] {
  if (word.length > MAX_NAME) return asTyped(word.toLowerCase())
  const found = new Set([word.toLowerCase().normalize('NFC')])
  for (const spelling of variants(withoutAccents(word))) {
    if (found.size >= MAX_SPELLINGS) break
    found.add(spelling)
  }
  return [...found]
}

function* variants(bare: string): Generator<string> {
  yield bare
  for (const [digraph, letter] of DIGRAPHS) yield bare.replaceAll(digraph, letter)
  const letters = [...bare]
  for (const [at, letter] of letters.entries()) {
    for (const accented of ACCENTED[letter] ?? '') yield letters.with(at, accented).join('')
  }
  for (const [at, letter] of letters.entries()) {
    for (const one of common(letter)) {
      const first = letters.with(at, one)
      for (let further = at + 1; further < letters.length; further++) {
        for (const other of common(letters[further])) yield first.with(further, other).join('')
      }
    }
  }
}

const DIGRAPHS = [
  ['ae', 'ä'],
  ['oe', 'ö'],
  ['oe', 'ø'],
  ['ue', 'ü'],
  ['ss', 'ß'],
] as const

function common(letter: string | undefined): string {
  return (ACCENTED[letter ?? ''] ?? '').slice(0, 2)
}
