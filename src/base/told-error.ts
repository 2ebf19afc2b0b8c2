// Errors whose message is written for the model. The one boundary (src/tools/kit/register.ts) passes on their text; for any other error
// it gives only a report number.

/** An error that a model may read: it says what failed and what to do. */
export abstract class ToldError extends Error {
  abstract override readonly name: string
}

/** A wrong argument. The message is for the model: which argument, what is wrong, what a right one looks like. */
export class UserError extends ToldError {
  override readonly name = 'UserError'
}
