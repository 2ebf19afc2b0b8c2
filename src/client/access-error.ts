// Why a request was not sent: the granted access doesn't cover it.
import { ToldError } from '../base/told-error.ts'

/** A request that the connection's access doesn't cover. Nothing was sent. */
export class AccessError extends ToldError {
  override readonly name = 'AccessError'
}
