// The findings of an examination.

export interface Finding {
  /** Name of the check. */
  check: string
  ok: boolean
  /** What was seen; with `ok` false, what is wrong. */
  found: string
  /** What to do; with `ok` false only. */
  fix?: string
}

export function healthy(check: string, found: string): Finding {
  return { check, ok: true, found }
}

export function fault(check: string, found: string, fix: string): Finding {
  return { check, ok: false, found, fix }
}

/** @param right whether it is correct; the fix is the same for every way in which it can be wrong */
export function verdict(check: string, right: boolean, said: { right: string; wrong: string; fix: string }): Finding {
  return right ? healthy(check, said.right) : fault(check, said.wrong, said.fix)
}

/** For problems that only the deployment's log can explain. */
export const SEE_LOG = 'See the log: npx wrangler tail.'

/** An answer's text, short enough for a line. */
export function brief(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 160)
}
