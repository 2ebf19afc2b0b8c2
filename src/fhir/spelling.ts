// The same name with and without its accents: Medplum compares letters as they are, people don't always write them.

/** A letter, and those that it stands for where accents are left out. The first of them are the most common in names. */
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

/** Letters that no decomposition takes apart. */
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

/** As many spellings of one word as a search is given at most. */
export const MAX_SPELLINGS = 120

/** The word in lower case and without accents: `müller` is `muller`. */
export function plain(word: string): string {
  const lower = word.toLowerCase().normalize('NFD').replaceAll(/\p{M}/gu, '')
  return lower.replaceAll(/[øłđðþßæœı’ʼ]/g, (letter) => WHOLE[letter] ?? letter)
}

/** A form that is the same for all spellings of a name: for comparing, not for showing or searching. */
export function folded(text: string): string {
  return plain(text.normalize('NFKC'))
    .replaceAll(/([aou])e/g, '$1')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** The word as it was typed and, where it has accents, without them. */
export function asTyped(word: string): string[] {
  const typed = word.normalize('NFC').replaceAll(/[’ʼ]/g, "'")
  return plain(typed) === typed.toLowerCase() ? [typed] : [typed, plain(typed)]
}

/**
 * The ways in which a word may be written in a record: without accents, with one of any kind, with two of the most common,
 * and with an umlaut for `ue` and the like. In lower case: Medplum's searches of text ignore case.
 */
export function spellings(word: string): string[] {
  const bare = plain(word)
  const letters = [...bare]
  const found = new Set([word.toLowerCase().normalize('NFC'), bare])
  for (const [digraph, letter] of [
    ['ae', 'ä'],
    ['oe', 'ö'],
    ['oe', 'ø'],
    ['ue', 'ü'],
    ['ss', 'ß'],
  ] as const) {
    found.add(bare.replaceAll(digraph, letter))
  }
  const put = (at: number, letter: string, into: string[]) => into.with(at, letter)
  letters.forEach((letter, at) => {
    for (const accented of ACCENTED[letter] ?? '') found.add(put(at, accented, letters).join(''))
  })
  const common = (letter: string) => (ACCENTED[letter] ?? '').slice(0, 2)
  letters.forEach((first, at) => {
    letters.slice(at + 1).forEach((second, further) => {
      for (const one of common(first)) {
        for (const other of common(second)) found.add(put(at + 1 + further, other, put(at, one, letters)).join(''))
      }
    })
  })
  return [...found].slice(0, MAX_SPELLINGS)
}
