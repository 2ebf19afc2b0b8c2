// Why a request didn't go out: what the person granted doesn't cover it.

/** A request that the connection's access doesn't cover. Nothing was sent. */
export class AccessError extends Error {
  override readonly name = 'AccessError'
}
