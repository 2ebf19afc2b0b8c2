// About how many tokens a text takes: written forms are compared by what a model has to read, not by their characters.

const [LETTER, CAPITAL, DIGIT, SIGN, SPACE] = [1, 2, 3, 4, 5]

/** Of the characters of ASCII; all others count as letters. */
const KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  if (/[a-z]/.test(char)) return LETTER
  if (/[A-Z]/.test(char)) return CAPITAL
  return /\d/.test(char) ? DIGIT : char === ' ' ? SPACE : SIGN
})
/** Characters of one kind that share a token. */
const SHARED = { [LETTER]: 7, [CAPITAL]: 7, [DIGIT]: 3, [SIGN]: 3 } as Record<number, number>

/** About the tokens of a text, as the tokenizers of current models have it: within a few percent for what records hold. */
export function tokensIn(text: string): number {
  let tokens = 0
  let kind = SPACE
  let run = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const next = code < 128 ? (KINDS[code] ?? LETTER) : LETTER
    const isSame = next === kind || (next === LETTER && kind === CAPITAL)
    kind = next
    // A space goes with the word after it.
    if (next === SPACE) continue
    if (isSame && run < (SHARED[next] ?? 1)) run++
    else {
      tokens++
      run = 1
    }
  }
  return tokens
}
