// How long what this server keeps is good for, and how people are told. docs/architecture.md has the same by key.

/** In minutes. */
export const MINUTES = {
  /** A question that waits for a person's decision. */
  question: 10,
  /** A sign-in on its way: consent, the login at Medplum, the code. The OAuth library has the same for its part. */
  signIn: 10,
  /** A person's sign-in at the pages of this server. */
  pages: 30,
  /** What an event stream has sent, for a client that resumes. */
  stream: 10,
} as const

/** The mark by which a browser is known again: the longest that browsers keep a cookie. */
export const BROWSER_DAYS = 400
