/** An entry of a sandbox's request log. In a file without Node imports, because tests in workerd use it too. */
export interface LoggedRequest {
  n: number
  method: string
  /** With the query. */
  path: string
  /** null until answered. */
  status: number | null
  userAgent: string | null
  /** SHA-256 of the bearer token, in hex. */
  authorization: string | null
  /** E-mail address. */
  user: string | null
  grantType?: string
  /** The client went away before the answer was complete. */
  aborted?: boolean
  headers: Record<string, string>
}
